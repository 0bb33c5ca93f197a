// Runs the scenarios of test/conformance/scenarios with the sockets of package net and the client of net/http, and
// prints what a user of Go sees.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	hangup "hangup/clients/go"
	"hangup/clients/go/hangupv1"
)

const defaultTimeout = 5 * time.Second

type scenario struct {
	Name     string
	Listener json.RawMessage
	Steps    []map[string]json.RawMessage
	// By language; those of others are not looked at.
	Differences map[string]json.RawMessage
}

// An outcome that is expected: one, or one of several.
type expectation []string

// UnmarshalJSON takes a text or a list of them.
func (e *expectation) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*e = expectation{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(e))
}

// expected gives the outcomes of the steps that are reported.
func (s scenario) expected() (outcomes []expectation, err error) {
	if known, is := s.Differences["go"]; is {
		var difference struct{ Expect []expectation }
		err := json.Unmarshal(known, &difference)
		return difference.Expect, err
	}
	for _, step := range s.Steps {
		if expect, is := step["expect"]; is {
			var outcome expectation
			if err := json.Unmarshal(expect, &outcome); err != nil {
				return nil, err
			}
			outcomes = append(outcomes, outcome)
		}
	}
	return outcomes, nil
}

// asExpected tells whether all that was seen was expected.
func (s scenario) asExpected(steps []reported) error {
	expected, err := s.expected()
	if err != nil {
		return err
	}
	matches := func(step reported, outcomes expectation) bool { return slices.Contains(outcomes, step.Outcome) }
	if !slices.EqualFunc(steps, expected, matches) {
		return fmt.Errorf("%v, not %q", steps, expected)
	}
	return nil
}

type program struct {
	Language string `json:"language"`
	Version  string `json:"version"`
	Sockets  string `json:"sockets"`
	HTTP     string `json:"http"`
}

type result struct {
	Scenario string     `json:"scenario"`
	Steps    []reported `json:"steps"`
}

type reported struct {
	Step    string `json:"step"`
	Outcome string `json:"outcome"`
	Saw     string `json:"saw"`
}

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "fail where an outcome is not the expected one")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: conformance [-check] scenarios.json")
	}
	content := must(os.ReadFile(flag.Arg(0)))
	var scenarios []scenario
	if err := json.Unmarshal(content, &scenarios); err != nil {
		log.Fatal(err)
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	report := func(line any) {
		if err := output.Encode(line); err != nil {
			log.Fatal(err)
		}
	}
	report(program{Language: "go", Version: runtime.Version(), Sockets: "net", HTTP: "net/http"})
	failed := false
	for _, scenario := range scenarios {
		steps, err := run(scenario)
		if *check && err == nil {
			err = scenario.asExpected(steps)
		}
		if err != nil {
			failed = true
			log.Printf("%s: %v", scenario.Name, err)
		}
		report(result{scenario.Name, steps})
	}
	if failed {
		os.Exit(1)
	}
}

// run gives what was seen, and an error for what should have worked and was not to be reported.
func run(scenario scenario) (steps []reported, err error) {
	ctx := context.Background()
	fixture, err := hangup.Start(ctx, hangup.Label("scenario", scenario.Name))
	if err != nil {
		return nil, err
	}
	defer func() {
		_, closing := fixture.Close(ctx)
		err = errors.Join(err, closing)
	}()
	stage := &stage{ctx: ctx, fixture: fixture}
	defer stage.leave()
	if scenario.Listener != nil {
		var request hangupv1.CreateListenerRequest
		if err := protojson.Unmarshal(scenario.Listener, &request); err != nil {
			return nil, err
		}
		stage.listener, err = fixture.Listen(ctx, func(r *hangupv1.CreateListenerRequest) { proto.Merge(r, &request) })
		if err != nil {
			return nil, err
		}
	}
	for number, step := range scenario.Steps {
		for name, argument := range step {
			if name == "expect" {
				continue
			}
			outcome, saw := stage.perform(name, argument)
			if _, expected := step["expect"]; expected {
				steps = append(steps, reported{name, outcome, withoutPorts(saw)})
			} else if outcome != "OK" {
				err = errors.Join(err, fmt.Errorf("step %d, %s: %s", number+1, name, saw))
			}
		}
	}
	return steps, err
}

// stage is what a scenario has in hand.
type stage struct {
	ctx      context.Context
	fixture  *hangup.Fixture
	listener *hangup.Listener
	server   net.Listener
	conn     *net.TCPConn
	session  *hangup.Session
}

