package hangup

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// How long a call may take whose context has no deadline.
	defaultTimeout = 5 * time.Second
	// How much longer than the time given to it the daemon may take to answer, before the call is given up.
	answerGrace = 5 * time.Second
	// The longest waits that the contract allows.
	longestWait  = 10 * time.Minute
	longestFlush = 5 * time.Minute
)

// timed gives the context for a call in which the daemon itself keeps the time, and that time: until the deadline of
// ctx, or 5 s. The daemon's answer to a deadline says what it saw last; so that it can come, the call outlives the
// deadline of ctx by the grace, but not its cancelling.
func timed(ctx context.Context, longest time.Duration) (context.Context, *durationpb.Duration, context.CancelFunc) {
	timeout := defaultTimeout
	if deadline, given := ctx.Deadline(); given {
		timeout = min(max(time.Until(deadline), time.Millisecond), longest)
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout+answerGrace)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return call, durationpb.New(timeout), func() { stop(); cancel() }
}

// bounded gives a context that has a deadline: that of ctx, or one after 5 s, the grace and `more`.
func bounded(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	if _, given := ctx.Deadline(); given {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout+answerGrace+more)
}
