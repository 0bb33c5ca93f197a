// Package samples shows what Go makes of endings, one file each.
package samples

import (
	"net"
	"testing"
	"time"

	hangup "hangup/clients/go"
)

// connect connects to the listener, and gives the connection and the session that it is for the daemon.
func connect(t *testing.T, listener *hangup.Listener) (*net.TCPConn, *hangup.Session) {
	t.Helper()
	conn, err := net.Dial("tcp", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	session, err := listener.Accepted(t.Context(), conn.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn), session
}
