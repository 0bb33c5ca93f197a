//! A server half-closes: the client reads EOF, and what it writes is still received. With the blocking sockets of std.

use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn after_a_half_close_the_other_direction_stays_open() {
    hangup::block_on(async {
        let fixture = hangup::fixture().await.unwrap();
        let listener = fixture.listen().await.unwrap();

        let mut stream = TcpStream::connect(listener.address()).unwrap();
        let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
        session.half_close().await.unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);

        stream.write_all(b"late").unwrap();
        session.wait().bytes_received(4).await.unwrap();

        drop(stream);
        let receipt = session.wait_ended().await.unwrap();
        assert_eq!(receipt.local(), Some(hangup::EndKind::Fin));
        assert_eq!(receipt.peer(), Some(hangup::EndKind::Fin));
        fixture.close().await.unwrap();
    });
}
