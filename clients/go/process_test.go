package hangup_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
)

func TestTheDaemonAtTheAddress(t *testing.T) {
	t.Parallel()
	address := serve(t, "--listen", "127.0.0.1:0")
	// As a file or a shell may give it.
	first, _ := tells(t, t.TempDir(), "HANGUP_ADDRESS= "+address+"\n")
	second, complaint := tells(t, t.TempDir(), "HANGUP_ADDRESS="+address)
	if first.DaemonPid == 0 || first != second || first.Address != address {
		t.Fatalf("%+v, then %+v %s", first, second, complaint)
	}
}

func TestAUnixSocketAndATokenOfTheEnvironment(t *testing.T) {
	t.Parallel()
	// t.TempDir is longer than a unix socket may be, with some names of tests.
	directory, err := os.MkdirTemp("", "hangup")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	file := filepath.Join(directory, "token")
	if err := os.WriteFile(file, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "HANGUP_ADDRESS=" + serve(t, "--listen", "unix:"+directory+"/api", "--token-file", file)
	for _, token := range []string{"HANGUP_TOKEN=0123456789abcdef", "HANGUP_TOKEN_FILE=" + file} {
		if found, complaint := tells(t, directory, address, token); found.DaemonPid == 0 {
			t.Errorf("%s: %s", token, complaint)
		}
	}
	if _, complaint := tells(t, directory, address); !strings.Contains(complaint, "(TOKEN_MISSING)") {
		t.Errorf("without a token: %q", complaint)
	}
	if _, complaint := tells(t, directory, address, "HANGUP_TOKEN_FILE=/no/such"); !strings.Contains(complaint, "HANGUP_TOKEN_FILE: open /no/such") {
		t.Errorf("without the file: %q", complaint)
	}
}

func TestWhereTheCommandIsFound(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	onlyNode := "PATH=" + linkIn(t, t.TempDir(), "node", node)
	places := map[string]struct {
		link        string
		environment func(root string) []string
	}{
		"HANGUP_COMMAND": {"elsewhere/it", func(root string) []string {
			return []string{onlyNode, "HANGUP_COMMAND=node  " + root + "/elsewhere/it"}
		}},
		"PATH":               {"path/hangup", func(root string) []string { return []string{onlyNode + ":" + root + "/path"} }},
		"node_modules above": {"node_modules/.bin/hangup", func(string) []string { return []string{onlyNode} }},
		"a checkout above":   {"bin/hangup.cjs", func(string) []string { return []string{onlyNode} }},
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			linkIn(t, root, place.link, hangupOfCheckout(t))
			directory := filepath.Join(root, "a", "b")
			if err := os.MkdirAll(directory, 0o755); err != nil {
				t.Fatal(err)
			}
			found, complaint := tells(t, directory, place.environment(root)...)
			if found.DaemonPid == 0 {
				t.Fatal(complaint)
			}
			waitUntil(t, "the daemon has ended with the process", func() bool { return gone(found.DaemonPid) })
		})
	}
}

// linkIn makes a link, and gives the directory that it is in.
func linkIn(t *testing.T, root, name, target string) string {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(path)
}

func TestWhatIsSaidWithoutADaemon(t *testing.T) {
	t.Parallel()
	listener, err := hanguptest.Start(t).Listen(t.Context(), hangup.Refusing())
	if err != nil {
		t.Fatal(err)
	}
	for name, expected := range map[string]struct {
		environment string
		said        []string
	}{
		"none found":      {"PATH=/no/such", []string{"no daemon", "HANGUP_ADDRESS", "HANGUP_COMMAND", "hangup run -- go test", "NOT_FOUND/DAEMON_NOT_FOUND"}},
		"nobody there":    {"HANGUP_ADDRESS=" + listener.Address(), []string{"no daemon at HANGUP_ADDRESS=" + listener.Address(), "connection refused", "UNAVAILABLE/DAEMON_GONE"}},
		"no such command": {"HANGUP_COMMAND=/no/such", []string{"could not start the daemon with `/no/such serve`", "no such file", "UNAVAILABLE/DAEMON_NOT_STARTED"}},
		"it ends at once": {"HANGUP_COMMAND=node --no-such-option", []string{"ended at once", "standard error", "bad option: --no-such-option", "(DAEMON_NOT_STARTED)"}},
		"it is no hangup": {"HANGUP_COMMAND=echo no", []string{`first line is no ready line: "no serve --listen`}},
		"a number":        {"HANGUP_COMMAND=" + ready(t, `{"address":1}`), []string{`no ready line: "{\"address\":1}"`, "UNAVAILABLE/DAEMON_NOT_STARTED"}},
		"no address":      {"HANGUP_COMMAND=" + ready(t, `{"address":"nowhere"}`), []string{"no ready line", "UNAVAILABLE/DAEMON_NOT_STARTED"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, complaint := tells(t, t.TempDir(), expected.environment)
			if found.DaemonPid != 0 {
				t.Fatalf("it found %+v", found)
			}
			for _, said := range expected.said {
				if !strings.Contains(complaint, said) {
					t.Errorf("%q is not in %q", said, complaint)
				}
			}
		})
	}
}

