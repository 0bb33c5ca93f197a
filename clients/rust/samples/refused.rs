//! A server is away, and comes back on the same port.

use std::io::ErrorKind;

use tokio::net::TcpStream;

#[tokio::test]
async fn a_server_that_is_away_refuses() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();

    listener.refuse().await.unwrap();
    let error = TcpStream::connect(listener.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    listener.resume().await.unwrap();
    TcpStream::connect(listener.address()).await.unwrap();
    fixture.close().await.unwrap();
}
