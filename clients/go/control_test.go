package hangup

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hangup/clients/go/hangupv1"
)

func TestAControlStreamThatEndedIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	daemon, fixture := startOnConnectionOfItsOwn(t)
	waited := make(chan error)
	go func() {
		_, err := fixture.Session("never").Wait(t.Context(), Until{})
		waited <- err
	}()
	stream := daemon.transport.control.stream()
	// An id that is in use ends the stream.
	wait := &hangupv1.ControlRequest{Id: 1 << 40, Request: &hangupv1.ControlRequest_WaitSession{
		WaitSession: &hangupv1.WaitSessionRequest{Scope: fixture.Scope(), Session: "never"},
	}}
	stream.outgoing <- wait
	stream.outgoing <- wait
	if err := <-waited; !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("the call under way: %v", err)
	}
	<-stream.ended
	if _, err := fixture.Listen(t.Context()); err != nil {
		t.Errorf("the next call: %v", err)
	}
	if _, err := fixture.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestARequestThatCannotBeEncodedFailsAlone(t *testing.T) {
	t.Parallel()
	daemon, fixture := startOnConnectionOfItsOwn(t)
	waited := make(chan error)
	go func() {
		_, err := fixture.Session("client").Wait(t.Context(), Until{})
		waited <- err
	}()
	stream := daemon.transport.control.stream()
	waitUntil(t, "the call is under way", func() bool {
		stream.mutex.Lock()
		defer stream.mutex.Unlock()
		return len(stream.waiting) == 1
	})
	if _, err := fixture.Listen(t.Context(), Name("\xff")); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
	listener, err := fixture.Listen(t.Context())
	if err != nil {
		t.Fatalf("the next call: %v", err)
	}
	if _, err := fixture.Dial(t.Context(), listener.Address(), As("client")); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if _, err := fixture.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEveryRequestOfTheControlStreamHasItsReply(t *testing.T) {
	t.Parallel()
	if requests, responses := len(controlRequests.fields), len(controlResponses.fields); requests != responses || requests < 20 {
		t.Errorf("%d requests, %d replies", requests, responses)
	}
	if control := (&control{}); !control.carries(&hangupv1.GetInfoRequest{}) || control.carries(&hangupv1.ShutdownRequest{}) {
		t.Error("what the contract says is carried is not, or the other way round")
	}
}

func TestWithoutDetailsItIsNotTheDaemonWhoSaysSo(t *testing.T) {
	t.Parallel()
	for code, reason := range map[codes.Code]Reason{
		codes.Unavailable:       "DAEMON_GONE",
		codes.DeadlineExceeded:  "NO_ANSWER",
		codes.ResourceExhausted: "",
	} {
		err := errorOf("/hangup.v1.SessionService/WaitSession", status.Error(code, "a proxy says"))
		var failure *Error
		if !errors.As(err, &failure) || failure.Reason != reason || failure.Message != "a proxy says" {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestNextDoesNotWaitForAnotherPastItsOwnTime(t *testing.T) {
	t.Parallel()
	_, fixture := startOnConnectionOfItsOwn(t)
	listener, err := fixture.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// As while another Next waits, which goes on for ever.
	listener.next <- struct{}{}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for name, call := range map[string]struct {
		ctx      context.Context
		expected Code
	}{
		"no deadline": {t.Context(), ErrDeadlineExceeded},
		"a deadline":  {short, ErrDeadlineExceeded},
		"cancelled":   {cancelled, ErrCancelled},
	} {
		waited := make(chan error, 1)
		go func() {
			_, err := listener.Next(call.ctx)
			waited <- err
		}()
		select {
		case err := <-waited:
			if late := errors.Is(err, Reason("WAIT_TIMEOUT")); late != (call.expected == ErrDeadlineExceeded) {
				t.Errorf("%s: its reason: %v", name, err)
			}
			if !errors.Is(err, call.expected) || !strings.Contains(err.Error(), "another Next") {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: it waits on", name)
		}
	}
	if _, err := fixture.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseSaysThatTheScopeHadEndedWhereNobodyToldTheReport(t *testing.T) {
	t.Parallel()
	daemon, fixture := startOnConnectionOfItsOwn(t)
	// The scope ends with the stream that held it; with this call at the latest it has ended, or is about to.
	fixture.release()
	_, _ = daemon.scopes.DeleteScope(t.Context(), &hangupv1.DeleteScopeRequest{Scope: fixture.Scope()})
	report, err := fixture.Close(t.Context())
	if report != nil || err == nil || !strings.Contains(err.Error(), "scope "+fixture.Scope()+" had ended before") {
		t.Errorf("%v %v", report, err)
	}
}

// startOnConnectionOfItsOwn gives a fixture whose calls, and those of the daemon given, go over a control stream that no
// other test uses.
func startOnConnectionOfItsOwn(t *testing.T) (*Daemon, *Fixture) {
	t.Helper()
	shared, err := Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := connect(t.Context(), shared.address, "", func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.transport.conn.Close() })
	fixture, err := daemon.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return daemon, fixture
}

// waitUntil calls until it holds, or fails the test after 10 s.
func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
