package samples

import (
	"errors"
	"net"
	"syscall"
	"testing"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
)

func TestRefusedThenAccepted(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context(), hangup.Refusing())
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", listener.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("Dial gave %v, %v, not ECONNREFUSED", conn, err)
	}
	// The server is back, on the same port.
	if err := listener.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect(t, listener)
}
