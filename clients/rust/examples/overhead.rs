//! What a call through the client costs beside the bare stub: rounds of cycles by each, in turn, in one process and on one
//! daemon. A cycle is a connection, its session, its reset, and ECONNRESET seen by the peer.
//! `overhead <version of rustc>` prints one line of JSON.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hangup::v1::session_service_client::SessionServiceClient;
use hangup::v1::{ResetSessionRequest, WaitSessionRequest};
use hangup::Listener;
use tonic::transport::{Channel, Endpoint};

const ROUNDS: usize = 40;
const CYCLES: usize = 50;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let version = std::env::args().nth(1).ok_or("usage: overhead <version of rustc>")?;
    let fixture = hangup::fixture().await?;
    let listener = fixture.listen().await?;
    // A listener of its own: a bare wait takes the ended session of a port that comes round again for the new one.
    let for_stub = fixture.listen().await?;
    let address = fixture.daemon().address();
    let uri = if address.starts_with("unix:") { address.to_owned() } else { format!("http://{address}") };
    let mut stub = SessionServiceClient::new(Endpoint::from_shared(uri)?.connect().await?);

    let (mut by_client, mut by_stub) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (mut client_round, mut stub_round) = (Vec::new(), Vec::new());
        for _ in 0..CYCLES {
            client_round.push(client_cycle(&listener).await?);
        }
        for _ in 0..CYCLES {
            stub_round.push(stub_cycle(&mut stub, fixture.name(), &for_stub).await?);
        }
        // The first is to warm up.
        if round > 0 {
            by_client.append(&mut client_round);
            by_stub.append(&mut stub_round);
        }
    }
    fixture.close().await?;
    println!(
        r#"{{"language":"rust","version":"{version}","cycles":{},"clientMicros":{},"stubMicros":{},"via":"control stream"}}"#,
        ROUNDS * CYCLES,
        median(by_client),
        median(by_stub),
    );
    Ok(())
}

async fn client_cycle(listener: &Listener) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(listener.address())?;
    listener.accepted(stream.local_addr()?.port()).await?.reset().await?;
    see_reset(&mut stream)?;
    Ok(begun.elapsed())
}

async fn stub_cycle(
    stub: &mut SessionServiceClient<Channel>,
    scope: &str,
    listener: &Listener,
) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(listener.address())?;
    let wait = WaitSessionRequest {
        scope: scope.into(),
        listener: listener.name().into(),
        peer_port: stream.local_addr()?.port().into(),
        ..Default::default()
    };
    let session = stub.wait_session(wait).await?.into_inner().session.ok_or("no session")?;
    let reset = ResetSessionRequest { scope: scope.into(), session: session.name, uid: session.uid };
    stub.reset_session(reset).await?;
    see_reset(&mut stream)?;
    Ok(begun.elapsed())
}

fn see_reset(stream: &mut TcpStream) -> Result<(), Failure> {
    match stream.read(&mut [0]) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
        other => Err(format!("not ECONNRESET: {other:?}").into()),
    }
}

fn median(mut times: Vec<Duration>) -> u128 {
    times.sort();
    times[times.len() / 2].as_micros()
}
