package samples

import (
	"io"
	"net"
	"testing"
	"time"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
)

// ask is the code under test: it asks a server, again after a failure, three times in all.
func ask(address string) (answer string, attempts int, err error) {
	for attempts = 1; ; attempts++ {
		if answer, err = askOnce(address); err == nil || attempts == 3 {
			return answer, attempts, err
		}
	}
}

func askOnce(address string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		return "", err
	}
	answer := make([]byte, 5)
	_, err = io.ReadFull(conn, answer)
	return string(answer), err
}

func TestRetrySucceedsTheThirdTime(t *testing.T) {
	t.Parallel()
	// The first two connections are reset at their first byte, and those behind the plan are echoed. That both were is
	// looked at when the test ends: a step that never fired fails it.
	listener, err := hanguptest.Start(t).Listen(t.Context(),
		hangup.Plans(hangup.PlanFor(2, hangup.Step(hangup.AtBytesReceived(1), hangup.Reset()))))
	if err != nil {
		t.Fatal(err)
	}
	answer, attempts, err := ask(listener.Address())
	if err != nil || answer != "hello" || attempts != 3 {
		t.Fatalf("%q after %d attempts: %v", answer, attempts, err)
	}
}
