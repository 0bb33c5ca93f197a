use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::stories::{command, first_fact, is_told, process, say};

/// Starts a daemon, has a session on it, and never ends.
#[tokio::test]
#[ignore = "a story: run by the other tests of this file"]
async fn has_a_session_for_ever() {
    if !is_told() {
        return;
    }
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
    say(format!("{} {}", fixture.daemon().info().await.unwrap().pid, listener.address()));
    std::future::pending::<()>().await;
}

#[test]
fn a_test_process_that_is_killed_leaves_no_daemon_and_no_listener() {
    let mut story = process("lifetime::has_a_session_for_ever");
    story.env("HANGUP_COMMAND", command());
    assert_nothing_left(story, |pid, address| {
        let mut left = listener_left(address);
        if is_running(pid) {
            left.push("the daemon");
        }
        left
    });
}

#[tokio::test]
async fn a_test_process_that_is_killed_leaves_no_listener_on_a_daemon_that_goes_on() {
    let shared = hangup::daemon().await.unwrap();
    let mut story = process("lifetime::has_a_session_for_ever");
    story.env("HANGUP_ADDRESS", shared.address());
    assert_nothing_left(story, |_, address| listener_left(address));
    shared.info().await.unwrap();
}

/// Ends a story by SIGKILL, and looks for what is left until there is nothing. It is gone within 2 s; a busy machine gets 10.
fn assert_nothing_left(mut story: Command, left_of: impl Fn(&str, &str) -> Vec<&'static str>) {
    let mut child = story.spawn().unwrap();
    let fact = first_fact(&mut child);
    let (pid, address) = fact.split_once(' ').unwrap();
    assert!(is_running(pid));
    drop(TcpStream::connect(address).unwrap());

    // SIGKILL.
    child.kill().unwrap();
    let killed = Instant::now();
    child.wait().unwrap();
    loop {
        let left = left_of(pid, address);
        if left.is_empty() {
            return;
        }
        assert!(killed.elapsed() < Duration::from_secs(10), "{left:?} after {:?}", killed.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn listener_left(address: &str) -> Vec<&'static str> {
    match TcpStream::connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => vec![],
        _ => vec!["the listener"],
    }
}

/// One that nobody has waited for yet runs no more.
fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])))
}

/// Waits for something while the daemon is killed.
#[tokio::test]
#[ignore = "a story: run by the other tests of this file"]
async fn loses_its_daemon() {
    if !is_told() {
        return;
    }
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let pid = fixture.daemon().info().await.unwrap().pid.to_string();
    let waits = tokio::spawn(async move { listener.next().await });
    let mut events = fixture.events().await.unwrap();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    let reasons = [
        waits.await.unwrap().unwrap_err(),
        events.next().await.unwrap_err(),
        fixture.listen().await.unwrap_err(),
        fixture.close().await.unwrap_err(),
    ];
    say(reasons.map(|error| format!("{:?} {}", error.code(), error.reason())).join(", "));
}

#[test]
fn the_end_of_the_daemon_is_an_error_of_every_call() {
    let mut story = process("lifetime::loses_its_daemon");
    story.env("HANGUP_COMMAND", command());
    assert_eq!(crate::stories::tell(story), ["Unavailable DAEMON_GONE"; 4].join(", "));
}
