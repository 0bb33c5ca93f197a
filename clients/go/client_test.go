package hangup_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
	"hangup/clients/go/hangupv1"
)

func TestErrorsHaveCodeReasonAndMessage(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	_, err := fixture.Session("echo/9").Reset(t.Context())
	var failure *hangup.Error
	if !errors.As(err, &failure) {
		t.Fatalf("%v is no *hangup.Error", err)
	}
	if failure.Call != "ResetSession" || failure.Code != hangup.ErrNotFound || failure.Reason != "UNKNOWN_SESSION" ||
		!strings.Contains(failure.Message, `no session "echo/9"`) {
		t.Errorf("%#v", failure)
	}
	if !errors.Is(err, hangup.ErrNotFound) || !errors.Is(err, hangup.Reason("UNKNOWN_SESSION")) {
		t.Errorf("%v does not match its code and reason", err)
	}
	if errors.Is(err, hangup.ErrAlreadyExists) || errors.Is(err, hangup.Reason("UNKNOWN_LISTENER")) || errors.Is(err, context.Canceled) {
		t.Errorf("%v matches what it is not", err)
	}
	if _, err = fixture.Listen(t.Context(), hangup.Name("no good name")); !errors.Is(err, hangup.ErrInvalidArgument) {
		t.Errorf("a bad name: %v", err)
	}
}

func TestAnErrorHasTheReceiptAndTheErrno(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	listener, conn := listenAndConnect(t, fixture)
	session := accepted(t, listener, conn)
	if _, err := session.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := session.Reset(t.Context())
	var failure *hangup.Error
	if !errors.As(err, &failure) || failure.Reason != "SESSION_ENDED" || failure.Receipt.GetLocalEnd().GetKind() != hangupv1.End_RST {
		t.Errorf("a second reset: %v", err)
	}
	if err := listener.Refuse(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := fixture.Dial(t.Context(), listener.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a dial that is refused: %v", err)
	}
}

func TestAWaitThatIsNotMetSaysWhatWasSeen(t *testing.T) {
	t.Parallel()
	listener, conn := listenAndConnect(t, hanguptest.Start(t))
	session := accepted(t, listener, conn)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := session.Wait(ctx, hangup.Until{Condition: hangup.PeerFin})
	var failure *hangup.Error
	if !errors.As(err, &failure) || failure.Reason != "WAIT_TIMEOUT" || failure.Session.GetState() != hangupv1.Session_ESTABLISHED {
		t.Fatalf("%v", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, hangup.ErrDeadlineExceeded) {
		t.Errorf("%v does not match the deadline", err)
	}
}

func TestACancelledWaitEndsAtOnce(t *testing.T) {
	t.Parallel()
	listener, conn := listenAndConnect(t, hanguptest.Start(t))
	session := accepted(t, listener, conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	result := make(chan error)
	go func() {
		_, err := session.WaitEnded(ctx)
		result <- err
	}()
	// A call behind it is answered: the wait holds nothing up.
	if _, err := session.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, hangup.ErrCancelled) {
		t.Fatalf("%v", err)
	}
}

func TestAPortThatComesRoundAgainIsAnotherSession(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context(), hangup.Name("echo"))
	if err != nil {
		t.Fatal(err)
	}
	// From an address that nobody else connects from: there the kernel gives the port to none in between.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 77)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	first := accepted(t, listener, conn)
	if _, err := first.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if session, err := listener.Accepted(soon, conn.LocalAddr()); !errors.Is(err, hangup.Reason("WAIT_TIMEOUT")) {
		t.Fatalf("before there is another connection: %v, %v", session, err)
	}
	dialer.LocalAddr = conn.LocalAddr()
	again, err := dialer.DialContext(t.Context(), "tcp", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	second := accepted(t, listener, again)
	if second.UID() == first.UID() || second.Name() != "echo/2" {
		t.Fatalf("%s, then %s", first.Name(), second.Name())
	}
	if same := accepted(t, listener, again); same.UID() != second.UID() {
		t.Fatalf("a living session is given again, not %s", same.Name())
	}
	// A command for the first one does not meet the second.
	if _, err := first.Reset(t.Context()); !errors.Is(err, hangup.Reason("SESSION_ENDED")) {
		t.Fatalf("%v", err)
	}
}

func TestASessionThatEndedBeforeItWasAskedForIsGiven(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	listener, err := fixture.Listen(t.Context(), hangup.Plans(hangup.Plan(hangup.Step(hangup.AtBytesReceived(1), hangup.Reset()))))
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, listener)
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := fixture.Session(listener.Name() + "/1").WaitEnded(t.Context()); err != nil {
		t.Fatal(err)
	}
	receipt, err := accepted(t, listener, conn).WaitEnded(t.Context())
	if err != nil || receipt.LocalEnd.Cause.Kind != hangupv1.Cause_PLAN_STEP {
		t.Fatalf("%v %v", receipt, err)
	}
}

func TestNextGivesEachSessionOnce(t *testing.T) {
	t.Parallel()
	listener, _ := listenAndConnect(t, hanguptest.Start(t))
	const connections = 10
	for range connections - 1 {
		connect(t, listener)
	}
	var wait sync.WaitGroup
	var names sync.Map
	for range connections {
		wait.Go(func() {
			session, err := listener.Next(t.Context())
			if err != nil {
				t.Error(err)
			} else if _, twice := names.LoadOrStore(session.Name(), true); twice {
				t.Errorf("%s twice", session.Name())
			}
		})
	}
	wait.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if session, err := listener.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("one more: %v, %v", session, err)
	}
	connect(t, listener)
	if session, err := listener.Next(t.Context()); err != nil || session.Name() != "echo/11" {
		t.Fatalf("after one that timed out: %v, %v", session, err)
	}
}

