use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use hangup::{block_on, Action, Behaviour, Code, EndKind, Plan, SessionState, Trigger};
use socket2::{Domain, SockRef, Socket, Type};

fn port_of(stream: &TcpStream) -> u16 {
    stream.local_addr().unwrap().port()
}

#[tokio::test]
async fn errors_have_code_reason_and_message() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();

    let error = fixture.listen().port(listener.port()).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, "PORT_IN_USE"));
    assert_eq!(error.metadata().get("errno").map(String::as_str), Some("EADDRINUSE"));
    assert!(error.to_string().contains(error.message()) && error.to_string().contains("PORT_IN_USE"));

    // Nobody's port, also when there is a session.
    let session = fixture.dial(listener.address()).await.unwrap();
    let unconnected = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let port = unconnected.local_addr().unwrap().as_socket().unwrap().port();
    let error = listener.accepted(port).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert!(error.message().contains("no local port"), "{error}");
    session.close().await.unwrap();

    let error = fixture.session("ecko/1").reset().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::NotFound, "UNKNOWN_SESSION"));

    let error = fixture.dial("127.0.0.1:1").await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, "CONNECT_FAILED"));

    let stream = TcpStream::connect(listener.address()).unwrap();
    let session = listener.accepted(port_of(&stream)).await.unwrap();
    session.reset().await.unwrap();
    let error = session.reset().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, "SESSION_ENDED"));
    assert_eq!(error.receipt().unwrap().local(), Some(EndKind::Rst));
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_not_met_says_what_was_seen_last() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    let session = listener.accepted(port_of(&stream)).await.unwrap();

    let begun = Instant::now();
    let error = session.wait().peer_fin().timeout(Duration::from_millis(100)).await.unwrap_err();
    // The daemon's clock may be a millisecond off.
    assert!(begun.elapsed() >= Duration::from_millis(90));
    assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "WAIT_TIMEOUT"));
    assert!(error.message().contains("ESTABLISHED"), "{error}");
    assert_eq!(error.session().unwrap().name, session.name());

    let error = listener.accepted(1).timeout(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.reason(), "WAIT_TIMEOUT");
    let error = session.receive().timeout(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.reason(), "NOT_RECEIVING");
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_given_up_holds_nothing_up() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    let session = listener.accepted(port_of(&stream)).await.unwrap();
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::from_millis(20), session.wait_ended()).await;
        assert!(given_up.is_err());
    }
    session.reset().await.unwrap();
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn all_waits_of_a_test_run_at_once() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let first = tokio::spawn(async move { listener.clone().next().await.map(|one| (one, listener)) });
    let (stream, listener) = {
        // It waits before there is a connection.
        tokio::task::yield_now().await;
        let listener = fixture.listen().name("other").await.unwrap();
        (TcpStream::connect(listener.address()).unwrap(), listener)
    };
    listener.accepted(port_of(&stream)).await.unwrap().reset().await.unwrap();
    assert!(!first.is_finished());
    let waited_for = fixture.session("listener-1/1");
    let address = hangup::v1::GetListenerRequest { scope: fixture.name().into(), listener: "listener-1".into() };
    let address = fixture.daemon().call(address).await.unwrap().listener.unwrap().address;
    let _stream = TcpStream::connect(address).unwrap();
    let (session, _) = first.await.unwrap().unwrap();
    assert_eq!(session.name(), waited_for.name());
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn next_gives_one_after_the_other() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();
    let _streams: Vec<_> = (0..3).map(|_| TcpStream::connect(listener.address()).unwrap()).collect();
    assert_eq!(listener.next().await.unwrap().name(), "echo/1");
    let (two, three) = tokio::join!(listener.next(), listener.next());
    assert_eq!((two.unwrap().name(), three.unwrap().name()), ("echo/2", "echo/3"));
    let error = listener.next().timeout(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(error.reason(), "WAIT_TIMEOUT");
    let _fourth = TcpStream::connect(listener.address()).unwrap();
    assert_eq!(listener.next().await.unwrap().name(), "echo/4");
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn next_waits_no_longer_than_it_was_told_also_behind_another() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();
    let (first, _stream) = tokio::join!(listener.next(), async {
        let error = listener.next().timeout(Duration::from_millis(50)).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "WAIT_TIMEOUT"));
        TcpStream::connect(listener.address()).unwrap()
    });
    assert_eq!(first.unwrap().name(), "echo/1");
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_timeout_that_no_wait_can_have_is_an_error() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let error = listener.accepted(1).timeout(Duration::MAX).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, "INVALID_FIELD"));
    let error = listener.next().timeout(Duration::MAX).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, "INVALID_FIELD"));
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_session_is_one_life_of_its_name() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().name("echo").await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    let one = listener.accepted(port_of(&stream)).await.unwrap();
    listener.close().await.unwrap();

    let listener = fixture.listen().name("echo").await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    let two = listener.accepted(port_of(&stream)).await.unwrap();
    assert_eq!((one.name(), two.name()), ("echo/1", "echo/1"));
    for error in [one.get().await.unwrap_err(), one.reset().await.unwrap_err()] {
        assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, "UID_MISMATCH"));
    }
    assert_eq!(two.get().await.unwrap().uid, two.uid());
    assert_eq!(fixture.session("echo/1").get().await.unwrap().uid, two.uid());
    fixture.close().await.unwrap();
}

