use std::panic::{catch_unwind, AssertUnwindSafe};

use hangup::v1::{DeleteScopeRequest, ListScopesRequest, UpdateListenerRequest};
use hangup::{block_on, Action, Code, Daemon, EventKind, Fixture, Plan, ScopeReport, Trigger};
use tokio::net::TcpStream;

use crate::stories::OwnDaemon;

/// A fixture with one plan that had no connection, and one that did not come to its second step.
async fn with_faults_that_do_not_happen(fixture: &Fixture) {
    let plan =
        Plan::for_all().step(Trigger::accepted(), Action::send("hi")).step(Trigger::bytes_received(1), Action::reset());
    fixture.listen().name("unused").plan(plan.clone()).await.unwrap();
    let listener = fixture.listen().name("silent").plan(plan).await.unwrap();
    let stream = TcpStream::connect(listener.address()).await.unwrap();
    let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
    drop(stream);
    session.wait_ended().await.unwrap();
}

const NEVER_FIRED: &str = "steps of plans never fired:
  unused, plan 1: it had no connection
  silent, plan 1, step 2: on 1 of 1 connections";

#[tokio::test]
async fn a_step_that_never_fired_is_an_error_at_close() {
    let fixture = hangup::fixture().await.unwrap();
    with_faults_that_do_not_happen(&fixture).await;
    let error = fixture.close().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, "NEVER_FIRED"));
    assert_eq!(error.message(), NEVER_FIRED);
    assert_eq!(error.report().unwrap().counts.unwrap().sessions, 1);
}

#[tokio::test]
async fn steps_that_never_fired_can_be_allowed() {
    let fixture = hangup::fixture().allow_never_fired().await.unwrap();
    with_faults_that_do_not_happen(&fixture).await;
    let report = fixture.close().await.unwrap();
    assert_eq!(report.never_fired().len(), 2);

    let fixture = hangup::fixture().allow_never_fired().await.unwrap();
    with_faults_that_do_not_happen(&fixture).await;
    drop(fixture);
}

#[tokio::test]
async fn a_step_that_never_fired_is_a_panic_at_drop() {
    let fixture = hangup::fixture().await.unwrap();
    with_faults_that_do_not_happen(&fixture).await;
    let name = fixture.name().to_owned();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(fixture))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains(NEVER_FIRED), "{message}");
    assert!(!exists(&name).await);
}

#[test]
fn a_drop_in_a_panic_keeps_that_panic() {
    let thread = std::thread::spawn(|| {
        block_on(async {
            let fixture = hangup::fixture().await.unwrap();
            fixture.listen().plan(Plan::for_all().step(Trigger::accepted(), Action::reset())).await.unwrap();
            panic!("the test's own words");
        })
    });
    let panic = thread.join().unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "the test's own words");
}

#[tokio::test]
async fn a_drop_ends_the_scope_before_it_returns() {
    let fixture = hangup::fixture().await.unwrap();
    let name = fixture.name().to_owned();
    let listener = fixture.listen().await.unwrap();
    assert!(exists(&name).await);
    drop(fixture);
    assert!(!exists(&name).await);
    let error = TcpStream::connect(listener.address()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_fixture_outlives_the_runtime_that_made_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (fixture, listener) = runtime().block_on(async {
        let fixture = hangup::fixture().await.unwrap();
        let listener = fixture.listen().await.unwrap();
        (fixture, listener)
    });
    runtime().block_on(async {
        let stream = TcpStream::connect(listener.address()).await.unwrap();
        listener.accepted(stream.local_addr().unwrap().port()).await.unwrap().reset().await.unwrap();
    });
    block_on(fixture.close()).unwrap();
}

#[tokio::test]
async fn the_report_says_what_was() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();
    let stream = TcpStream::connect(listener.address()).await.unwrap();
    listener.accepted(stream.local_addr().unwrap().port()).await.unwrap().reset().await.unwrap();
    let ScopeReport { open_listeners, open_sessions, counts, .. } = fixture.close().await.unwrap();
    assert_eq!(open_listeners, ["echo"]);
    assert_eq!(open_sessions, [""; 0]);
    assert_eq!(counts.unwrap().local_rst, 1);
}

