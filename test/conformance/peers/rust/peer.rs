// A peer by Rust's std::net: see ../README.md.
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn text<T: std::fmt::Debug>(result: io::Result<T>) -> String {
    match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(error) => format!("{:?}: {}", error.kind(), error),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let order = if args[2] == "read" { ["read", "read", "write"] } else { ["write", "write", "read"] };
    let address = args[1].parse().expect("an address");
    let second = Duration::from_secs(1);
    let mut stream = match TcpStream::connect_timeout(&address, second) {
        Ok(stream) => stream,
        Err(error) => {
            println!("{{\"connect\":{:?},\"calls\":[]}}", format!("{:?}: {}", error.kind(), error));
            return;
        }
    };
    stream.set_read_timeout(Some(second)).expect("a timeout");
    stream.write_all(b"hello").expect("hello");
    io::stdin().read_line(&mut String::new()).expect("a line");
    let said: Vec<String> = order
        .iter()
        .map(|name| {
            let gave = if *name == "read" { text(stream.read(&mut [0; 4096])) } else { text(stream.write(b"x")) };
            format!("[{name:?},{gave:?}]")
        })
        .collect();
    println!("{{\"connect\":\"connected\",\"calls\":[{}]}}", said.join(","));
}
