package hangup_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	hangup "hangup/clients/go"
)

// Programs that this test binary is when it is started with this variable: what is true of a whole process is tested on
// one.
const childVariable = "HANGUP_TEST_CHILD"

var children = map[string]func() error{
	"tell":    tell,
	"hold":    hold,
	"outlive": outlive,
	"orphan":  orphan,
}

func TestMain(m *testing.M) {
	if child, is := children[os.Getenv(childVariable)]; is {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// told is what the programs print.
type told struct {
	DaemonPid int
	Address   string
	Listener  string
	ChildPid  int
}

// tell finds or starts the daemon, and prints which.
func tell() error {
	fixture, err := hangup.Start(context.Background())
	if err != nil {
		return err
	}
	if err := print(told{DaemonPid: int(fixture.Daemon().Info().Pid), Address: fixture.Daemon().Address()}); err != nil {
		return err
	}
	_, err = fixture.Close(context.Background())
	return err
}

// hold holds a daemon, a listener and a session, and starts a process that outlives it; it ends by a signal alone.
func hold() error {
	ctx := context.Background()
	fixture, err := hangup.Start(ctx)
	if err != nil {
		return err
	}
	listener, err := fixture.Listen(ctx)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", listener.Address())
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := listener.Accepted(ctx, conn.LocalAddr()); err != nil {
		return err
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=outlive")
	child.Stdin = os.Stdin
	if err := child.Start(); err != nil {
		return err
	}
	if err := print(told{
		DaemonPid: int(fixture.Daemon().Info().Pid), Listener: listener.Address(), ChildPid: child.Process.Pid,
	}); err != nil {
		return err
	}
	select {}
}

// outlive ends when its standard input does, that of the test.
func outlive() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// orphan starts a daemon, waits until it has gone, and then calls it.
func orphan() error {
	fixture, err := hangup.Start(context.Background())
	if err != nil {
		return err
	}
	if err := print(told{DaemonPid: int(fixture.Daemon().Info().Pid)}); err != nil {
		return err
	}
	// The test ends the daemon, and then this standard input.
	if err := outlive(); err != nil {
		return err
	}
	_, err = fixture.Listen(context.Background())
	return err
}

func print(line told) error { return json.NewEncoder(os.Stdout).Encode(line) }

// command gives this binary as the program, in a directory, with only these of the variables that say where hangup is.
func command(t *testing.T, program, directory string, environment ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(binary)
	child.Dir = directory
	child.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "HANGUP_") })
	child.Env = append(child.Env, childVariable+"="+program)
	child.Env = append(child.Env, environment...)
	return child
}

// tells runs the program `tell`, and gives what it printed, or what it complained of.
func tells(t *testing.T, directory string, environment ...string) (told, string) {
	t.Helper()
	child := command(t, "tell", directory, environment...)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	output, err := child.Output()
	if err != nil {
		return told{}, stderr.String()
	}
	var line told
	if err := json.Unmarshal(output, &line); err != nil {
		t.Fatalf("%v in %q", err, output)
	}
	return line, stderr.String()
}

// started starts a program that goes on, and gives what it printed first. Its standard input is ended with the test.
func started(t *testing.T, child *exec.Cmd) (told, io.Closer) {
	t.Helper()
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	text, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v: it has printed %q", err, text)
	}
	var line told
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return line, stdin
}

// serve starts a daemon that is not this process's own, and gives its address. It ends with the test.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	child := exec.Command("node", append([]string{hangupOfCheckout(t), "serve", "--exit-with-stdin"}, args...)...)
	child.Stderr = io.Discard
	ready, stdin := started(t, child)
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	return ready.Address
}

func hangupOfCheckout(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../bin/hangup.cjs")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// within2s calls until it holds, or fails the test after 2 s.
func within2s(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 2*time.Second {
			t.Fatalf("not within 2 s: %s", what)
		}
	}
}