func TestEventsMissNothingAfterTheCall(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	listener, conn := listenAndConnect(t, fixture)
	session := accepted(t, listener, conn)
	events, err := fixture.Events(t.Context(), hangupv1.Event_PEER_FIN, hangupv1.Event_SESSION_ENDED)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	event, err := events.Next(t.Context())
	if err != nil || event.GetPeerFin() == nil || event.Session != session.Name() {
		t.Fatalf("%v %v", event, err)
	}
	event, err = events.Next(t.Context())
	if err != nil || event.GetSessionEnded().GetReceipt().GetPeerEnd().GetKind() != hangupv1.End_FIN {
		t.Fatalf("%v %v", event, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	event, err = events.Next(ctx)
	expectError(t, err, hangup.ErrDeadlineExceeded, "WAIT_TIMEOUT")
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "of "+session.Name()) {
		t.Fatalf("nothing more happened: %v %v", event, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if event, err := events.Next(cancelled); !errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) {
		t.Fatalf("a context that is cancelled: %v %v", event, err)
	}
	events.Close()
	for range 2 {
		_, err := events.Next(t.Context())
		expectError(t, err, hangup.ErrCancelled, "END_OF_EVENTS")
		if !errors.Is(err, io.EOF) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestWhoEndedTheStreamOfEventsIsTold(t *testing.T) {
	t.Parallel()
	for code, end := range map[hangup.Code]func(*hangup.Fixture) error{
		hangup.ErrCancelled: func(fixture *hangup.Fixture) error {
			_, err := fixture.Close(t.Context())
			return err
		},
		hangup.ErrOutOfRange: func(fixture *hangup.Fixture) error {
			scopes := hangupv1.NewScopeServiceClient(fixture.Daemon().Calls())
			_, err := scopes.DeleteScope(t.Context(), &hangupv1.DeleteScopeRequest{Scope: fixture.Scope()})
			return err
		},
	} {
		fixture := hanguptest.Start(t)
		events, err := fixture.Events(t.Context(), hangupv1.Event_PEER_FIN)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			for {
				// The scope's end is an event too, which may come first.
				if _, err := events.Next(t.Context()); err != nil {
					ended <- err
					return
				}
			}
		}()
		if err := end(fixture); err != nil {
			t.Fatal(err)
		}
		err = <-ended
		expectError(t, err, code, "END_OF_EVENTS")
		if !errors.Is(err, io.EOF) {
			t.Errorf("%v is no io.EOF", err)
		}
	}
}

func TestAcceptedWithoutAPortIsRefused(t *testing.T) {
	t.Parallel()
	listener, conn := listenAndConnect(t, hanguptest.Start(t))
	accepted(t, listener, conn) // which the daemon would give for port 0
	for _, address := range []net.Addr{
		nil,
		(*net.TCPAddr)(nil),
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)},
		&net.TCPAddr{Port: -1},
		&net.TCPAddr{Port: 65536},
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)},
		&net.UnixAddr{Name: "/run/it", Net: "unix"},
	} {
		_, err := listener.Accepted(t.Context(), address)
		expectError(t, err, hangup.ErrInvalidArgument, "INVALID_REQUEST")
	}
}

