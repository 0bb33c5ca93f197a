use std::collections::HashMap;
use std::fmt;

use prost::Message;

use crate::rpc;
use crate::v1::{Receipt, ScopeReport, Session};

/// What a call ends with that did not do what was asked.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: its code, the stable reason to match on, and a message that says what to do.
#[derive(Clone)]
pub struct Error(Box<Facts>);

#[derive(Clone)]
struct Facts {
    code: Code,
    reason: String,
    message: String,
    metadata: HashMap<String, String>,
    receipt: Option<Receipt>,
    session: Option<Session>,
    report: Option<ScopeReport>,
}

/// The code of an error, by the names of [gRPC](https://grpc.io/docs/guides/status-codes/).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The call was given up.
    Cancelled,
    /// Of no known kind.
    Unknown,
    /// What was asked can never be.
    InvalidArgument,
    /// It did not happen in time.
    DeadlineExceeded,
    /// There is nothing of that name.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// Not allowed here.
    PermissionDenied,
    /// A bound is reached.
    ResourceExhausted,
    /// Not in the state that it is in.
    FailedPrecondition,
    /// It ended while the call waited.
    Aborted,
    /// Past the end.
    OutOfRange,
    /// The daemon does not know the call: it is older than this client.
    Unimplemented,
    /// A bug in the daemon.
    Internal,
    /// There is no daemon, or no more.
    Unavailable,
    /// Events were not taken in time.
    DataLoss,
    /// The token is missing or wrong.
    Unauthenticated,
}

impl Error {
    pub(crate) fn new(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            code,
            reason: reason.into(),
            message: message.into(),
            metadata: HashMap::new(),
            receipt: None,
            session: None,
            report: None,
        }))
    }

    pub(crate) fn with_report(mut self, report: ScopeReport) -> Self {
        self.0.report = Some(report);
        self
    }

    /// An error of the daemon; `None` where the status is of the transport, which gives no reason.
    pub(crate) fn of_status(status: &rpc::Status) -> Option<Self> {
        let info: rpc::ErrorInfo = detail(status, "google.rpc.ErrorInfo")?;
        let mut error = Self::new(Code::of(status.code), &info.reason, &status.message);
        error.0.metadata = info.metadata;
        error.0.receipt = detail(status, "hangup.v1.Receipt");
        error.0.session = detail(status, "hangup.v1.Session");
        Some(error)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The stable reason, such as `WAIT_TIMEOUT`: those of the daemon are in `docs/errors.md`, those that clients have of
    /// their own, such as `DAEMON_GONE`, in `clients/README.md`.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What happened, and what to do. It may change: match on the reason.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// More of the facts, by name: `errno` where the kernel said no.
    pub fn metadata(&self) -> &HashMap<String, String> {
        &self.0.metadata
    }

    /// What was known of the session's ending, where the error is about one.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.0.receipt.as_ref()
    }

    /// The session as it was seen last, where the error is about one.
    pub fn session(&self) -> Option<&Session> {
        self.0.session.as_ref()
    }

    /// The report of the scope, where the error is `NEVER_FIRED`.
    pub fn report(&self) -> Option<&ScopeReport> {
        self.0.report.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({:?}, {})", self.0.message, self.0.code, self.0.reason)
    }
}

/// As it is displayed: it is what `unwrap` and `cargo test` print.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}

impl Code {
    fn of(number: i32) -> Self {
        match number {
            1 => Self::Cancelled,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            9 => Self::FailedPrecondition,
            10 => Self::Aborted,
            11 => Self::OutOfRange,
            12 => Self::Unimplemented,
            13 => Self::Internal,
            14 => Self::Unavailable,
            15 => Self::DataLoss,
            16 => Self::Unauthenticated,
            _ => Self::Unknown,
        }
    }
}

fn detail<M: Message + Default>(status: &rpc::Status, name: &str) -> Option<M> {
    let found = status.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(name))?;
    M::decode(found.value.as_slice()).ok()
}
