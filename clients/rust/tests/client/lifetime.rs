use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::stories::{command, first_fact, process, say};

/// Starts a daemon, has a session on it, and never ends.
#[tokio::test]
#[ignore = "a story: run by the other tests of this file"]
async fn has_a_session_for_ever() {
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
    let mut child = story.spawn().unwrap();
    let fact = first_fact(&mut child);
    let (pid, address) = fact.split_once(' ').unwrap();
    assert!(is_running(pid));
    drop(TcpStream::connect(address).unwrap());

    // SIGKILL.
    child.kill().unwrap();
    let killed = Instant::now();
    child.wait().unwrap();
    let mut left = vec!["not asked yet"];
    while !left.is_empty() && killed.elapsed() < Duration::from_secs(2) {
        left.clear();
        if is_running(pid) {
            left.push("the daemon");
        }
        if !TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            left.push("the listener");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(left, [""; 0], "after {:?}", killed.elapsed());
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
