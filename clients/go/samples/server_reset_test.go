package samples

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"hangup/clients/go/hanguptest"
)

func TestServerMeetsAClientThatResets(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	session, err := hanguptest.Start(t).Dial(t.Context(), server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := session.Send(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("Read gave %v, not ECONNRESET", err)
	}
}
