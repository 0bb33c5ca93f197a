//! Makes the Rust code of the contract: `generator <root of the repository> <folder for the code>`.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(root), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generator <root of the repository> <folder for the code>".into());
    };
    let mut files = contract(&root.join("proto/hangup/v1"))?;
    files.push(root.join("third_party/google/rpc/status.proto"));
    files.push(root.join("third_party/google/rpc/error_details.proto"));
    let descriptors = protox::compile(files, [root.join("proto"), root.join("third_party")])?;
    std::fs::create_dir_all(&out)?;
    let mut messages = prost_build::Config::new();
    // The examples of Google's files are no Rust, and doc tests would run them.
    messages.disable_comments([".google.rpc"]);
    tonic_prost_build::configure()
        .build_server(false)
        // `Client::connect` takes features of tonic that this crate does without.
        .build_transport(false)
        .out_dir(out)
        .compile_fds_with_config(descriptors, messages)?;
    Ok(())
}

/// The files of the contract, in one order on every machine.
fn contract(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|found| found.path())).collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "proto"));
    files.sort();
    Ok(files)
}