/// A socket that has a port, and lets others of its kind have it too. Its address is one that nobody else connects from:
/// there no stranger gets the port in between.
fn bound_to(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, 77), port)).into()).unwrap();
    socket
}

/// A connection from a port of our choice.
fn connect_from(port: u16, to: &str) -> TcpStream {
    let socket = bound_to(port);
    socket.connect(&to.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.into()
}

#[tokio::test]
async fn of_a_port_that_comes_round_again_the_new_session_is_given() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let first = connect_from(0, listener.address());
    let port = port_of(&first);
    let one = listener.accepted(port).await.unwrap();
    assert_eq!(listener.accepted(port).await.unwrap().uid(), one.uid());
    one.reset().await.unwrap();
    drop(first);

    // The session that was given and has ended is not given again, but waited for the next.
    let error = listener.accepted(port).timeout(Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(error.reason(), "WAIT_TIMEOUT");
    let (two, second) = tokio::join!(listener.accepted(port), async { connect_from(port, listener.address()) });
    let two = two.unwrap();
    assert_ne!(two.uid(), one.uid());
    assert_eq!(port_of(&second), port);

    assert_eq!(one.reset().await.unwrap_err().reason(), "SESSION_ENDED");
    assert_eq!(two.get().await.unwrap().state(), SessionState::Established);
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_session_that_nobody_asked_for_is_not_mistaken_for_a_later_one_from_its_port() {
    let fixture = hangup::fixture().await.unwrap();
    let plan = || Plan::for_next(1).step(Trigger::bytes_received(1), Action::reset());
    for _ in 0..50 {
        let listener = fixture.listen().behaviour(Behaviour::discard()).plan(plan()).await.unwrap();
        let mut first = connect_from(0, listener.address());
        let port = port_of(&first);
        first.write_all(b"x").unwrap();
        assert_eq!(first.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        drop(first);
        let _second = connect_from(port, listener.address());
        let session = listener.accepted(port).await.unwrap();
        assert_eq!(session.name(), format!("{}/2", listener.name()));
        session.reset().await.unwrap();
    }
    fixture.close().await.unwrap();
}

/// Nothing is read of a silent session, so its end is noticed late; and a busy daemon may be asked before it has accepted.
#[test]
fn a_silent_session_is_not_mistaken_for_a_later_one_from_its_port() {
    let test = || {
        block_on(async {
            let fixture = hangup::fixture().await.unwrap();
            for reset_by_us in [false, true].repeat(20) {
                let listener = fixture.listen().behaviour(Behaviour::silent()).await.unwrap();
                let holds_the_port = bound_to(0);
                let port = holds_the_port.local_addr().unwrap().as_socket().unwrap().port();
                let mut first = connect_from(port, listener.address());
                let one = listener.accepted(port).await.unwrap();
                first.write_all(b"unread").unwrap();
                if reset_by_us {
                    one.reset().await.unwrap();
                }
                SockRef::from(&first).set_linger(Some(Duration::ZERO)).unwrap();
                drop(first);
                let _second = connect_from(port, listener.address());
                let two = listener.accepted(port).await.unwrap();
                assert_eq!(two.name(), format!("{}/2", listener.name()));
                two.reset().await.unwrap();
            }
            fixture.close().await.unwrap();
        });
    };
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(test);
        }
    });
}

