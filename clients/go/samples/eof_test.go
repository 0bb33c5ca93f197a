package samples

import (
	"errors"
	"io"
	"testing"

	"hangup/clients/go/hanguptest"
)

func TestCloseGivesEOF(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, session := connect(t, listener)
	if _, err := session.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("Read gave %v, not EOF", err)
	}
}