// expectError fails the test if the error is not a *hangup.Error, by errors.As and errors.Is, of this code and reason.
func expectError(t *testing.T, err error, code hangup.Code, reason hangup.Reason) {
	t.Helper()
	var failure *hangup.Error
	if !errors.As(err, &failure) || failure.Code != code || failure.Reason != reason ||
		!errors.Is(err, code) || !errors.Is(err, reason) {
		t.Errorf("not %s/%s: %v", code, reason, err)
	}
}

func TestADialedSessionSendsAndReceives(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	session, err := hanguptest.Start(t).Dial(t.Context(), server.Addr().String(), hangup.As("client"))
	if err != nil || session.Name() != "client" {
		t.Fatal(session, err)
	}
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if data, err := session.Receive(t.Context(), 5); err != nil || string(data) != "hello" {
		t.Fatalf("%q %v", data, err)
	}
	// Longer than the control stream takes.
	long := strings.Repeat("0123456789abcdef", 1<<14)
	if err := session.Send(t.Context(), []byte(long)); err != nil {
		t.Fatal(err)
	}
	read := make([]byte, len(long))
	if _, err := io.ReadFull(conn, read); err != nil || string(read) != long {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if data, err := session.Receive(ctx, 1); !errors.Is(err, hangup.Reason("RECEIVE_TIMEOUT")) {
		t.Fatalf("%q %v", data, err)
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if data, err := session.Receive(t.Context(), 1); err != syscall.ECONNRESET {
		t.Fatalf("%q %v", data, err)
	}
	if receipt, err := session.WaitEnded(t.Context()); err != nil || receipt.PeerEnd.Kind != hangupv1.End_RST {
		t.Fatalf("%v %v", receipt, err)
	}
}

func TestAHandleIsOfOneLifeOfItsName(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	listener, err := fixture.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := fixture.Dial(t.Context(), listener.Address(), hangup.As("client"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := first.Info(t.Context()); err != nil || info.Uid != first.UID() || !info.Ended {
		t.Errorf("ended: %v %v", info, err)
	}
	second, err := fixture.Dial(t.Context(), listener.Address(), hangup.As("client"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := first.Info(t.Context()); info != nil || !errors.Is(err, hangup.Reason("WAIT_TIMEOUT")) {
		t.Errorf("the first: %v %v", info, err)
	}
	if receipt, err := first.Reset(t.Context()); receipt != nil || !errors.Is(err, hangup.ErrFailedPrecondition) {
		t.Errorf("a command for the first: %v %v", receipt, err)
	}
	for _, living := range []*hangup.Session{second, fixture.Session("client")} {
		if info, err := living.Info(t.Context()); err != nil || info.Uid != second.UID() || info.Ended {
			t.Errorf("the second: %v %v", info, err)
		}
	}
}

func TestSignalsAndActions(t *testing.T) {
	t.Parallel()
	fixture := hanguptest.Start(t)
	listener, err := fixture.Listen(t.Context(), hangup.Plans(hangup.Plan(
		hangup.Step(hangup.AtSignal("go"), hangup.Send("going")),
		hangup.Step(hangup.AtSignal("on"), hangup.Send("on")),
		hangup.Step(hangup.AtSignal("end"), hangup.Do(&hangupv1.ResetAction{AfterFlush: true})),
	)))
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, listener)
	session := accepted(t, listener, conn)
	expectRead := func(expected string) {
		t.Helper()
		read := make([]byte, len(expected))
		if _, err := io.ReadFull(conn, read); err != nil || string(read) != expected {
			t.Fatalf("%q %v", read, err)
		}
	}
	if err := session.Signal(t.Context(), "go"); err != nil {
		t.Fatal(err)
	}
	expectRead("going")
	if err := listener.Signal(t.Context(), "on"); err != nil {
		t.Fatal(err)
	}
	expectRead("on")
	if _, err := session.Perform(t.Context(), hangup.Send("by hand")); err != nil {
		t.Fatal(err)
	}
	expectRead("by hand")
	if err := session.Signal(t.Context(), "gone"); !errors.Is(err, hangup.Reason("UNKNOWN_SIGNAL")) {
		t.Fatal(err)
	}
	if err := fixture.Signal(t.Context(), "end"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if receipt, err := session.Perform(t.Context(), hangup.Close()); !errors.Is(err, hangup.ErrFailedPrecondition) {
		t.Fatalf("%v %v", receipt, err)
	}
}

func TestAListenerThatIsClosedResetsItsSessions(t *testing.T) {
	t.Parallel()
	listener, conn := listenAndConnect(t, hanguptest.Start(t))
	accepted(t, listener, conn)
	if err := listener.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if _, err := listener.Info(t.Context()); !errors.Is(err, hangup.Reason("UNKNOWN_LISTENER")) {
		t.Fatal(err)
	}
}

func TestCloseGivesTheReportAndTheSameAgain(t *testing.T) {
	t.Parallel()
	fixture, err := hangup.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := fixture.Listen(t.Context(), hangup.Name("echo"),
		hangup.Plans(hangup.Plan(hangup.Step(hangup.AtPeerFin(), hangup.Reset()))))
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, listener, connect(t, listener))
	report, err := fixture.Close(t.Context())
	var unfired *hangup.NeverFiredError
	if !errors.As(err, &unfired) || err.Error() != "hangup: never fired: echo, plan 1, step 1: on 1 of 1 connections" {
		t.Fatal(err)
	}
	expectError(t, err, hangup.ErrFailedPrecondition, "NEVER_FIRED")
	if report.Counts.LocalRst != 1 || len(report.NeverFired) != 1 || report.OpenListeners[0] != "echo" {
		t.Errorf("%v", report)
	}
	if again, err := fixture.Close(t.Context()); again != report || !errors.As(err, &unfired) {
		t.Errorf("then %v %v", again, err)
	}
	if _, err := fixture.Listen(t.Context()); err == nil {
		t.Error("a fixture that was closed listens")
	}
}

func TestAFixtureOutlivesTheContextThatBeganIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	fixture, err := hangup.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	events, err := fixture.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := fixture.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if event, err := events.Next(t.Context()); err != nil || event.GetListenerCreated() == nil {
		t.Fatal(event, err)
	}
	if _, err := fixture.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := hangup.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("begun with a context that is cancelled: %v", err)
	}
}

func listenAndConnect(t *testing.T, fixture *hangup.Fixture) (*hangup.Listener, net.Conn) {
	t.Helper()
	listener, err := fixture.Listen(t.Context(), hangup.Name("echo"))
	if err != nil {
		t.Fatal(err)
	}
	return listener, connect(t, listener)
}

func connect(t *testing.T, listener *hangup.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func accepted(t *testing.T, listener *hangup.Listener, conn net.Conn) *hangup.Session {
	t.Helper()
	session, err := listener.Accepted(t.Context(), conn.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return session
}
