use std::fmt;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, OnceCell};
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use crate::control::{newer_daemon, Control};
use crate::error::{Code, Error, Result};
use crate::find::{self, Found, Started};
use crate::request::Request;
use crate::v1::{GetInfoRequest, GetInfoResponse};
use crate::{io, rpc};

/// What a stream of events that is not read may hold, in bytes, before the daemon waits; and all streams together: so many
/// that those not read never use up what the calls need.
const STREAM_BYTES: u32 = 256 << 10;
const CONNECTION_BYTES: u32 = 1 << 30;

/// A daemon: what ends connections. All tests of a process share [one](daemon).
#[derive(Clone)]
pub struct Daemon(Arc<Connection>);

struct Connection {
    address: String,
    channel: Channel,
    authorization: Option<MetadataValue<Ascii>>,
    control: Mutex<Option<Arc<Control>>>,
    started: Option<Started>,
}

/// The daemon that all tests of this process share, found or started by the first that asks.
///
/// It is the one at `HANGUP_ADDRESS`, with the token in `HANGUP_TOKEN` or the file `HANGUP_TOKEN_FILE`; else one that is
/// started, and ends with this process, however that ends. Its command is `HANGUP_COMMAND`, or `hangup` on the `PATH`, or
/// that of `node_modules` or of a checkout of hangup, in the working directory or one above.
///
/// # Errors
///
/// `DAEMON_NOT_FOUND` if none is found, `DAEMON_NOT_STARTED` with what it wrote on standard error, `DAEMON_GONE` if nothing answers
/// at the address, `NO_ANSWER` if who is there says nothing, `INVALID_SETTING` if it is none, or the token. It is tried once: all later calls give the same.
pub async fn daemon() -> Result<&'static Daemon> {
    static SHARED: OnceCell<Result<Daemon>> = OnceCell::const_new();
    let shared = SHARED.get_or_init(|| async {
        // A thread of its own, for it blocks; and to the end, also if the test that asked first is given up meanwhile.
        let (found, is_found) = oneshot::channel();
        std::thread::spawn(move || found.send(find::find_or_start()));
        let found =
            is_found.await.map_err(|_| Error::new(Code::Internal, "BUG", "the search for a daemon panicked"))??;
        let daemon = Daemon::at(found)?;
        daemon.info().await?;
        Ok(daemon)
    });
    shared.await.as_ref().map_err(Clone::clone)
}

impl Daemon {
    /// The daemon at an address, such as `127.0.0.1:4264`, `[::1]:4264` or `unix:/path`, for fixtures that shall not use the
    /// shared one. Nothing is connected before the first call.
    ///
    /// # Errors
    ///
    /// `INVALID_SETTING` for what is no address, or no token.
    pub fn connect(address: &str, token: Option<&str>) -> Result<Self> {
        Self::at(Found { address: address.to_owned(), token: token.map(str::to_owned), started: None })
    }

    fn at(Found { address, token, started }: Found) -> Result<Self> {
        let invalid = |what: String| Error::new(Code::InvalidArgument, "INVALID_SETTING", what);
        let no_address =
            || invalid(format!("{address:?} is no address of a daemon: say 127.0.0.1:4264, [::1]:4264 or unix:/path"));
        if !is_address(&address) {
            return Err(no_address());
        }
        let uri = if address.starts_with("unix:") { address.clone() } else { format!("http://{address}") };
        let endpoint = Endpoint::from_shared(uri).map_err(|_| no_address())?;
        let endpoint =
            endpoint.initial_stream_window_size(STREAM_BYTES).initial_connection_window_size(CONNECTION_BYTES);
        let authorization = token
            .map(|token| match token.as_bytes() {
                [_, ..] if token.bytes().all(|letter| letter.is_ascii_graphic()) => {
                    format!("Bearer {token}").parse().map_err(drop)
                }
                _ => Err(()),
            })
            .transpose()
            .map_err(|()| invalid("a token is one word of ASCII characters".into()))?;
        let channel = {
            let _runtime = io::enter();
            endpoint.connect_lazy()
        };
        Ok(Self(Arc::new(Connection { address, channel, authorization, control: Mutex::new(None), started })))
    }

    /// Where it is: `127.0.0.1:4264`, `unix:/path`.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// What it is, and what it can do on this machine.
    pub async fn info(&self) -> Result<GetInfoResponse> {
        self.call(GetInfoRequest::default()).await
    }

    /// Makes any call of the contract that has a reply: for what has no word of its own here, such as captures.
    ///
    /// # Errors
    ///
    /// Those of the call, `DAEMON_GONE`, and `NO_ANSWER` where the daemon does not answer 10 s after it should have.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Response> {
        let may_take = request.may_take();
        let response = self.control().call(request.carried(), may_take).await?;
        R::reply(response).ok_or_else(newer_daemon)
    }

    /// The stream that carries the calls: opened by the first, and anew if the daemon had ended it.
    fn control(&self) -> Arc<Control> {
        let mut control = self.0.control.lock().unwrap_or_else(PoisonError::into_inner);
        match &*control {
            Some(open) if !open.has_ended() => open.clone(),
            _ => {
                // Weak: the connection holds the stream, not the stream the connection.
                let connection = Arc::downgrade(&self.0);
                let authorization = self.0.authorization.clone();
                let opened = Control::open(
                    self.0.channel.clone(),
                    move |metadata| authorize(authorization, metadata),
                    move |status| explain(status, connection.upgrade().as_deref()),
                );
                control.insert(opened).clone()
            }
        }
    }

    /// For the streams, which the control stream does not carry.
    pub(crate) fn channel(&self) -> Channel {
        self.0.channel.clone()
    }

    /// The request of a stream.
    pub(crate) fn request<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = tonic::Request::new(message);
        authorize(self.0.authorization.clone(), request.metadata_mut());
        request
    }

    pub(crate) fn error(&self, status: &tonic::Status) -> Error {
        explain(status, Some(&self.0))
    }
}

/// `host:port`, the port 1 to 65535, `[ipv6]:port` or `unix:/path`.
fn is_address(address: &str) -> bool {
    if let Some(path) = address.strip_prefix("unix:") {
        return path.starts_with('/');
    }
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|letter| letter.is_alphanumeric() || "-._".contains(letter)),
    };
    is_host && port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0)
}

fn authorize(authorization: Option<MetadataValue<Ascii>>, metadata: &mut MetadataMap) {
    if let Some(authorization) = authorization {
        metadata.insert("authorization", authorization);
    }
}

/// The daemon's own error, or that it cannot be reached, or does not answer.
fn explain(status: &tonic::Status, connection: Option<&Connection>) -> Error {
    let details: Option<rpc::Status> = prost::Message::decode(status.details()).ok();
    if let Some(error) = details.as_ref().and_then(Error::of_status) {
        return error;
    }
    let (address, last_words) = connection.map_or_else(Default::default, |connection| {
        let last_words = connection.started.as_ref().map(Started::last_words);
        (connection.address.as_str(), last_words.unwrap_or_default())
    });
    let mut why = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    if status.code() == tonic::Code::DeadlineExceeded {
        let message = format!("the daemon at {address} did not answer in time: {why}{last_words}");
        return Error::new(Code::DeadlineExceeded, "NO_ANSWER", message);
    }
    Error::new(
        Code::Unavailable,
        "DAEMON_GONE",
        format!("the daemon at {address} does not answer, or has ended: {why}{last_words}"),
    )
}

impl fmt::Debug for Daemon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Daemon").field(&self.0.address).finish()
    }
}