// ready gives a command that prints this line.
func ready(t *testing.T, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ready")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+line+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return "sh " + path
}

func TestASettingThatCannotBeUsedIsSaidToBe(t *testing.T) {
	t.Parallel()
	fileOf := func(content string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "HANGUP_TOKEN_FILE=" + path
	}
	at := "HANGUP_ADDRESS=127.0.0.1:1"
	for _, environment := range [][]string{
		{"HANGUP_ADDRESS=localhost"},
		{"HANGUP_ADDRESS=127.0.0.1:"},
		{"HANGUP_ADDRESS=127.0.0.1:0"},
		{"HANGUP_ADDRESS=127.0.0.1:99999"},
		{"HANGUP_ADDRESS=:4264"},
		{"HANGUP_ADDRESS=::1:4264"},
		{"HANGUP_ADDRESS=http://127.0.0.1:4264"},
		{"HANGUP_ADDRESS=unix:"},
		{"HANGUP_ADDRESS=/run/hangup.sock"},
		{at, "HANGUP_TOKEN= "},
		{at, "HANGUP_TOKEN=two words"},
		{at, "HANGUP_TOKEN=two\nlines"},
		{at, "HANGUP_TOKEN=t\u00f6ken"},
		{at, fileOf("")},
		{at, fileOf("two words")},
		{at, fileOf("\xff\xfe")},
		{at, "HANGUP_TOKEN_FILE=/no/such"},
	} {
		t.Run(strings.Join(environment, " "), func(t *testing.T) {
			t.Parallel()
			if _, complaint := tells(t, t.TempDir(), environment...); !strings.HasSuffix(complaint, "INVALID_ARGUMENT/INVALID_SETTING\n") {
				t.Errorf("%q", complaint)
			}
		})
	}
}

func TestSIGKILLLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	child := command(t, "hold", t.TempDir(), "HANGUP_COMMAND=node "+hangupOfCheckout(t))
	held, _ := started(t, child)
	conn, err := net.Dial("tcp", held.Listener)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("its session goes on: %v", err)
	}
	waitUntil(t, "the daemon has gone", func() bool { return gone(held.DaemonPid) })
	waitUntil(t, "nobody listens", func() bool {
		conn, err := net.Dial("tcp", held.Listener)
		if err == nil {
			_ = conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	// What the process had started lives: it is not by its end that the daemon's standard input ended.
	if gone(held.ChildPid) {
		t.Error("the child of the process has gone too, and the test proves nothing")
	}
	_ = child.Wait()
}

func TestADaemonThatIsLostAtTheAddressIsFoundThereAgain(t *testing.T) {
	t.Parallel()
	directory, err := os.MkdirTemp("", "hangup")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	// A port might be another's by the time that the second daemon wants it.
	address, first := serveAs(t, "--listen", "unix:"+directory+"/api")
	child := command(t, "return", directory, "HANGUP_ADDRESS="+address)
	child.Stderr = os.Stderr
	next, stdin := startedToTell(t, child)
	if found := next(); found.DaemonPid != first.Pid {
		t.Fatalf("it found %+v, not %d", found, first.Pid)
	}
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	next()
	_, second := serveAs(t, "--listen", address)
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if found := next(); found.DaemonPid != second.Pid {
		t.Errorf("then it found %+v, not %d", found, second.Pid)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func TestADaemonThatHasGoneIsSaidToHave(t *testing.T) {
	t.Parallel()
	child := command(t, "orphan", t.TempDir(), "HANGUP_COMMAND=node "+hangupOfCheckout(t))
	var stderr bytes.Buffer
	child.Stderr = &stderr
	orphan, stdin := started(t, child)
	if err := syscall.Kill(orphan.DaemonPid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the daemon has gone", func() bool { return gone(orphan.DaemonPid) })
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if said := stderr.String(); !strings.Contains(said, "has ended: signal: killed") || !strings.Contains(said, "(DAEMON_GONE)") {
		t.Errorf("it said %q", said)
	}
}

// gone tells that there is no such process, or that it has ended and nobody has waited for it yet.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	// proc(5): the state follows the name, which is in brackets.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return fields[0] == "Z"
}