#[tokio::test]
async fn fixtures_of_one_test_do_not_meet() {
    let (one, other) = (hangup::fixture().await.unwrap(), hangup::fixture().await.unwrap());
    assert_ne!(one.name(), other.name());
    assert!(one.name().starts_with("fixtures.fixtures_of_one_test_do_not_meet-"), "{}", one.name());
    one.listen().name("echo").await.unwrap();
    other.listen().name("echo").await.unwrap();
    let taken = one.listen().name("echo").await.unwrap_err();
    assert_eq!((taken.code(), taken.reason()), (Code::AlreadyExists, "NAME_TAKEN"));
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn the_helper_gives_the_value_of_the_body() {
    let port = hangup::test(async |fixture| Ok::<_, hangup::Error>(fixture.listen().await?.port())).await;
    assert_ne!(port, 0);
}

#[tokio::test]
#[should_panic(expected = "the body's error\nand at the end of the fixture: steps of plans never fired:\n  unused")]
async fn the_helper_tells_the_error_of_the_body_and_what_never_fired() {
    hangup::test(async |fixture| {
        with_faults_that_do_not_happen(fixture).await;
        Err::<(), _>("the body's error")
    })
    .await;
}

#[tokio::test]
async fn events_are_those_of_the_scope_from_the_call_on() {
    let fixture = hangup::fixture().await.unwrap();
    let other = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("before").await.unwrap();
    let mut events = fixture.events().kinds([EventKind::ListenerCreated, EventKind::PeerFin]).await.unwrap();
    other.listen().name("elsewhere").await.unwrap();
    fixture.listen().name("after").await.unwrap();
    drop(TcpStream::connect(listener.address()).await.unwrap());

    assert_eq!(events.next().await.unwrap().listener, "after");
    let fin = events.next_of(EventKind::PeerFin).await.unwrap();
    assert_eq!((fin.listener.as_str(), fin.session.as_str()), ("before", "before/1"));

    let error = events.next_within(std::time::Duration::from_millis(50)).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "WAIT_TIMEOUT"));
    assert_eq!(error.message(), "no such event within 50ms; the last one was PEER_FIN of before/1");
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_scope_is_the_end_of_its_events() {
    let fixture = hangup::fixture().await.unwrap();
    let mut closed = fixture.events().await.unwrap();
    let mut filtered = fixture.events().kinds([EventKind::PeerFin]).await.unwrap();
    fixture.close().await.unwrap();
    for events in [&mut closed, &mut filtered] {
        assert_eq!(events.next().await.unwrap().kind(), Some(EventKind::ScopeEnded));
        // Again, too.
        for _ in 0..2 {
            let error = events.next().await.unwrap_err();
            assert_eq!((error.code(), error.reason()), (Code::Cancelled, "END_OF_EVENTS"));
        }
    }

    let fixture = hangup::fixture().await.unwrap();
    let mut events = fixture.events().await.unwrap();
    let request = DeleteScopeRequest { scope: fixture.name().into(), ..Default::default() };
    fixture.daemon().call(request).await.unwrap();
    events.next_of(EventKind::ScopeEnded).await.unwrap();
    let error = events.next().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::OutOfRange, "END_OF_EVENTS"));
    assert_eq!(fixture.close().await.unwrap_err().reason(), "UNKNOWN_SCOPE");
}

#[tokio::test]
async fn events_can_begin_in_the_past() {
    let fixture = hangup::fixture().await.unwrap();
    fixture.listen().name("before").await.unwrap();
    let mut events = fixture.events().after_sequence(0).await.unwrap();
    assert_eq!(events.next_of(EventKind::ListenerCreated).await.unwrap().listener, "before");
    fixture.close().await.unwrap();
}

/// As many events as make a client that holds what it is sent hold its calls too: of 10 KB each, those that are given out
/// before they are taken, and several megabytes.
#[tokio::test]
async fn events_that_nobody_takes_hold_no_call_up() {
    let (_daemon, address) = OwnDaemon::serve(&["--listen", "127.0.0.1:0"]);
    let fixture = hangup::fixture().on(&Daemon::connect(&address, None).unwrap()).await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(fixture.events().await.unwrap());
    }
    let labels = (10..42).map(|number| (format!("{number}"), "x".repeat(250)));
    let update = UpdateListenerRequest {
        scope: fixture.name().into(),
        listener: listener.name().into(),
        labels: labels.collect(),
        ..Default::default()
    };
    for _ in 0..1600 {
        fixture.daemon().call(update.clone()).await.unwrap();
    }
    for stream in &mut streams {
        for _ in 0..1600 {
            assert_eq!(stream.next().await.unwrap().kind(), Some(EventKind::ListenerStateChanged));
        }
    }
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn of_events_that_are_lost_none_is_waited_for() {
    let (_daemon, address) = OwnDaemon::serve(&["--listen", "127.0.0.1:0", "--max-journal-events", "2"]);
    let fixture = hangup::fixture().on(&Daemon::connect(&address, None).unwrap()).await.unwrap();
    for _ in 0..4 {
        fixture.listen().await.unwrap();
    }
    // The first is that of the scope.
    let mut events = fixture.events().after_sequence(1).await.unwrap();
    let error = events.next_of(EventKind::ListenerCreated).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::DataLoss, "EVENTS_LOST"));
    assert_eq!(error.message(), "the events 2 to 3 are lost: they were not taken in time");
    assert_eq!(events.next_of(EventKind::ListenerCreated).await.unwrap().listener, "listener-3");
    fixture.close().await.unwrap();
}

async fn exists(scope: &str) -> bool {
    let request = ListScopesRequest { page_size: 1000, ..Default::default() };
    let scopes = hangup::daemon().await.unwrap().call(request).await.unwrap().scopes;
    scopes.iter().any(|one| one.name == scope)
}
