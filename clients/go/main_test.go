package hangup_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	"hangup/clients/go/hangupv1"
)

// Programs that this test binary is when it is started with this variable: what is true of a whole process is tested on
// one.
const childVariable = "HANGUP_TEST_CHILD"

var children = map[string]func() error{
	"tell":    tell,
	"hold":    hold,
	"outlive": outlive,
	"orphan":  orphan,
	"return":  returnToIt,
}

func TestMain(m *testing.M) {
	if child, is := children[os.Getenv(childVariable)]; is {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			var failure *hangup.Error
			if errors.As(err, &failure) {
				fmt.Fprintf(os.Stderr, "%s/%s\n", failure.Code, failure.Reason)
			}
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

// returnToIt tells which daemon it uses, and when that is lost; then it waits for the end of its standard input, begins a
// fixture on the daemon that is there by now, and tells which that is.
func returnToIt() error {
	ctx := context.Background()
	fixture, err := hangup.Start(ctx)
	if err != nil {
		return err
	}
	daemon := fixture.Daemon()
	events, err := fixture.Events(ctx)
	if err != nil {
		return err
	}
	if err := print(told{DaemonPid: int(daemon.Info().Pid)}); err != nil {
		return err
	}
	long, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if event, err := events.Next(long); !errors.Is(err, hangup.ErrUnavailable) {
		return fmt.Errorf("the stream of events that is lost gave %v, %w", event, err)
	}
	if err := print(told{}); err != nil {
		return err
	}
	if err := outlive(); err != nil {
		return err
	}
	if fixture, err = daemon.Start(ctx); err != nil {
		return err
	}
	if _, err := fixture.Listen(ctx); err != nil {
		return err
	}
	info, err := hangupv1.NewDaemonServiceClient(daemon.Calls()).GetInfo(ctx, &hangupv1.GetInfoRequest{})
	if err != nil {
		return err
	}
	if _, err := fixture.Close(ctx); err != nil {
		return err
	}
	return print(told{DaemonPid: int(info.Pid)})
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
	next, stdin := startedToTell(t, child)
	return next(), stdin
}

// startedToTell is for a program that prints more than once: each call gives the next, and waits for it.
func startedToTell(t *testing.T, child *exec.Cmd) (func() told, io.Closer) {
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
	lines := bufio.NewReader(stdout)
	return func() told {
		t.Helper()
		text, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%v: it has printed %q", err, text)
		}
		var line told
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		return line
	}, stdin
}

// serve starts a daemon that is not this process's own, and gives its address. It ends with the test.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	address, _ := serveAs(t, args...)
	return address
}

// serveAs gives the process of the daemon too.
func serveAs(t *testing.T, args ...string) (string, *os.Process) {
	t.Helper()
	child := exec.Command("node", append([]string{hangupOfCheckout(t), "serve", "--exit-with-stdin"}, args...)...)
	child.Stderr = io.Discard
	ready, stdin := started(t, child)
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	return ready.Address, child.Process
}

func hangupOfCheckout(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../bin/hangup.cjs")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// waitUntil calls until it holds, or fails the test after 10 s: the 2 s that the daemon has are for a machine at rest.
func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
