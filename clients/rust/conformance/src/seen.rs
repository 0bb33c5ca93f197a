//! What a step gave, in the words of the matrix, and in those of the language.

use std::error::Error;
use std::io;

use hangup::Receipt;

pub struct Seen {
    pub outcome: String,
    pub saw: String,
}

impl Seen {
    pub fn new(outcome: impl Into<String>, saw: impl AsRef<str>) -> Self {
        Self { outcome: outcome.into(), saw: without_ports(saw.as_ref()) }
    }

    pub fn ok(saw: &str) -> Self {
        Self::new("OK", saw)
    }

    pub fn other(error: &(dyn Error + 'static)) -> Self {
        Self::new("OTHER", chain(error))
    }

    pub fn receipt(receipt: &Receipt) -> Self {
        let kind = |end: Option<hangup::EndKind>| end.map_or("NONE", |kind| kind.as_str_name());
        let ends = format!("local {}, peer {}", kind(receipt.local()), kind(receipt.peer()));
        Self::new(ends.clone(), ends)
    }

    pub fn io_error(error: &io::Error) -> Self {
        let outcome = match (error.raw_os_error().and_then(errno_name), error.kind()) {
            (Some(name), _) => name,
            // A read timeout of a socket is EAGAIN.
            (None, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => "TIMEOUT",
            (None, _) => "OTHER",
        };
        Self::new(outcome, format!("io::Error: {error} (ErrorKind::{:?})", error.kind()))
    }

    pub fn http_error(error: &reqwest::Error) -> Self {
        let mut outcome = None;
        let mut source: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<io::Error>() {
                let early_end = (cause.kind() == io::ErrorKind::UnexpectedEof).then_some("EOF");
                outcome = outcome.or(cause.raw_os_error().and_then(errno_name)).or(early_end);
            }
            source = cause.source();
        }
        let told = chain(error);
        // hyper has an error of its own for an answer that never began, and reqwest does not give it away as a type.
        let early_end = ["connection closed before message completed", "end of file before message length reached"];
        let outcome = outcome.unwrap_or_else(|| match error.is_timeout() {
            true => "TIMEOUT",
            false if early_end.iter().any(|words| told.contains(words)) => "EOF",
            false => "OTHER",
        });
        Self::new(outcome, format!("reqwest::Error: {told}"))
    }
}

fn errno_name(errno: i32) -> Option<&'static str> {
    [("ECONNRESET", libc::ECONNRESET), ("EPIPE", libc::EPIPE), ("ECONNREFUSED", libc::ECONNREFUSED)]
        .into_iter()
        .find_map(|(name, number)| (number == errno).then_some(name))
}

/// An error and its causes, as they are printed one after the other.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

/// Ports change.
fn without_ports(saw: &str) -> String {
    let mut parts = saw.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        told + "127.0.0.1:PORT" + part.trim_start_matches(|digit: char| digit.is_ascii_digit())
    })
}
