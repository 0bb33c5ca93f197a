use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::fixture::{Pending, Scope};
use crate::v1::session::{OnPeerFin, State, View};
use crate::v1::wait_session_request::Condition;
use crate::v1::{
    self, send_data_request, Action, Behaviour, CloseSessionRequest, GetSessionRequest, HalfCloseSessionRequest,
    OpenSessionRequest, PerformActionRequest, Plan, Receipt, ReceiveDataRequest, ReceiveDataResponse,
    ResetSessionRequest, SendDataRequest, SignalPlanRequest, WaitSessionRequest,
};

/// One connection, by its name: accepted by a [`Listener`](crate::Listener), or dialed.
///
/// Commands take effect in the order in which they are sent, each in the moment of its arrival. They never hit a later
/// connection of the same name, except those of [`Fixture::session`](crate::Fixture::session), which is whichever lives.
#[derive(Clone)]
pub struct Session {
    scope: Arc<Scope>,
    name: String,
    /// Empty: whichever lives.
    uid: String,
}

/// The contract's duration. What is too long for it is an error of the daemon.
pub(crate) fn duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(duration).unwrap_or(prost_types::Duration { seconds: i64::MAX, nanos: 0 })
}

impl Session {
    pub(crate) fn new(scope: Arc<Scope>, name: String, uid: String) -> Self {
        Self { scope, name, uid }
    }

    /// Its name: `echo/1` for the first that the listener `echo` accepted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells two lives of one name apart; empty where it was asked for by name.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// As the daemon has it now, with the kernel's view.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_SESSION`, and `UID_MISMATCH` where a later connection has the name by now.
    pub async fn get(&self) -> Result<v1::Session> {
        let (scope, session, uid) = self.target();
        let request = GetSessionRequest { scope, session, view: View::Full.into() };
        let session = self.scope.call(request).await?.session.unwrap_or_default();
        // The request has no guard of its own.
        if !uid.is_empty() && uid != session.uid {
            let message =
                format!("{} has uid {} by now, not {uid}: it is another connection", session.name, session.uid);
            return Err(Error::new(Code::FailedPrecondition, "UID_MISMATCH", message));
        }
        Ok(session)
    }

    /// Orderly release: FIN after all that was sent. Done when the call returns: the peer reads EOF.
    ///
    /// # Errors
    ///
    /// `ALREADY_CLOSED`, `SESSION_ENDED`, and `FLUSH_TIMEOUT` if what was sent before is not taken within 5 s.
    pub async fn close(&self) -> Result<Receipt> {
        let (scope, session, uid) = self.target();
        let request = CloseSessionRequest { scope, session, uid, ..Default::default() };
        Ok(self.scope.call(request).await?.receipt.unwrap_or_default())
    }

    /// FIN, and reading goes on. Done when the call returns: the peer reads EOF, and what it writes is received.
    ///
    /// # Errors
    ///
    /// `FIN_ALREADY_SENT`, `SESSION_ENDED`, and `FLUSH_TIMEOUT` if what was sent before is not taken within 5 s.
    pub async fn half_close(&self) -> Result<Receipt> {
        let (scope, session, uid) = self.target();
        let request = HalfCloseSessionRequest { scope, session, uid, ..Default::default() };
        Ok(self.scope.call(request).await?.receipt.unwrap_or_default())
    }

    /// Abortive release: RST. Done when the call returns: the peer's next read or write gives ECONNRESET.
    ///
    /// # Errors
    ///
    /// `SESSION_ENDED`, and `RESET_IMPOSSIBLE` where both FINs are under way.
    pub async fn reset(&self) -> Result<Receipt> {
        let (scope, session, uid) = self.target();
        let request = ResetSessionRequest { scope, session, uid };
        Ok(self.scope.call(request).await?.receipt.unwrap_or_default())
    }

    /// Performs any [`Action`]. Gives the receipt so far, once one side has sent FIN or RST.
    ///
    /// # Errors
    ///
    /// Those of the action: `SESSION_ENDED`, `WRONG_STATE`, `ACTION_UNAVAILABLE` where the machine lacks something, ...
    pub async fn perform(&self, action: Action) -> Result<Option<Receipt>> {
        let (scope, session, uid) = self.target();
        let request = PerformActionRequest { scope, session, uid, action: Some(action), ..Default::default() };
        Ok(self.scope.call(request).await?.receipts.into_iter().next())
    }

    /// Sends bytes, 1 to 1 MiB. Returns when the last of them has been handed to the kernel.
    ///
    /// # Errors
    ///
    /// `FIN_ALREADY_SENT`, `SESSION_ENDED`, and `FLUSH_TIMEOUT` if the peer does not read within 5 s.
    pub async fn send(&self, data: impl AsRef<[u8]>) -> Result<()> {
        let (scope, session, uid) = self.target();
        let payload = Some(send_data_request::Payload::Data(data.as_ref().to_vec()));
        let request = SendDataRequest { scope, session, uid, payload, flush_timeout: None };
        self.scope.call(request).await.map(drop)
    }

    /// Takes bytes that the peer sent, where the behaviour is manual: `session.receive().await` gives whatever comes,
    /// within 5 s, if not told otherwise.
    pub fn receive(&self) -> Receive {
        let (scope, session, uid) = self.target();
        let request = ReceiveDataRequest { scope, session, uid, ..Default::default() };
        Receive { scope: self.scope.clone(), request }
    }

    /// Waits until all that is asked holds at once: `session.wait().peer_fin().await`. Within 5 s, if not told otherwise.
    pub fn wait(&self) -> Wait {
        let (scope, session, uid) = self.target();
        let request = WaitSessionRequest { scope, session, uid, ..Default::default() };
        Wait { scope: self.scope.clone(), request }
    }

