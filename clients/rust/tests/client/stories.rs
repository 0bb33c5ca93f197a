//! Tests as processes of their own: with another environment, or another end.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Where the command of this checkout is.
pub fn command() -> String {
    format!("node {}", root().join("bin/hangup.cjs").display())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Set in the process of a story: `cargo test -- --ignored` tells none.
const TOLD: &str = "HANGUP_TEST_STORY";

pub fn is_told() -> bool {
    std::env::var_os(TOLD).is_some()
}

/// A story to be told in a process that has nothing of this one's settings.
pub fn process(story: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["HANGUP_ADDRESS", "HANGUP_COMMAND", "HANGUP_TOKEN", "HANGUP_TOKEN_FILE"] {
        command.env_remove(name);
    }
    command.env(TOLD, "1");
    command.args(["--ignored", "--exact", "--nocapture", "--test-threads=1", story]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Says a fact to whoever runs the story. Long enough that no test prints it by chance.
pub fn say(fact: impl std::fmt::Display) {
    println!("\nthe story says: {fact}");
}

/// The first fact that a story says.
pub fn first_fact(child: &mut Child) -> String {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    while stdout.read_line(&mut told).unwrap() > 0 {
        if let Some((_, fact)) = told.trim_end().split_once("the story says: ") {
            let fact = fact.to_owned();
            // What else it prints has to go somewhere.
            std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
            return fact;
        }
    }
    panic!("the story said nothing:\n{told}");
}

/// Runs a story to its end, and gives the fact that it says.
pub fn tell(mut process: Command) -> String {
    let mut child = process.spawn().unwrap();
    let fact = first_fact(&mut child);
    child.wait().unwrap();
    fact
}

/// A folder for one test, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("hangup-rust-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A file of it that can be run.
    pub fn script(&self, name: &str, lines: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let file = self.0.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{lines}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A daemon other than the shared one. It ends when its standard input does.
pub struct OwnDaemon(Child);

impl OwnDaemon {
    /// Starts it, with the arguments of `hangup serve`, and waits for its ready line.
    pub fn serve(arguments: &[&str]) -> (Self, String) {
        let line = command();
        let words: Vec<&str> = line.split(' ').collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--exit-with-stdin"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let (_, rest) = ready.split_once("\"address\":\"").unwrap_or_else(|| panic!("not ready: {ready}"));
        let address = rest.split('"').next().unwrap().to_owned();
        (Self(child), address)
    }
}

impl Drop for OwnDaemon {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
