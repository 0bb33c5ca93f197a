use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::fixture::{Pending, Scope};
use crate::io;
use crate::session::{duration, Session};
use crate::v1::listener::{ResetOnAccept, State};
use crate::v1::session::{OnPeerFin, State as SessionState};
use crate::v1::{
    self, Behaviour, CreateListenerRequest, DeleteListenerRequest, DeleteListenerResponse, GetListenerRequest, Plan,
    SignalPlanRequest, UpdateListenerRequest, WaitSessionRequest,
};

/// A socket of the daemon that accepts connections, each a [`Session`].
#[derive(Clone)]
pub struct Listener(Arc<Inner>);

struct Inner {
    scope: Arc<Scope>,
    listener: v1::Listener,
    /// The uids of the sessions that `accepted` gave last, by the port of their peer.
    given: Mutex<HashMap<u16, String>>,
    /// The ordinal that `next` gave last.
    last_ordinal: tokio::sync::Mutex<u64>,
}

/// A listener to be: `fixture.listen().await`.
#[derive(Clone)]
#[must_use = "it listens when it is awaited"]
pub struct ListenBuilder {
    scope: Arc<Scope>,
    request: CreateListenerRequest,
}

impl ListenBuilder {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        let request = CreateListenerRequest { scope: scope.name.clone(), ..Default::default() };
        Self { scope, request }
    }

    /// Its name, unique in the fixture; the default is `listener-1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.request.name = name.into();
        self
    }

    /// The IP address to listen on, or `localhost`; the default is 127.0.0.1. `::` is IPv6 and IPv4.
    pub fn host(mut self, host: impl ToString) -> Self {
        self.request.host = host.to_string();
        self
    }

    /// The port; the default, 0, is a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.request.port = port.into();
        self
    }

    /// A unix socket at this absolute path, in place of TCP.
    pub fn unix_path(mut self, path: impl Into<String>) -> Self {
        self.request.unix_path = path.into();
        self
    }

    /// What its sessions do with bytes; the default is [echo](Behaviour::echo).
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.request.behaviour = Some(behaviour);
        self
    }

    /// One more plan: what shall become of the next of its connections, behind those of the plans before.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.request.plans.push(plan);
        self
    }

    /// What a client that connects meets; the default is LISTENING.
    pub fn state(mut self, state: State) -> Self {
        self.request.set_state(state);
        self
    }

    /// Whether connections are reset as soon as they are accepted, or at their first byte; the default is NEVER.
    pub fn reset_on_accept(mut self, when: ResetOnAccept) -> Self {
        self.request.set_reset_on_accept(when);
        self
    }

    /// What its sessions do at the peer's FIN; the default is to close too.
    pub fn on_peer_fin(mut self, what: OnPeerFin) -> Self {
        self.request.set_on_peer_fin(what);
        self
    }

    /// Connections that the kernel completes while nobody accepts them, less one; 0 to 4096, the default is 511.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.request.backlog = Some(backlog);
        self
    }

    /// SO_RCVBUF of its connections, in bytes; the default is the kernel's own.
    pub fn receive_buffer_bytes(mut self, bytes: u32) -> Self {
        self.request.receive_buffer_bytes = bytes;
        self
    }

    /// All that the contract can say, in place of what was said before; its scope is the fixture's.
    pub fn request(mut self, request: CreateListenerRequest) -> Self {
        self.request = CreateListenerRequest { scope: self.request.scope, ..request };
        self
    }
}

impl IntoFuture for ListenBuilder {
    type Output = Result<Listener>;
    type IntoFuture = Pending<Listener>;

    fn into_future(self) -> Pending<Listener> {
        Box::pin(async move {
            let listener = self.scope.call(self.request).await?.listener.unwrap_or_default();
            Ok(Listener(Arc::new(Inner {
                scope: self.scope,
                listener,
                given: Mutex::default(),
                last_ordinal: tokio::sync::Mutex::default(),
            })))
        })
    }
}