#[tokio::test]
async fn a_silent_session_that_was_given_and_is_over_is_not_given_again() {
    let fixture = hangup::fixture().await.unwrap();
    for _ in 0..10 {
        let listener = fixture.listen().behaviour(Behaviour::silent()).await.unwrap();
        let stream = TcpStream::connect(listener.address()).unwrap();
        let port = port_of(&stream);
        listener.accepted(port).await.unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        let error = listener.accepted(port).timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(error.reason(), "WAIT_TIMEOUT");
    }
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_session_that_its_plan_has_ended_is_given() {
    let fixture = hangup::fixture().await.unwrap();
    let plan = Plan::for_all().step(Trigger::bytes_received(1), Action::reset());
    let listener = fixture.listen().behaviour(Behaviour::discard()).plan(plan).await.unwrap();
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    stream.write_all(b"x").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let receipt = listener.accepted(port_of(&stream)).await.unwrap().wait_ended().await.unwrap();
    assert_eq!(receipt.local(), Some(EndKind::Rst));
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_dialed_session_sends_and_receives() {
    let fixture = hangup::fixture().await.unwrap();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let session = fixture.dial(server.local_addr().unwrap()).name("client").await.unwrap();
    let (mut stream, _) = server.accept().unwrap();

    session.send("hello").await.unwrap();
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello");

    stream.write_all(b"world").unwrap();
    let received = session.receive().at_least(5).await.unwrap();
    assert_eq!((received.data.as_slice(), received.eof), (b"world".as_slice(), false));
    let error = session.receive().timeout(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "RECEIVE_TIMEOUT"));

    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(session.receive().await.unwrap().eof);
    session.wait().peer_fin().state(SessionState::CloseWait).await.unwrap();
    let receipt = session.close().await.unwrap();
    assert_eq!((receipt.local(), receipt.peer()), (Some(EndKind::Fin), Some(EndKind::Fin)));
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn any_action_can_be_performed() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().behaviour(Behaviour::discard().with_banner("220 ready\r\n")).await.unwrap();
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    let mut banner = [0; 11];
    stream.read_exact(&mut banner).unwrap();
    assert_eq!(&banner, b"220 ready\r\n");

    let session = listener.accepted(port_of(&stream)).await.unwrap();
    assert!(session.perform(Action::send("more")).await.unwrap().is_none());
    let receipt = session.perform(Action::reset_after_flush()).await.unwrap().unwrap();
    assert_eq!(receipt.local(), Some(EndKind::Rst));
    let mut more = [0; 4];
    stream.read_exact(&mut more).unwrap();
    assert_eq!(&more, b"more");
    assert_eq!(stream.read(&mut more).unwrap_err().raw_os_error(), Some(libc::ECONNRESET));
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_signal_fires_the_step_that_waits_for_it() {
    let fixture = hangup::fixture().await.unwrap();
    let plan = Plan::for_all().step(Trigger::signal("go"), Action::close());
    let listener = fixture.listen().plan(plan).await.unwrap();
    let mut first = TcpStream::connect(listener.address()).unwrap();
    let session = listener.accepted(port_of(&first)).await.unwrap();
    assert_eq!(session.signal("goo").await.unwrap_err().reason(), "UNKNOWN_SIGNAL");
    session.signal("go").await.unwrap();
    assert_eq!(first.read(&mut [0]).unwrap(), 0);

    let mut second = TcpStream::connect(listener.address()).unwrap();
    listener.signal("go").await.unwrap();
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    fixture.signal("go").await.unwrap();
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn a_listener_refuses_stalls_resumes_and_closes() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let address: SocketAddr = listener.address().parse().unwrap();
    assert_eq!((listener.host(), listener.port()), (address.ip().to_string().as_str(), address.port()));

    listener.refuse().await.unwrap();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    listener.stall().await.unwrap();
    let stalled = TcpStream::connect_timeout(&address, Duration::from_millis(200));
    assert_eq!(stalled.unwrap_err().kind(), ErrorKind::TimedOut);
    listener.resume().await.unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    listener.accepted(port_of(&stream)).await.unwrap();

    let deleted = listener.close().await.unwrap();
    assert_eq!(deleted.counts.unwrap().local_rst, deleted.counts.unwrap().sessions);
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(listener.get().await.unwrap_err().reason(), "UNKNOWN_LISTENER");
    fixture.close().await.unwrap();
}

#[tokio::test]
async fn the_receipt_tells_of_the_peers_reset() {
    let fixture = hangup::fixture().await.unwrap();
    let listener = fixture.listen().await.unwrap();
    let stream = TcpStream::connect(listener.address()).unwrap();
    let session = listener.accepted(port_of(&stream)).await.unwrap();
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    session.wait().peer_rst().await.unwrap();
    let receipt = session.wait_ended().await.unwrap();
    assert_eq!((receipt.local(), receipt.peer()), (Some(EndKind::None), Some(EndKind::Rst)));
    assert!(receipt.r#final);
    fixture.close().await.unwrap();
}
