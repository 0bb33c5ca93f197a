//! The program's side of a connection: the blocking sockets of std, and reqwest.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::seen::Seen;

pub struct Peer(TcpStream);

impl Peer {
    pub fn connect(address: &SocketAddr, timeout: Duration) -> io::Result<Self> {
        TcpStream::connect_timeout(address, timeout).map(Self)
    }

    /// The connection that the daemon has dialed already, so that this does not block.
    pub fn accept(server: &TcpListener) -> io::Result<Self> {
        server.accept().map(|(stream, _)| Self(stream))
    }

    pub fn port(&self) -> io::Result<u16> {
        self.0.local_addr().map(|address| address.port())
    }

    pub fn write(&mut self, text: &str) -> Seen {
        match self.0.write(text.as_bytes()) {
            Ok(bytes) => Seen::ok(&format!("Ok({bytes})")),
            Err(error) => Seen::io_error(&error),
        }
    }

    pub fn read(&mut self, timeout: Duration) -> Seen {
        let mut buffer = vec![0; 64 << 10];
        let read = self.0.set_read_timeout(Some(timeout)).and_then(|()| self.0.read(&mut buffer));
        match read {
            Ok(0) => Seen::new("EOF", "Ok(0)"),
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&buffer[..bytes]);
                Seen::new(format!("DATA {text}"), format!("Ok({bytes}), {text:?}"))
            }
            Err(error) => Seen::io_error(&error),
        }
    }

    pub fn reset(self) -> io::Result<()> {
        socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO))
    }
}

/// One GET after another, until one succeeds.
pub async fn get(url: &str, attempts: u64) -> Seen {
    let mut attempt = 1;
    loop {
        let answer = async {
            let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
            let response = client.get(url).send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.text().await?))
        };
        match answer.await {
            Ok((status, body)) => {
                return Seen::new(format!("HTTP {} {body}", status.as_u16()), format!("Ok({status}), {body:?}"));
            }
            Err(_) if attempt < attempts => attempt += 1,
            Err(error) => return Seen::http_error(&error),
        }
    }
}