impl Listener {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.listener.name
    }

    /// Where to connect to: `127.0.0.1:41234`, `[::1]:41234` or `unix:/path`.
    pub fn address(&self) -> &str {
        &self.0.listener.address
    }

    /// The IP address that it is bound to; empty on a unix socket.
    pub fn host(&self) -> &str {
        &self.0.listener.host
    }

    /// The TCP port; 0 on a unix socket.
    pub fn port(&self) -> u16 {
        // The daemon got it from the kernel.
        u16::try_from(self.0.listener.port).unwrap_or_default()
    }

    /// As the daemon has it now: how many it has accepted, how far its plans are.
    pub async fn get(&self) -> Result<v1::Listener> {
        let request = GetListenerRequest { scope: self.scope_name(), listener: self.name().into() };
        Ok(self.0.scope.call(request).await?.listener.unwrap_or_default())
    }

    /// The session of the connection that has this local port on the test's side: `listener.accepted(port).await`. Waits
    /// for it, 5 s if not told otherwise.
    ///
    /// Ports come round again: a session that was given and has ended is not given a second time.
    ///
    /// # Errors
    ///
    /// `WAIT_TIMEOUT`, and `INVALID_REQUEST` for 0, the port of a socket that is not connected.
    pub fn accepted(&self, peer_port: u16) -> Accepted {
        Accepted { listener: self.clone(), which: Which::PeerPort(peer_port), timeout: Duration::from_secs(5) }
    }

    /// The session accepted after the one that the last call gave, the first one at first: `listener.next().await`. Waits
    /// for it, 5 s if not told otherwise.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&self) -> Accepted {
        Accepted { listener: self.clone(), which: Which::Next, timeout: Duration::from_secs(5) }
    }

    /// Clients meet ECONNREFUSED from now on; the port is held.
    pub async fn refuse(&self) -> Result<()> {
        self.meet(State::Refusing).await
    }

    /// Clients get no answer from now on; in the end they meet ETIMEDOUT.
    pub async fn stall(&self) -> Result<()> {
        self.meet(State::Stalled).await
    }

    /// Clients are accepted again.
    pub async fn resume(&self) -> Result<()> {
        self.meet(State::Listening).await
    }

    async fn meet(&self, state: State) -> Result<()> {
        let mut request = UpdateListenerRequest {
            scope: self.scope_name(),
            listener: self.name().into(),
            uid: self.0.listener.uid.clone(),
            ..Default::default()
        };
        request.set_state(state);
        self.0.scope.call(request).await.map(drop)
    }

    /// Fires a signal for its sessions, those to come too.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_SIGNAL` when no plan of it names it.
    pub async fn signal(&self, name: impl Into<String>) -> Result<()> {
        let request = SignalPlanRequest {
            scope: self.scope_name(),
            listener: self.name().into(),
            signal: name.into(),
            ..Default::default()
        };
        self.0.scope.call(request).await.map(drop)
    }

    /// Deletes it, and resets its sessions. Tells how all of them ended, and what became of its plans.
    pub async fn close(&self) -> Result<DeleteListenerResponse> {
        let request = DeleteListenerRequest {
            scope: self.scope_name(),
            listener: self.name().into(),
            uid: self.0.listener.uid.clone(),
            ..Default::default()
        };
        self.0.scope.call(request).await
    }

    fn scope_name(&self) -> String {
        self.0.scope.name.clone()
    }

    async fn session_with(&self, mut request: WaitSessionRequest, timeout: Duration) -> Result<v1::Session> {
        request.scope = self.scope_name();
        request.listener = self.name().into();
        request.timeout = Some(duration(timeout));
        Ok(self.0.scope.call(request).await?.session.unwrap_or_default())
    }

    async fn session_of_port(&self, port: u16, timeout: Duration) -> Result<v1::Session> {
        // To the daemon it is no port at all: any session would do.
        if port == 0 {
            return Err(Error::new(
                Code::InvalidArgument,
                "INVALID_REQUEST",
                "accepted(0): the socket has no local port: it is not connected yet, or closed already; keep the number",
            ));
        }
        let begun = Instant::now();
        let of_port = WaitSessionRequest { peer_port: port.into(), ..Default::default() };
        let mut session = self.session_with(of_port.clone(), timeout).await?;
        let was_given = |session: &v1::Session| self.given().get(&port) == Some(&session.uid);
        if !is_over(&session) && was_given(&session) {
            // It may be of an earlier connection: of one that is not read, such as a silent one, the daemon notices the end
            // late. Asked for a state it looks at the connection itself; then of the port it gives the one that lives.
            let look = WaitSessionRequest { uid: session.uid, state: session.state, ..Default::default() };
            let _ = self.session_with(look, Duration::ZERO).await;
            session = self.session_with(of_port.clone(), timeout.saturating_sub(begun.elapsed())).await?;
        }
        if is_over(&session) {
            // It may be of an earlier connection from that port. If it was given before, it is. If not, one that came later
            // has been accepted by now: the connection was in the kernel's queue before the daemon read the first request.
            let known = was_given(&session);
            let left = if known { timeout.saturating_sub(begun.elapsed()) } else { Duration::ZERO };
            let later = WaitSessionRequest { opened_after_sequence: Some(session.opened_sequence), ..of_port };
            match self.session_with(later, left).await {
                Err(error) if !known && error.reason() == "WAIT_TIMEOUT" => {}
                later => session = later?,
            }
        }
        self.given().insert(port, session.uid.clone());
        Ok(session)
    }

    fn given(&self) -> std::sync::MutexGuard<'_, HashMap<u16, String>> {
        self.0.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection is over, for the daemon or for the kernel, which knows it first.
fn is_over(session: &v1::Session) -> bool {
    session.ended || matches!(session.state(), SessionState::Closed | SessionState::TimeWait)
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Listener({} at {})", self.name(), self.address())
    }
}

/// The wait for a session that a listener accepts.
#[derive(Clone, Debug)]
#[must_use = "it waits when it is awaited"]
pub struct Accepted {
    listener: Listener,
    which: Which,
    timeout: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    PeerPort(u16),
    Next,
}

impl Accepted {
    /// How long to wait, up to 10 minutes; the default is 5 s. Past it: `WAIT_TIMEOUT`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn session(self) -> Result<Session, Error> {
        let Self { listener, which, timeout } = self;
        let session = match which {
            Which::PeerPort(port) => listener.session_of_port(port, timeout).await?,
            Which::Next => {
                let begun = Instant::now();
                // Held while it waits, so that two that ask at once are given two.
                let Some(mut last) = io::within(timeout, listener.0.last_ordinal.lock()).await else {
                    let message = format!("no such session within {timeout:?}: another next() waits for one before it");
                    return Err(Error::new(Code::DeadlineExceeded, "WAIT_TIMEOUT", message));
                };
                let request = WaitSessionRequest { ordinal: *last + 1, ..Default::default() };
                // In whole milliseconds, so that a timeout of which nothing is used up is the daemon's own words.
                let waited = Duration::from_millis(begun.elapsed().as_millis() as u64);
                let session = listener.session_with(request, timeout.saturating_sub(waited)).await?;
                *last += 1;
                session
            }
        };
        Ok(Session::new(listener.0.scope.clone(), session.name, session.uid))
    }
}

impl IntoFuture for Accepted {
    type Output = Result<Session>;
    type IntoFuture = Pending<Session>;

    fn into_future(self) -> Pending<Session> {
        Box::pin(self.session())
    }
}
