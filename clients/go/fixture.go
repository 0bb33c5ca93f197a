// Package hangup ends TCP connections exactly as a test asks: by FIN, by RST, half, late, or not at all. It drives the
// hangup daemon, which it finds at HANGUP_ADDRESS or starts once for the process.
//
// In a test, begin with [hangup/clients/go/hanguptest.Start].
//
// Every method that calls the daemon takes a context. Its deadline is how long the call may wait; without one that is
// 5 s. A wait that is not met in time is an [*Error] with [ErrDeadlineExceeded] whose message says what was seen last:
// the daemon itself keeps the time, so that the answer may come a moment after the deadline. A context that is cancelled
// ends the call at once.
package hangup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"hangup/clients/go/hangupv1"
)

// Fixture is what one test holds: a scope of its own on the daemon. Its listeners and sessions meet those of no other
// one. It ends by Close, and at the latest with the process. It may be used by several goroutines.
type Fixture struct {
	daemon *Daemon
	scope  *hangupv1.Scope
	// The stream that holds the scope. Its next message is the report, if somebody else ends the scope.
	hold grpc.ServerStreamingClient[hangupv1.HoldScopeResponse]
	// Ends the streams: that which holds the scope, and those of events.
	release      context.CancelFunc
	lifetime     context.Context
	allowUnfired bool

	// Close was called: what ends from now on the test itself has ended.
	ending  atomic.Bool
	closing sync.Mutex
	report  *Report
	closed  error
}

// An Option is one of Start's.
type Option func(*startOptions)

type startOptions struct {
	allowUnfired bool
	labels       map[string]string
}

// AllowUnfired lets steps of plans pass that never fired. Without it they are an error of Close.
func AllowUnfired() Option { return func(o *startOptions) { o.allowUnfired = true } }

// Label adds a note to the scope, seen in lists of scopes: key of 1 to 63 bytes, value of at most 255.
func Label(key, value string) Option { return func(o *startOptions) { o.labels[key] = value } }

// Start begins a fixture on the shared daemon. ctx is for the beginning alone: the fixture outlives it.
func Start(ctx context.Context, options ...Option) (*Fixture, error) {
	daemon, err := Shared(ctx)
	if err != nil {
		return nil, err
	}
	return daemon.Start(ctx, options...)
}

// Start begins a fixture on this daemon. ctx is for the beginning alone: the fixture outlives it.
func (d *Daemon) Start(ctx context.Context, options ...Option) (*Fixture, error) {
	chosen := startOptions{labels: map[string]string{}}
	for _, option := range options {
		option(&chosen)
	}
	lifetime, release := context.WithCancel(context.WithoutCancel(ctx))
	// Without a name the daemon gives it one that no other scope has.
	stream, err := d.scopes.HoldScope(lifetime, &hangupv1.HoldScopeRequest{Labels: chosen.labels})
	if err != nil {
		release()
		return nil, err
	}
	first, err := firstOf(ctx, "HoldScope", release, stream.Recv)
	if err != nil {
		return nil, err
	}
	return &Fixture{
		daemon: d, scope: first.Scope, hold: stream, lifetime: lifetime, release: release, allowUnfired: chosen.allowUnfired,
	}, nil
}

// firstOf gives the first message of a stream, and ends the stream where ctx ends before.
func firstOf[Message any](
	ctx context.Context, call string, end context.CancelFunc, receive func() (Message, error),
) (Message, error) {
	ctx, cancel := bounded(ctx, 0)
	defer cancel()
	stop := context.AfterFunc(ctx, end)
	message, err := receive()
	if !stop() {
		err = errorOf(call, ctx.Err())
	}
	if err != nil {
		end()
	}
	return message, err
}

// Scope is the name of its scope, for looking at it from outside: `hangup sessions --scope NAME`.
func (f *Fixture) Scope() string { return f.scope.Name }

// Daemon is the daemon that it is on.
func (f *Fixture) Daemon() *Daemon { return f.daemon }

// Session is the session of that name: `echo/1` for the first one that listener `echo` accepted. Nothing is asked of
// the daemon: it need not exist yet.
func (f *Fixture) Session(name string) *Session { return &Session{fixture: f, name: name} }

// Signal fires the plan steps that wait for a signal of this name, in all sessions of the fixture, those to come too.
func (f *Fixture) Signal(ctx context.Context, name string) error {
	_, err := f.daemon.sessions.SignalPlan(ctx, &hangupv1.SignalPlanRequest{Scope: f.scope.Name, Signal: name})
	return err
}

// Report is what a fixture was when it ended.
type Report struct {
	*hangupv1.ScopeReport
	// NeverFired has a line for each step of a plan that did not act on a connection it was for: a fault that did not
	// happen. At most those of 1000 listeners and dialed sessions; PlansOmitted counts the others.
	NeverFired []string
}

// NeverFiredError is the error of Close where a step of a plan did not act on a connection it was for.
type NeverFiredError struct {
	// Lines has one for each such step.
	Lines []string
}

// Error tells of all of them.
func (e *NeverFiredError) Error() string { return "hangup: " + e.message() }

// Unwrap gives it as an *Error: [ErrFailedPrecondition], with the [Reason] NEVER_FIRED.
func (e *NeverFiredError) Unwrap() error {
	return clientError(codes.FailedPrecondition, "NEVER_FIRED", e.message(), nil)
}

func (e *NeverFiredError) message() string { return "never fired: " + strings.Join(e.Lines, "; ") }

// Close ends the scope: its listeners are deleted, its sessions reset. It gives the report, and a *NeverFiredError with
// it where a step of a plan never fired, unless AllowUnfired was given. A scope that somebody else has ended is no error:
// its holder was told the report. Further calls give the same again.
func (f *Fixture) Close(ctx context.Context) (*Report, error) {
	f.closing.Lock()
	defer f.closing.Unlock()
	if f.report != nil || f.closed != nil {
		return f.report, f.closed
	}
	f.ending.Store(true)
	defer f.release()
	report, err := f.end(ctx)
	if err != nil {
		f.closed = err
		return nil, err
	}
	f.report = &Report{report, neverFired(report)}
	if len(f.report.NeverFired) > 0 && !f.allowUnfired {
		f.closed = &NeverFiredError{f.report.NeverFired}
	}
	return f.report, f.closed
}

func (f *Fixture) end(ctx context.Context) (*hangupv1.ScopeReport, error) {
	reply, err := f.daemon.scopes.DeleteScope(ctx, &hangupv1.DeleteScopeRequest{Scope: f.scope.Name, Uid: f.scope.Uid})
	if err == nil {
		return reply.Report, nil
	}
	endedBefore := errors.Is(err, Reason("UNKNOWN_SCOPE")) || errors.Is(err, Reason("UID_MISMATCH")) ||
		errors.Is(err, Reason("SCOPE_ENDED"))
	if !endedBefore {
		return nil, err
	}
	last, untold := firstOf(ctx, "HoldScope", f.release, f.hold.Recv)
	if report := last.GetReport(); untold == nil && report != nil {
		return report, nil
	}
	return nil, fmt.Errorf("hangup: scope %s had ended before, and what became of its plans is not known: %w",
		f.scope.Name, errors.Join(err, untold))
}
