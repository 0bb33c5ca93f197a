package hangup

import (
	"errors"
	"testing"

	"hangup/clients/go/hangupv1"
)

func TestAControlStreamThatEndedIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	shared, err := Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// One of its own: the others' calls go on.
	daemon, err := connect(t.Context(), shared.address, "", func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.transport.conn.Close()
	fixture, err := daemon.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
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

func TestEveryRequestOfTheControlStreamHasItsReply(t *testing.T) {
	t.Parallel()
	if requests, responses := len(controlRequests.fields), len(controlResponses.fields); requests != responses || requests < 20 {
		t.Errorf("%d requests, %d replies", requests, responses)
	}
	if control := (&control{}); !control.carries(&hangupv1.GetInfoRequest{}) || control.carries(&hangupv1.ShutdownRequest{}) {
		t.Error("what the contract says is carried is not, or the other way round")
	}
}