    /// Waits until it has ended, 5 s at most. The receipt is final.
    ///
    /// # Errors
    ///
    /// `WAIT_TIMEOUT`, with the session as it was seen last.
    pub async fn wait_ended(&self) -> Result<Receipt> {
        Ok(self.wait().ended().await?.receipt.unwrap_or_default())
    }

    /// Fires the step of its plan that waits for this signal.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_SIGNAL` when its plan does not name it.
    pub async fn signal(&self, name: impl Into<String>) -> Result<()> {
        let (scope, session, _) = self.target();
        let request = SignalPlanRequest { scope, session, signal: name.into(), ..Default::default() };
        self.scope.call(request).await.map(drop)
    }

    fn target(&self) -> (String, String, String) {
        (self.scope.name.clone(), self.name.clone(), self.uid.clone())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Session").field(&self.name).finish()
    }
}

/// The wait for bytes of the peer.
#[derive(Clone)]
#[must_use = "it waits when it is awaited"]
pub struct Receive {
    scope: Arc<Scope>,
    request: ReceiveDataRequest,
}

impl Receive {
    /// Wait for so many bytes, or for the end of the stream; the default is 1.
    pub fn at_least(mut self, bytes: u32) -> Self {
        self.request.min_bytes = bytes;
        self
    }

    /// Take at most so many; the default is 1 MiB.
    pub fn at_most(mut self, bytes: u32) -> Self {
        self.request.max_bytes = bytes;
        self
    }

    /// How long to wait, up to 10 minutes; the default is 5 s. Past it: `RECEIVE_TIMEOUT`, and nothing is taken.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(duration(timeout));
        self
    }
}

impl IntoFuture for Receive {
    type Output = Result<ReceiveDataResponse>;
    type IntoFuture = Pending<ReceiveDataResponse>;

    fn into_future(self) -> Pending<ReceiveDataResponse> {
        Box::pin(async move { self.scope.call(self.request).await })
    }
}

/// The wait for facts of a session. What holds already is answered at once.
#[derive(Clone)]
#[must_use = "it waits when it is awaited"]
pub struct Wait {
    scope: Arc<Scope>,
    request: WaitSessionRequest,
}

impl Wait {
    /// Until it has ended, and its receipt is final.
    pub fn ended(self) -> Self {
        self.condition(Condition::Ended)
    }

    /// Until the peer's FIN has come.
    pub fn peer_fin(self) -> Self {
        self.condition(Condition::PeerFin)
    }

    /// Until the peer's RST has come.
    pub fn peer_rst(self) -> Self {
        self.condition(Condition::PeerRst)
    }

    fn condition(mut self, condition: Condition) -> Self {
        self.request.set_condition(condition);
        self
    }

    /// Until at least so many bytes of the peer were read.
    pub fn bytes_received(mut self, bytes: u64) -> Self {
        self.request.bytes_received = bytes;
        self
    }

    /// Until at least so many bytes were handed to the kernel.
    pub fn bytes_sent(mut self, bytes: u64) -> Self {
        self.request.bytes_sent = bytes;
        self
    }

    /// Until the connection is in this state: the moment's, so one that passes can be missed.
    pub fn state(mut self, state: State) -> Self {
        self.request.set_state(state);
        self
    }

    /// How long to wait, up to 10 minutes; the default is 5 s. Past it: `WAIT_TIMEOUT`. Zero asks whether it holds now.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(duration(timeout));
        self
    }
}

impl IntoFuture for Wait {
    type Output = Result<v1::Session>;
    type IntoFuture = Pending<v1::Session>;

    fn into_future(self) -> Pending<v1::Session> {
        Box::pin(async move { Ok(self.scope.call(self.request).await?.session.unwrap_or_default()) })
    }
}

/// A dialed session to be: `fixture.dial("127.0.0.1:8080").await`.
#[derive(Clone)]
#[must_use = "it is dialed when it is awaited"]
pub struct DialBuilder {
    scope: Arc<Scope>,
    request: OpenSessionRequest,
}

impl DialBuilder {
    pub(crate) fn new(scope: Arc<Scope>, target: String) -> Self {
        let request = OpenSessionRequest { scope: scope.name.clone(), target, ..Default::default() };
        Self { scope, request }
    }

    /// Its name; the default is `dial/1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.request.name = name.into();
        self
    }

    /// How long the connect may take, up to 5 minutes; the default is 5 s. Past it: `CONNECT_TIMEOUT`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(duration(timeout));
        self
    }

    /// The local IP address to dial from, with or without port; the default is the kernel's choice.
    pub fn local_address(mut self, address: impl ToString) -> Self {
        self.request.local_address = address.to_string();
        self
    }

    /// What it does with bytes; the default is [manual](Behaviour::manual).
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.request.behaviour = Some(behaviour);
        self
    }

    /// What shall become of it.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.request.plan = Some(plan);
        self
    }

    /// What it does at the peer's FIN; the default is to stay open.
    pub fn on_peer_fin(mut self, what: OnPeerFin) -> Self {
        self.request.set_on_peer_fin(what);
        self
    }
}

impl IntoFuture for DialBuilder {
    type Output = Result<Session>;
    type IntoFuture = Pending<Session>;

    fn into_future(self) -> Pending<Session> {
        Box::pin(async move {
            let session = self.scope.call(self.request).await?.session.unwrap_or_default();
            Ok(Session::new(self.scope, session.name, session.uid))
        })
    }
}
