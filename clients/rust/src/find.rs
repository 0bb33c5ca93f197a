//! Which daemon: the one that the environment names, or else one that this process starts.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{mpsc, Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Code, Error, Result};

/// How long a daemon may take to start. It takes 0.1 s on an idle machine.
const START: Duration = Duration::from_secs(30);

/// How much of what a daemon wrote on standard error is kept.
const LAST_WORDS_BYTES: usize = 16 << 10;

/// Where a daemon is.
pub(crate) struct Found {
    pub(crate) address: String,
    /// To call with; one that this process started wants none.
    pub(crate) token: Option<String>,
    /// Of one that this process started.
    pub(crate) started: Option<Started>,
}

/// A daemon that this process started. It ends when its standard input does: with this value, or with the process.
pub(crate) struct Started {
    last_words: LastWords,
    /// Held, never written to.
    _stdin: ChildStdin,
    _child: Child,
}

/// The end of what a daemon wrote on standard error.
#[derive(Clone, Default)]
struct LastWords(Arc<Mutex<Vec<u8>>>);

/// The daemon at HANGUP_ADDRESS, or one that is started. Blocks until it is ready.
pub(crate) fn find_or_start() -> Result<Found> {
    match setting("HANGUP_ADDRESS") {
        Some(address) => Ok(Found { address: address.trim().to_owned(), token: token()?, started: None }),
        None => start(command()?),
    }
}

/// The token of the environment; that of a file goes before HANGUP_TOKEN.
fn token() -> Result<Option<String>> {
    let Some(file) = setting("HANGUP_TOKEN_FILE") else {
        return Ok(setting("HANGUP_TOKEN").map(|token| token.trim().to_owned()));
    };
    match std::fs::read_to_string(&file) {
        Ok(token) => Ok(Some(token.trim().to_owned())),
        Err(error) => {
            Err(Error::new(Code::InvalidArgument, "INVALID_SETTING", format!("HANGUP_TOKEN_FILE={file}: {error}")))
        }
    }
}

/// A variable of the environment; an empty one is none. What is no text in it is met where it is used.
fn setting(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.trim().is_empty())
}

/// The command line that a daemon is started with.
fn command() -> Result<Vec<OsString>> {
    if let Some(line) = setting("HANGUP_COMMAND") {
        return Ok(line.split_whitespace().map(OsString::from).collect());
    }
    let on_path = env::var_os("PATH")
        .into_iter()
        .flat_map(|path| env::split_paths(&path).collect::<Vec<_>>())
        .map(|folder| folder.join("hangup"))
        .find(|file| is_executable(file));
    if let Some(file) = on_path {
        return Ok(vec![file.into()]);
    }
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    for folder in here.ancestors() {
        let installed = folder.join("node_modules/.bin/hangup");
        if is_executable(&installed) {
            return Ok(vec![installed.into()]);
        }
        let checked_out = folder.join("bin/hangup.cjs");
        if checked_out.is_file() {
            return Ok(vec!["node".into(), checked_out.into()]);
        }
    }
    Err(Error::new(
        Code::NotFound,
        "DAEMON_NOT_FOUND",
        format!(
            "no hangup daemon was found: run the tests under `hangup run -- cargo test`, or set HANGUP_ADDRESS to one that \
             runs, or install hangup so that it is on the PATH or in node_modules of {} or a folder above, or set \
             HANGUP_COMMAND to the command that it is",
            here.display()
        ),
    ))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn start(command: Vec<OsString>) -> Result<Found> {
    let line = command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let failed = |why: String| {
        Error::new(Code::Unavailable, "DAEMON_NOT_STARTED", format!("`{line} serve` did not start: {why}"))
    };
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .args(["serve", "--listen", "127.0.0.1:0", "--exit-with-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        unreachable!("all three are pipes");
    };
    let last_words = LastWords::default();
    let listening = {
        let last_words = last_words.clone();
        thread::spawn(move || last_words.keep(stderr))
    };
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut first = String::new();
        let _ = stdout.read_line(&mut first);
        let _ = ready.send(first);
        // Read on, so that nothing that it prints can block or fail it.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
    });
    let first = is_ready.recv_timeout(START);
    if let Some(address) = first.as_deref().ok().and_then(address_in) {
        let started = Started { last_words, _stdin: stdin, _child: child };
        return Ok(Found { address: address.to_owned(), token: None, started: Some(started) });
    }
    let _ = child.kill();
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    // Its end closes the pipe, unless a child of its own holds it: then what has come has to do.
    if first.is_ok() {
        let _ = listening.join();
    }
    Err(failed(match first {
        Ok(first) if first.is_empty() => format!("{status}{last_words}"),
        Ok(first) => format!("it printed {:?} in place of its address{last_words}", first.trim_end()),
        Err(_) => format!("it was not ready within {START:?}{last_words}"),
    }))
}

/// The address of the ready line, which is one line of JSON. An address needs no escapes.
fn address_in(ready: &str) -> Option<&str> {
    let (_, rest) = ready.split_once("\"address\":\"")?;
    rest.split_once('"').map(|(address, _)| address)
}

impl Started {
    /// What it wrote last on standard error, as the end of a sentence; empty if nothing.
    pub(crate) fn last_words(&self) -> String {
        self.last_words.to_string()
    }
}

impl LastWords {
    fn keep(&self, mut stderr: impl Read) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut buffer) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..length]);
            let surplus = kept.len().saturating_sub(LAST_WORDS_BYTES);
            kept.drain(..surplus);
        }
    }
}

impl std::fmt::Display for LastWords {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&kept).trim_end() {
            "" => Ok(()),
            words => write!(formatter, "; its standard error:\n{words}"),
        }
    }
}
