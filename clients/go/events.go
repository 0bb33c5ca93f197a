package hangup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"hangup/clients/go/hangupv1"
)

// Events is a stream of the events of a fixture.
type Events struct {
	end      context.CancelFunc
	lifetime context.Context
	arrived  chan *hangupv1.Event
	// What the stream ended with; read once arrived is closed.
	err error
	// What Next gave last, of all who call it.
	last atomic.Pointer[hangupv1.Event]
}

// Events streams the fixture's events of these kinds; of all but the data ones, where none is given. It is open from the
// moment that the call returned: nothing that happens after is missed. ctx is for the opening alone; the stream ends by
// its Close, or with the fixture. For one who falls behind too far there is an event `lost` that says which are missing.
func (f *Fixture) Events(ctx context.Context, kinds ...hangupv1.Event_Kind) (*Events, error) {
	lifetime, end := context.WithCancel(f.lifetime)
	stream, err := f.daemon.events.StreamEvents(lifetime, &hangupv1.StreamEventsRequest{Scope: f.scope.Name, Kinds: kinds})
	if err != nil {
		end()
		return nil, err
	}
	first, err := firstOf(ctx, "StreamEvents", end, stream.Recv)
	if err != nil {
		return nil, err
	}
	opened := &Events{end: end, lifetime: lifetime, arrived: make(chan *hangupv1.Event)}
	go func() {
		defer close(opened.arrived)
		for batch := first; ; {
			for _, event := range batch.Events {
				if event.GetSubscribed() != nil {
					continue
				}
				select {
				case opened.arrived <- event:
				case <-lifetime.Done():
					opened.err = endOfEvents(true)
					return
				}
			}
			if batch, err = stream.Recv(); err != nil {
				ended := errors.Is(err, io.EOF)
				switch {
				case lifetime.Err() != nil, ended && f.ending.Load():
					opened.err = endOfEvents(true)
				case ended:
					opened.err = endOfEvents(false)
				default:
					opened.err = err
				}
				return
			}
		}
	}()
	return opened, nil
}

// endOfEvents is the error behind the last event; closed: by the test itself. It is an [io.EOF] too.
func endOfEvents(closed bool) error {
	code, message := codes.OutOfRange, "the stream of events has ended, as its scope has"
	if closed {
		code, message = codes.Canceled, "the stream of events was closed"
	}
	err := clientError(code, "END_OF_EVENTS", message, io.EOF)
	err.Call = "StreamEvents"
	return err
}

// Next gives the next event, and waits for it until the deadline of ctx, or 5 s: then its error has the [Reason]
// WAIT_TIMEOUT. Behind the last one the reason is END_OF_EVENTS, and [io.EOF] matches: with [ErrCancelled] after Close or
// that of the fixture, with [ErrOutOfRange] where the scope has ended otherwise.
func (e *Events) Next(ctx context.Context) (*hangupv1.Event, error) {
	if _, given := ctx.Deadline(); !given {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	select {
	case event, open := <-e.arrived:
		if !open {
			return nil, e.err
		}
		e.last.Store(event)
		return event, nil
	case <-ctx.Done():
		seen := "none came"
		if last := e.last.Load(); last != nil {
			seen = fmt.Sprintf("the last one was number %d, of %s", last.Sequence, cmp.Or(last.Session, last.Listener, "none"))
		}
		return nil, notMet(ctx, "StreamEvents", "no event; "+seen)
	}
}

// Close ends the stream.
func (e *Events) Close() { e.end() }
