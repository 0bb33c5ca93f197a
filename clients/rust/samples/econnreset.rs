//! A server resets: the client gets ECONNRESET.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_reset_is_econnreset() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();

    let mut stream = TcpStream::connect(listener.address()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).await.unwrap();

    let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
    let receipt = session.reset().await.unwrap();
    assert_eq!(receipt.local(), Some(hangup::EndKind::Rst));

    let error = stream.read(&mut echo).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    fixture.close().await.unwrap();
}
