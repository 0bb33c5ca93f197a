package hangup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	// How long the daemon may take to say that it is ready.
	startTimeout = 30 * time.Second
	// How much of the end of the daemon's standard error is kept, in bytes.
	lastWordsBytes = 8192
)

// process is a daemon that this process started.
type process struct {
	address string
	command []string
	// The writing end of the daemon's standard input, never written to and never closed: the kernel closes it when
	// this process ends, and then the daemon ends. Go opens pipes with O_CLOEXEC, so no other child holds it as well.
	stdin  io.WriteCloser
	stderr tail
	exited chan struct{}
	exit   error
}

// startProcess starts a daemon, and waits until it is ready.
func startProcess(ctx context.Context) (*process, error) {
	command, err := findCommand()
	if err != nil {
		return nil, err
	}
	started := &process{command: command, exited: make(chan struct{})}
	args := append(slices.Clone(command[1:]), "serve", "--listen", "127.0.0.1:0", "--exit-with-stdin")
	child := exec.Command(command[0], args...)
	child.Stderr = &started.stderr
	// What wraps the daemon may leave behind a process that holds its standard error: not waited for.
	child.WaitDelay = time.Second
	if started.stdin, err = child.StdinPipe(); err != nil {
		return nil, started.failed(err)
	}
	stdout, stdoutOfChild, err := os.Pipe()
	if err != nil {
		return nil, started.failed(err)
	}
	child.Stdout = stdoutOfChild
	err = child.Start()
	err = errors.Join(err, stdoutOfChild.Close())
	if err != nil {
		return nil, errors.Join(started.failed(err), stdout.Close())
	}
	go func() {
		started.exit = child.Wait()
		close(started.exited)
	}()

	type readyLine struct {
		text string
		err  error
	}
	ready := make(chan readyLine, 1)
	go func() {
		defer stdout.Close()
		lines := bufio.NewReader(stdout)
		text, err := lines.ReadString('\n')
		ready <- readyLine{text, err}
		// Read on, so that the daemon never waits for somebody who reads.
		_, _ = io.Copy(io.Discard, lines)
	}()
	var line readyLine
	select {
	case line = <-ready:
	case <-ctx.Done():
		line.err = errors.New("it was not ready in time")
	}
	var told struct{ Address string }
	if line.err == nil {
		if err := json.Unmarshal([]byte(line.text), &told); err != nil || !isAddress(told.Address) {
			line.err = fmt.Errorf("its first line is no ready line: %q", strings.TrimSpace(line.text))
		}
	}
	if line.err != nil {
		_ = started.stdin.Close()
		select {
		case <-started.exited:
		case <-time.After(2 * time.Second):
			_ = child.Process.Kill()
			<-started.exited
		}
		if errors.Is(line.err, io.EOF) {
			line.err = errors.New("it ended at once")
		}
		return nil, started.failed(line.err)
	}
	started.address = told.Address
	return started, nil
}

func (p *process) failed(err error) error {
	message := fmt.Sprintf("could not start the daemon with `%s serve`: %v%s", strings.Join(p.command, " "), err, p.stderr.quoted())
	return clientError(codes.Unavailable, "DAEMON_NOT_STARTED", message, err)
}

// whyGone tells why the daemon, which did not answer, is gone; empty if it is not. Its connections end a moment before
// it can be waited for.
func (p *process) whyGone() string {
	select {
	case <-p.exited:
		ended := "exit status 0"
		if p.exit != nil {
			ended = p.exit.Error()
		}
		return "the daemon that this process started has ended: " + ended + p.stderr.quoted()
	case <-time.After(time.Second):
		return ""
	}
}

// findCommand gives the command line that starts hangup: HANGUP_COMMAND, `hangup` on the PATH, or one in the working
// directory or above it.
func findCommand() ([]string, error) {
	if command := strings.Fields(os.Getenv("HANGUP_COMMAND")); len(command) > 0 {
		return command, nil
	}
	if path, err := exec.LookPath("hangup"); err == nil {
		return []string{path}, nil
	}
	directory, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("hangup: %w", err)
	}
	for {
		for _, place := range []string{"node_modules/.bin/hangup", "bin/hangup.cjs"} {
			path := filepath.Join(directory, place)
			if found, err := os.Stat(path); err == nil && found.Mode().IsRegular() {
				return []string{path}, nil
			}
		}
		above := filepath.Dir(directory)
		if above == directory {
			return nil, clientError(codes.NotFound, "DAEMON_NOT_FOUND",
				"no daemon: set HANGUP_ADDRESS to that of one that runs (`hangup run -- go test ./...` does), "+
					"or have `hangup` on the PATH, in node_modules/.bin here or above, or in HANGUP_COMMAND", nil)
		}
		directory = above
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	kept  []byte
}

// Write never fails.
func (t *tail) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, data...)
	t.kept = t.kept[max(0, len(t.kept)-lastWordsBytes):]
	return len(data), nil
}

// quoted is what was kept, to be put behind a message; empty if there is none.
func (t *tail) quoted() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if text := strings.TrimSpace(string(t.kept)); text != "" {
		return "\nits standard error:\n" + text
	}
	return ""
}
