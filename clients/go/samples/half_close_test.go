package samples

import (
	"errors"
	"io"
	"testing"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
)

func TestHalfCloseLeavesTheOtherDirectionOpen(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, session := connect(t, listener)
	if _, err := session.HalfClose(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("Read gave %v, not EOF", err)
	}
	if _, err := conn.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Wait(t.Context(), hangup.Until{BytesReceived: 4}); err != nil {
		t.Fatal(err)
	}
}