func (s *stage) perform(name string, argument json.RawMessage) (outcome, saw string) {
	var options struct {
		TimeoutMs int64
		Attempts  int
	}
	// The text of `write`, and the fields of an action, are no options.
	_ = json.Unmarshal(argument, &options)
	timeout := defaultTimeout
	if options.TimeoutMs > 0 {
		timeout = time.Duration(options.TimeoutMs) * time.Millisecond
	}
	switch name {
	case "connect":
		conn, err := net.DialTimeout("tcp", s.listener.Address(), timeout)
		if err != nil {
			return failure(err)
		}
		s.conn = conn.(*net.TCPConn)
		return "OK", fmt.Sprintf("%T", conn)
	case "write":
		var text string
		if err := json.Unmarshal(argument, &text); err != nil {
			return failure(err)
		}
		count, err := s.conn.Write([]byte(text))
		if err != nil {
			return failure(err)
		}
		return "OK", fmt.Sprint(count)
	case "read":
		if err := s.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
			return failure(err)
		}
		buffer := make([]byte, 64<<10)
		count, err := s.conn.Read(buffer)
		if err != nil {
			return failure(err)
		}
		return "DATA " + string(buffer[:count]), fmt.Sprintf("%q", buffer[:count])
	case "perform":
		return succeeded(s.act(argument))
	case "wait":
		return succeeded(s.wait(argument))
	case "httpGet":
		return s.get(max(options.Attempts, 1))
	case "serve":
		var err error
		s.server, err = net.Listen("tcp", "127.0.0.1:0")
		return succeeded(err)
	case "dial":
		var err error
		if s.session, err = s.fixture.Dial(s.ctx, s.server.Addr().String()); err != nil {
			return failure(err)
		}
		conn, err := s.server.Accept()
		if err != nil {
			return failure(err)
		}
		s.conn = conn.(*net.TCPConn)
		return "OK", fmt.Sprintf("%T", conn)
	case "close":
		return succeeded(s.conn.Close())
	case "reset":
		return succeeded(errors.Join(s.conn.SetLinger(0), s.conn.Close()))
	case "receipt":
		session, err := s.sessionOfConn()
		if err != nil {
			return failure(err)
		}
		receipt, err := session.WaitEnded(s.ctx)
		if err != nil {
			return failure(err)
		}
		ends := fmt.Sprintf("local %s, peer %s", receipt.GetLocalEnd().GetKind(), receipt.GetPeerEnd().GetKind())
		return ends, ends
	}
	return failure(fmt.Errorf("unknown step %q", name))
}

func (s *stage) act(argument json.RawMessage) error {
	var action hangupv1.Action
	if err := protojson.Unmarshal(argument, &action); err != nil {
		return err
	}
	session, err := s.sessionOfConn()
	if err != nil {
		return err
	}
	_, err = session.Perform(s.ctx, &action)
	return err
}

func (s *stage) wait(argument json.RawMessage) error {
	var request hangupv1.WaitSessionRequest
	if err := protojson.Unmarshal(argument, &request); err != nil {
		return err
	}
	request.Scope = s.fixture.Scope()
	if request.Ordinal > 0 {
		request.Listener = s.listener.Name()
	} else {
		session, err := s.sessionOfConn()
		if err != nil {
			return err
		}
		request.Session, request.Uid = session.Name(), session.UID()
	}
	_, err := hangupv1.NewSessionServiceClient(s.fixture.Daemon().Calls()).WaitSession(s.ctx, &request)
	return err
}

func (s *stage) sessionOfConn() (*hangup.Session, error) {
	if s.session == nil {
		session, err := s.listener.Accepted(s.ctx, s.conn.LocalAddr())
		if err != nil {
			return nil, err
		}
		s.session = session
	}
	return s.session, nil
}

func (s *stage) get(attempts int) (outcome, saw string) {
	client := http.Client{Timeout: 2 * defaultTimeout}
	for range attempts {
		outcome, saw = getOnce(&client, "http://"+s.listener.Address()+"/")
		if strings.HasPrefix(outcome, "HTTP ") {
			break
		}
	}
	return outcome, saw
}

func getOnce(client *http.Client, url string) (outcome, saw string) {
	response, err := client.Get(url)
	if err != nil {
		return failure(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return failure(err)
	}
	return fmt.Sprintf("HTTP %d %s", response.StatusCode, body), fmt.Sprintf("%s, %q", response.Status, body)
}

func (s *stage) leave() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	if s.server != nil {
		_ = s.server.Close()
	}
}

func succeeded(err error) (outcome, saw string) {
	if err != nil {
		return failure(err)
	}
	return "OK", "nil"
}

// failure tells what an error is, and what it looks like: the type of the error and its text.
func failure(err error) (outcome, saw string) {
	saw = fmt.Sprintf("%T: %v", err, err)
	if err == io.EOF {
		saw = "io.EOF: EOF"
	}
	if err == io.ErrUnexpectedEOF {
		saw = "io.ErrUnexpectedEOF: " + err.Error()
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "ECONNRESET", saw
	case errors.Is(err, syscall.EPIPE):
		return "EPIPE", saw
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ECONNREFUSED", saw
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "EOF", saw
	case errors.As(err, &timeout) && timeout.Timeout():
		return "TIMEOUT", saw
	}
	return "OTHER", saw
}

var port = regexp.MustCompile(`(127\.0\.0\.1):\d+`)

func withoutPorts(text string) string { return port.ReplaceAllString(text, "$1:PORT") }

func must[Value any](value Value, err error) Value {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
