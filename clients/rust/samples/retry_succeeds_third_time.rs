//! A server resets twice, and answers the third time: what a client that tries again has to come through.

use hangup::{Action, Behaviour, Plan, Trigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The code under test: asks, and asks again after an error.
async fn ask(address: &str, attempts: u32) -> std::io::Result<String> {
    let mut attempt = 1;
    loop {
        let answer = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"hello?").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok(answer)
        };
        match answer.await {
            Err(_) if attempt < attempts => attempt += 1,
            result => return result,
        }
    }
}

#[tokio::test]
async fn a_retry_succeeds_the_third_time() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture
        .listen()
        .behaviour(Behaviour::discard())
        .plan(Plan::for_next(2).step(Trigger::pattern("hello?"), Action::reset()))
        .plan(Plan::for_all().step(Trigger::pattern("hello?"), Action::last_data("recovered")))
        .await
        .unwrap();

    assert_eq!(ask(listener.address(), 3).await.unwrap(), "recovered");

    // It also says that each step of the plans has acted: there were two resets, and then an answer.
    fixture.close().await.unwrap();
}
