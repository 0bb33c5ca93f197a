package samples

import (
	"errors"
	"syscall"
	"testing"

	"hangup/clients/go/hanguptest"
)

func TestResetGivesECONNRESET(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, session := connect(t, listener)
	if _, err := session.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("Read gave %v, not ECONNRESET", err)
	}
}
