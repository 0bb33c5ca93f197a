//! A server closes after it has answered: the client reads EOF.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_close_is_eof() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();

    let mut stream = TcpStream::connect(listener.address()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hello");

    let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
    let receipt = session.close().await.unwrap();
    assert_eq!(receipt.local(), Some(hangup::EndKind::Fin));

    assert_eq!(stream.read(&mut echo).await.unwrap(), 0);
    fixture.close().await.unwrap();
}
