package hanguptest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	hangup "hangup/clients/go"
	"hangup/clients/go/hanguptest"
	"hangup/clients/go/hangupv1"
)

// recorder is a test that can fail without failing this one.
type recorder struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (r *recorder) Cleanup(cleanup func()) { r.cleanups = append(r.cleanups, cleanup) }
func (r *recorder) Error(args ...any)      { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) end() []string {
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
	return r.errors
}

func TestAStepThatNeverFiredFailsTheTest(t *testing.T) {
	t.Parallel()
	plans := hangup.Plans(
		hangup.PlanFor(2, hangup.Step(hangup.AtBytesReceived(1), hangup.Send("1")), hangup.Step(hangup.AtBytesReceived(5), hangup.Reset())),
		hangup.Plan(hangup.Step(hangup.AtPeerFin(), hangup.Close())),
	)
	connectTwice := func(listener *hangup.Listener) {
		for _, text := range []string{"12345", "1"} {
			conn, err := net.Dial("tcp", listener.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			session, err := listener.Accepted(t.Context(), conn.LocalAddr())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := session.Wait(t.Context(), hangup.Until{BytesReceived: uint64(len(text))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, expected := range map[string]struct {
		options []hangup.Option
		errors  []string
	}{
		"it fails": {nil, []string{
			"never fired: echo, plan 1, step 2: on 1 of 2 connections",
			"never fired: echo, plan 2: it had no connection",
		}},
		"unless that is allowed": {[]hangup.Option{hangup.AllowUnfired()}, nil},
	} {
		test := &recorder{TB: t}
		listener, err := hanguptest.Start(test, expected.options...).Listen(t.Context(), hangup.Name("echo"), plans)
		if err != nil {
			t.Fatal(err)
		}
		connectTwice(listener)
		if failures := test.end(); !slices.Equal(failures, expected.errors) {
			t.Errorf("%s: %q", name, failures)
		}
	}
}

func TestATestThatIsSkippedDoesNotFail(t *testing.T) {
	t.Parallel()
	t.Run("skipped as it should", func(t *testing.T) {
		fixture := hanguptest.Start(t)
		plan := hangup.Plan(hangup.Step(hangup.AtPeerFin(), hangup.Close()))
		if _, err := fixture.Listen(t.Context(), hangup.Plans(plan)); err != nil {
			t.Fatal(err)
		}
		t.Skip("so that its plan has no connection")
	})
}

func TestAScopeThatSomebodyElseEndedStillTellsItsPlans(t *testing.T) {
	t.Parallel()
	test := &recorder{TB: t}
	fixture := hanguptest.Start(test)
	plan := hangup.Plan(hangup.Step(hangup.AtPeerFin(), hangup.Close()))
	if _, err := fixture.Listen(t.Context(), hangup.Name("echo"), hangup.Plans(plan)); err != nil {
		t.Fatal(err)
	}
	scopes := hangupv1.NewScopeServiceClient(fixture.Daemon().Calls())
	if _, err := scopes.DeleteScope(t.Context(), &hangupv1.DeleteScopeRequest{Scope: fixture.Scope()}); err != nil {
		t.Fatal(err)
	}
	if failures := test.end(); !slices.Equal(failures, []string{"never fired: echo, plan 1: it had no connection"}) {
		t.Errorf("%q", failures)
	}
}

// expectUID says which daemon the tests below are to share, if it is set.
const expectUID = "EXPECT_DAEMON_UID"

func TestFiveHundredTestsShareADaemon(t *testing.T) {
	t.Parallel()
	daemon, err := hangup.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	uid := daemon.Info().Uid
	if expected := os.Getenv(expectUID); expected != "" && expected != uid {
		t.Fatalf("the daemon is %s, not %s", uid, expected)
	}
	t.Run("each", func(t *testing.T) {
		for number := range 500 {
			t.Run(fmt.Sprint(number), func(t *testing.T) {
				t.Parallel()
				endsAsAsked(t, uid, number)
			})
		}
	})
	for _, scope := range scopesOf(t, daemon) {
		if strings.HasPrefix(scope.Labels["test"], t.Name()+"/") && scope.Labels["process"] == fmt.Sprint(os.Getpid()) {
			t.Errorf("scope %s of %s is left over", scope.Name, scope.Labels["test"])
		}
	}
}

// endsAsAsked has a connection of its own end, in one of three ways, under a name that all the tests use.
func endsAsAsked(t *testing.T, uid string, number int) {
	fixture := hanguptest.Start(t, hangup.Label("process", fmt.Sprint(os.Getpid())))
	info, err := hangupv1.NewDaemonServiceClient(fixture.Daemon().Calls()).GetInfo(t.Context(), &hangupv1.GetInfoRequest{})
	if err != nil || info.Uid != uid {
		t.Fatalf("the daemon is %s, not %s; %v", info.GetUid(), uid, err)
	}
	listener, err := fixture.Listen(t.Context(), hangup.Name("echo"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	session, err := listener.Accepted(t.Context(), conn.LocalAddr())
	if err != nil || session.Name() != "echo/1" {
		t.Fatal(session, err)
	}
	var expected error
	switch number % 3 {
	case 0:
		_, err = session.Reset(t.Context())
		expected = syscall.ECONNRESET
	case 1:
		_, err = session.Close(t.Context())
		expected = io.EOF
	case 2:
		_, err = session.HalfClose(t.Context())
		expected = io.EOF
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, expected) {
		t.Errorf("Read gave %v, not %v", err, expected)
	}
}

func TestTwoProcessesShareADaemonAndLeaveNothing(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A daemon of this test's own: what is left over on it is of the two.
	owner := exec.Command("node", "../../../bin/hangup.cjs", "run", "--", binary, "-test.run=^TestOfTheTwoProcesses$", "-test.v")
	owner.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "HANGUP_") })
	owner.Env = append(owner.Env, runTheTwo+"=1")
	if output, err := owner.CombinedOutput(); err != nil || !strings.Contains(string(output), "1000 tests, and nothing left") {
		t.Fatalf("%v\n%s", err, output)
	}
}

const runTheTwo = "RUN_TWO_PROCESSES"

// TestOfTheTwoProcesses is run by the test above, under `hangup run`, and does nothing by itself.
func TestOfTheTwoProcesses(t *testing.T) {
	if os.Getenv(runTheTwo) == "" {
		return
	}
	daemon, err := hangup.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if daemon.Address() != os.Getenv("HANGUP_ADDRESS") {
		t.Fatalf("the daemon is at %s, not at HANGUP_ADDRESS", daemon.Address())
	}
	var running []*exec.Cmd
	for range 2 {
		child := exec.Command(os.Args[0], "-test.run=^TestFiveHundredTestsShareADaemon$", "-test.parallel=8")
		child.Env = append(os.Environ(), expectUID+"="+daemon.Info().Uid)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, child)
	}
	for _, child := range running {
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	}
	for _, scope := range scopesOf(t, daemon) {
		if scope.Name != "default" {
			t.Errorf("scope %s is left over, of %s", scope.Name, scope.Labels["test"])
		}
	}
	if !t.Failed() {
		t.Log("1000 tests, and nothing left")
	}
}

func scopesOf(t *testing.T, daemon *hangup.Daemon) []*hangupv1.Scope {
	t.Helper()
	reply, err := hangupv1.NewScopeServiceClient(daemon.Calls()).ListScopes(t.Context(), &hangupv1.ListScopesRequest{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return reply.Scopes
}
