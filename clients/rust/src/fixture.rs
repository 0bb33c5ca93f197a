use std::fmt;
use std::future::{Future, IntoFuture};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::control::MESSAGE_BYTES;
use crate::daemon::{daemon, Daemon};
use crate::error::{Code, Error, Result};
use crate::events::EventsBuilder;
use crate::io::{self, Task};
use crate::listener::ListenBuilder;
use crate::request::Request;
use crate::session::{DialBuilder, Session};
use crate::v1::scope_service_client::ScopeServiceClient;
use crate::v1::{DeleteScopeRequest, HoldScopeRequest, ScopeReport, SignalPlanRequest};

/// What the builders become when they are awaited.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// What one test holds: a scope of its own on the daemon, with listeners and sessions that no other test sees.
///
/// It ends, with all that is in it, by [`close`](Self::close) or when it is dropped, and with the process, however that
/// ends. Then a step of a plan that did not act on a connection it was for is a fault that did not happen, and an error:
/// `close` returns it, and the drop **panics** with it, unless the thread panics already; then it is printed. A drop waits
/// for the daemon, some milliseconds. [`FixtureBuilder::allow_never_fired`] lets such steps pass.
#[must_use = "the scope ends when the fixture is dropped"]
pub struct Fixture {
    scope: Arc<Scope>,
    allow_never_fired: bool,
    /// The stream that holds the scope; taken when the scope is ended.
    hold: Option<Task>,
}

/// A scope by its name, on its daemon.
pub(crate) struct Scope {
    pub(crate) daemon: Daemon,
    pub(crate) name: String,
    uid: String,
    /// The fixture has been closed, or dropped.
    ended: AtomicBool,
}

/// A fixture to be: `hangup::fixture().await`.
#[derive(Clone, Debug)]
#[must_use = "it is made when it is awaited"]
pub struct FixtureBuilder {
    daemon: Option<Daemon>,
    name: Option<String>,
    test: String,
    allow_never_fired: bool,
}

/// A fixture on the daemon that the tests of this process share: `hangup::fixture().await`.
///
/// # Errors
///
/// Those of [`daemon()`], and `TOO_MANY_SCOPES`.
pub fn fixture() -> FixtureBuilder {
    FixtureBuilder {
        daemon: None,
        name: None,
        // `cargo test` names the thread of a test after it.
        test: thread::current().name().unwrap_or_default().to_owned(),
        allow_never_fired: false,
    }
}

/// Runs the body of a test that returns `Result` with a fixture, closes it, and fails the test by a panic that says all:
/// the body's error, and the steps of plans that never fired.
///
/// A fixture that is dropped by an early `?` panics if a step never fired, and that hides the error; this does not.
///
/// ```no_run
/// #[tokio::test]
/// async fn a_reset() {
///     hangup::test(async |fixture| {
///         let listener = fixture.listen().await?;
///         let stream = tokio::net::TcpStream::connect(listener.address()).await?;
///         listener.accepted(stream.local_addr()?.port()).await?.reset().await?;
///         Ok::<_, Box<dyn std::error::Error>>(())
///     })
///     .await;
/// }
/// ```
///
/// # Panics
///
/// If the body returns an error, no fixture can be had, or a step never fired.
pub async fn test<T, E: fmt::Display>(body: impl AsyncFnOnce(&Fixture) -> Result<T, E>) -> T {
    let fixture = match fixture().await {
        Ok(fixture) => fixture,
        Err(error) => panic!("{error}"),
    };
    let result = body(&fixture).await;
    match (result, fixture.close().await) {
        (Ok(value), Ok(_)) => value,
        (Ok(_), Err(error)) => panic!("{error}"),
        (Err(error), Ok(_)) => panic!("{error}"),
        (Err(error), Err(at_close)) => panic!("{error}\nand at the end of the fixture: {at_close}"),
    }
}

impl FixtureBuilder {
    /// On this daemon, in place of the shared one.
    pub fn on(mut self, daemon: &Daemon) -> Self {
        self.daemon = Some(daemon.clone());
        self
    }

    /// The name of its scope: 1 to 63 letters, digits, `.`, `_` or `-`, beginning with a letter or digit. The default is
    /// the test's name and something random. A name that two fixtures share is one scope, and ends with the first of them.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Steps of plans that never fired are no error.
    pub fn allow_never_fired(mut self) -> Self {
        self.allow_never_fired = true;
        self
    }
}

impl IntoFuture for FixtureBuilder {
    type Output = Result<Fixture>;
    type IntoFuture = Pending<Fixture>;

    fn into_future(self) -> Pending<Fixture> {
        Box::pin(async move {
            let daemon = match self.daemon {
                Some(daemon) => daemon,
                None => daemon().await?.clone(),
            };
            let name = self.name.unwrap_or_else(|| unique_name(&self.test));
            let (scope, hold) = hold(daemon, name).await?;
            Ok(Fixture { scope: Arc::new(scope), allow_never_fired: self.allow_never_fired, hold: Some(hold) })
        })
    }
}

