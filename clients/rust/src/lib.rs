//! Ends TCP connections exactly as a test asks: by FIN, so that the peer reads EOF, by RST, so that it gets ECONNRESET, and
//! in fifteen other ways, and tells what it did.
//!
//! ```no_run
//! use std::io::{ErrorKind, Read};
//! use std::net::TcpStream;
//!
//! #[tokio::test]
//! async fn a_reset_is_econnreset() {
//!     let fixture = hangup::fixture().await.unwrap();
//!     let listener = fixture.listen().await.unwrap();
//!
//!     let mut stream = TcpStream::connect(listener.address()).unwrap();
//!     let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
//!     session.reset().await.unwrap();
//!
//!     assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
//!     fixture.close().await.unwrap();
//! }
//! ```
//!
//! A [`fixture()`] is what one test holds: a scope of its own on a [daemon](daemon()) that all tests of the process share.
//! The calls are futures that any executor can await, `#[tokio::test]` or [`block_on`]; the connection to the daemon is on
//! a thread of its own, so that a test may block its own thread with the sockets of `std::net`.
#![cfg(unix)]

mod control;
mod daemon;
mod error;
mod events;
mod find;
mod fixture;
mod io;
mod listener;
mod messages;
mod request;
mod session;

/// The generated code, in modules as its packages are.
#[allow(missing_docs, dead_code, rustdoc::all, clippy::all)]
mod contract {
    pub mod google {
        pub mod rpc {
            include!("gen/google.rpc.rs");
        }
    }
    pub mod hangup {
        /// The contract `hangup.v1`: the messages, with every field documented, and the bare stubs of its services.
        pub mod v1 {
            include!("gen/hangup.v1.rs");
        }
    }
}

use contract::google::rpc;
pub use contract::hangup::v1;

pub use daemon::{daemon, Daemon};
pub use error::{Code, Error, Result};
pub use events::{Events, EventsBuilder};
pub use fixture::{fixture, test, Fixture, FixtureBuilder, Pending};
pub use io::block_on;
pub use listener::{Accepted, ListenBuilder, Listener};
pub use request::Request;
pub use session::{DialBuilder, Receive, Session, Wait};
pub use v1::end::Kind as EndKind;
pub use v1::event::Kind as EventKind;
pub use v1::listener::{ResetOnAccept, State as ListenerState};
pub use v1::session::{OnPeerFin, State as SessionState};
pub use v1::{Action, Behaviour, Event, Plan, Receipt, ScopeReport, Trigger};
