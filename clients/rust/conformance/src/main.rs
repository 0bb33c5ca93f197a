//! Runs the scenarios: `conformance <scenarios.json> <root of the repository> <version of rustc>`. See
//! test/conformance/scenarios/README.md for what is read and printed.

mod contract;
mod peer;
mod seen;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use hangup::{Fixture, Listener, Session};
use serde_json::{json, Value};

use contract::Contract;
use peer::Peer;
use seen::Seen;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, root, version] = arguments.as_slice() else {
        return Err("usage: conformance <scenarios.json> <root of the repository> <version of rustc>".into());
    };
    let contract = Contract::read(root)?;
    let scenarios: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(list)?)?;
    println!("{}", json!({ "language": "rust", "version": version, "sockets": "std::net", "http": "reqwest" }));
    for scenario in &scenarios {
        let name = scenario["name"].as_str().ok_or("a scenario without a name")?;
        let steps = run(&contract, scenario).await.map_err(|error| format!("{name}: {error}"))?;
        println!("{}", json!({ "scenario": name, "steps": steps }));
    }
    Ok(())
}

/// What a scenario has made so far.
struct Stage<'a> {
    contract: &'a Contract,
    fixture: &'a Fixture,
    listener: Option<Listener>,
    server: Option<TcpListener>,
    peer: Option<Peer>,
    session: Option<Session>,
}

/// Runs one scenario, and gives what its reported steps saw. A step that nobody reports has to succeed.
async fn run(contract: &Contract, scenario: &Value) -> Result<Vec<Value>, Failure> {
    let fixture = hangup::fixture().await?;
    let listener = match scenario.get("listener") {
        Some(request) => Some(fixture.listen().request(contract.message("CreateListenerRequest", request)?).await?),
        None => None,
    };
    let mut stage = Stage { contract, fixture: &fixture, listener, server: None, peer: None, session: None };
    let mut reported = Vec::new();
    let mut failed = None;
    for step in scenario["steps"].as_array().ok_or("a scenario without steps")? {
        let (kind, argument) = step
            .as_object()
            .and_then(|fields| fields.iter().find(|(name, _)| *name != "expect"))
            .ok_or("a step that does nothing")?;
        let seen = stage.step(kind, argument).await;
        if step.get("expect").is_some() {
            let Seen { outcome, saw } = seen.unwrap_or_else(|error| Seen::other(&*error));
            reported.push(json!({ "step": kind, "outcome": outcome, "saw": saw }));
        } else if let Err(error) = seen {
            failed = failed.or(Some(format!("{kind}: {error}")));
        }
    }
    drop(stage);
    fixture.close().await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(reported),
    }
}

/// Where a step has no timeout of its own.
fn timeout_of(argument: &Value) -> Duration {
    Duration::from_millis(argument["timeoutMs"].as_u64().unwrap_or(5000))
}

impl Stage<'_> {
    async fn step(&mut self, kind: &str, argument: &Value) -> Result<Seen, Failure> {
        match kind {
            "connect" => Ok(match Peer::connect(&self.address()?, timeout_of(argument)) {
                Ok(peer) => {
                    self.peer = Some(peer);
                    Seen::ok("Ok(TcpStream)")
                }
                Err(error) => Seen::io_error(&error),
            }),
            "write" => Ok(self.peer()?.write(argument.as_str().ok_or("write what?")?)),
            "read" => Ok(self.peer()?.read(timeout_of(argument))),
            "close" => {
                self.session().await?;
                drop(self.peer.take());
                Ok(Seen::ok("Ok(())"))
            }
            "reset" => {
                self.session().await?;
                self.peer.take().ok_or("no connection")?.reset()?;
                Ok(Seen::ok("Ok(())"))
            }
            "perform" => {
                let action = self.contract.message("Action", argument)?;
                self.session().await?.perform(action).await?;
                Ok(Seen::ok("Ok(Receipt)"))
            }
            "wait" => {
                self.wait(argument).await?;
                Ok(Seen::ok("Ok(Session)"))
            }
            "receipt" => Ok(Seen::receipt(&self.session().await?.wait_ended().await?)),
            "httpGet" => {
                let url = format!("http://{}/", self.address()?);
                Ok(peer::get(&url, argument["attempts"].as_u64().unwrap_or(1)).await)
            }
            "serve" => {
                self.server = Some(TcpListener::bind("127.0.0.1:0")?);
                Ok(Seen::ok("Ok(TcpListener)"))
            }
            "dial" => {
                let server = self.server.as_ref().ok_or("nothing serves")?;
                self.session = Some(self.fixture.dial(server.local_addr()?).await?);
                self.peer = Some(Peer::accept(server)?);
                Ok(Seen::ok("Ok(Session)"))
            }
            _ => Err(format!("no such step: {kind}").into()),
        }
    }

    fn address(&self) -> Result<SocketAddr, Failure> {
        Ok(self.listener.as_ref().ok_or("no listener")?.address().parse()?)
    }

    fn peer(&mut self) -> Result<&mut Peer, Failure> {
        self.peer.as_mut().ok_or_else(|| "no connection".into())
    }

    /// The session of the connection: the one accepted with its local port, or dialed.
    async fn session(&mut self) -> Result<Session, Failure> {
        if self.session.is_none() {
            let listener = self.listener.clone().ok_or("no listener")?;
            self.session = Some(listener.accepted(self.peer()?.port()?).await?);
        }
        self.session.clone().ok_or_else(|| "no session".into())
    }

    /// WaitSession with any of its fields.
    async fn wait(&mut self, argument: &Value) -> Result<(), Failure> {
        let mut request: hangup::v1::WaitSessionRequest = self.contract.message("WaitSessionRequest", argument)?;
        request.scope = self.fixture.name().into();
        if request.ordinal == 0 {
            let session = self.session().await?;
            request.session = session.name().into();
            request.uid = session.uid().into();
        } else {
            request.listener = self.listener.as_ref().ok_or("no listener")?.name().into();
        }
        self.fixture.daemon().call(request).await?;
        Ok(())
    }
}