/// How long a scope may take to begin, and to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Holds a scope until the task is dropped.
async fn hold(daemon: Daemon, name: String) -> Result<(Scope, Task)> {
    let (held, is_held) = oneshot::channel();
    let address = daemon.address().to_owned();
    let hold = io::task(async move {
        let mut client = ScopeServiceClient::new(daemon.channel()).max_decoding_message_size(MESSAGE_BYTES);
        let request = daemon.request(HoldScopeRequest { scope: name, ..Default::default() });
        let begin = async {
            let mut stream = client.hold_scope(request).await?.into_inner();
            let first = stream.message().await?;
            let scope = first.and_then(|first| first.scope);
            let scope = scope.ok_or_else(|| tonic::Status::unavailable("the stream that holds the scope ended"))?;
            Ok::<_, tonic::Status>((scope, stream))
        };
        match begin.await {
            Err(status) => drop(held.send(Err(daemon.error(&status)))),
            Ok((scope, mut stream)) => {
                let _ = held.send(Ok(Scope { daemon, name: scope.name, uid: scope.uid, ended: false.into() }));
                // Until the scope ends. DeleteScope gives the report, and the calls tell when the daemon has ended.
                while let Ok(Some(_)) = stream.message().await {}
            }
        }
    });
    match io::within(PATIENCE, is_held).await {
        Some(Ok(scope)) => Ok((scope?, hold)),
        Some(Err(_)) => Err(Error::new(Code::Internal, "BUG", "the stream that holds the scope panicked")),
        None => Err(Error::new(
            Code::DeadlineExceeded,
            "NO_ANSWER",
            format!("the daemon at {address} did not answer within {PATIENCE:?}: is it stopped?"),
        )),
    }
}

/// `module.test-9f86d081`: what a scope's name may be, and no other's on a daemon that many processes share.
fn unique_name(test: &str) -> String {
    let allowed: String = test
        .replace("::", ".")
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' })
        .collect();
    let end = &allowed[allowed.len().saturating_sub(46)..];
    let begun = end.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let name = if begun.is_empty() { "test" } else { begun };
    format!("{name}-{:016x}", RandomState::new().build_hasher().finish())
}

impl Fixture {
    /// The name of its scope.
    pub fn name(&self) -> &str {
        &self.scope.name
    }

    /// The daemon that it is on.
    pub fn daemon(&self) -> &Daemon {
        &self.scope.daemon
    }

    /// A listener that has accepted nothing yet: `fixture.listen().await`. A free port on 127.0.0.1 and echo, if not told
    /// otherwise.
    pub fn listen(&self) -> ListenBuilder {
        ListenBuilder::new(self.scope.clone())
    }

    /// A session that the daemon opens to the test's own server: `fixture.dial("127.0.0.1:8080").await`. What the server
    /// sends waits for [`Session::receive`], if not told otherwise.
    pub fn dial(&self, address: impl ToString) -> DialBuilder {
        DialBuilder::new(self.scope.clone(), address.to_string())
    }

    /// A session by its name: `echo/1` for the first connection that the listener `echo` accepted. It need not exist yet.
    pub fn session(&self, name: impl Into<String>) -> Session {
        Session::new(self.scope.clone(), name.into(), String::new())
    }

    /// The stream of the events of the scope: `fixture.events().await`.
    pub fn events(&self) -> EventsBuilder {
        EventsBuilder::new(self.scope.clone())
    }

    /// Fires a signal for all sessions of the scope, those to come too.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_SIGNAL` when no plan names it.
    pub async fn signal(&self, name: impl Into<String>) -> Result<()> {
        let request = SignalPlanRequest { scope: self.name().into(), signal: name.into(), ..Default::default() };
        self.scope.call(request).await.map(drop)
    }

    /// Ends the scope: its listeners are deleted, its sessions reset. The report tells what it was.
    ///
    /// # Errors
    ///
    /// `NEVER_FIRED`, with the [report](Error::report), where a step of a plan did not act on a connection it was for, or
    /// a plan had none, unless that is [allowed](FixtureBuilder::allow_never_fired).
    pub async fn close(mut self) -> Result<ScopeReport> {
        let hold = self.hold.take();
        let report = self.scope.clone().end(self.allow_never_fired).await;
        drop(hold);
        report
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // Taken by `close`.
        let Some(hold) = self.hold.take() else { return };
        let (end, ended) = mpsc::channel();
        let (scope, allow_never_fired) = (self.scope.clone(), self.allow_never_fired);
        io::spawn(async move {
            let _ = end.send(scope.end(allow_never_fired).await);
            drop(hold);
        });
        // By `call` it is an error itself when the daemon does not answer.
        let Ok(Err(error)) = ended.recv() else { return };
        if thread::panicking() {
            eprintln!("at the end of the fixture {}: {error}", self.scope.name);
        } else {
            panic!("at the end of the fixture {}: {error}", self.scope.name);
        }
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Fixture").field(&self.scope.name).finish()
    }
}

impl Scope {
    pub(crate) async fn call<R: Request>(&self, request: R) -> Result<R::Response> {
        self.daemon.call(request).await
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    async fn end(self: Arc<Self>, allow_never_fired: bool) -> Result<ScopeReport> {
        self.ended.store(true, Ordering::Relaxed);
        let request = DeleteScopeRequest { scope: self.name.clone(), uid: self.uid.clone() };
        let report = self.call(request).await?.report.unwrap_or_default();
        let never_fired = report.never_fired();
        if allow_never_fired || never_fired.is_empty() {
            return Ok(report);
        }
        let message = format!("steps of plans never fired:\n  {}", never_fired.join("\n  "));
        Err(Error::new(Code::FailedPrecondition, "NEVER_FIRED", message).with_report(report))
    }
}
