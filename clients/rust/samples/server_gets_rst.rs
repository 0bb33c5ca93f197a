//! The server is under test: a client resets in the middle of a request.

use std::io::ErrorKind;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_gets_the_reset_of_its_client() {
    let fixture = hangup::fixture().await.unwrap();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();

    let session = fixture.dial(server.local_addr().unwrap()).await.unwrap();
    let (mut stream, _) = server.accept().await.unwrap();
    session.send("GET / HT").await.unwrap();
    let mut request = [0; 8];
    stream.read_exact(&mut request).await.unwrap();
    assert_eq!(&request, b"GET / HT");

    session.reset().await.unwrap();
    let error = stream.read(&mut request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    fixture.close().await.unwrap();
}
