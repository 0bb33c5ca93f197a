package hangup

import (
	"context"
	"io"

	"hangup/clients/go/hangupv1"
)

// Events is a stream of the events of a fixture.
type Events struct {
	end      context.CancelFunc
	lifetime context.Context
	arrived  chan *hangupv1.Event
	// What the stream ended with; read once arrived is closed.
	err error
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
					opened.err = io.EOF
					return
				}
			}
			if batch, err = stream.Recv(); err != nil {
				if opened.err = err; lifetime.Err() != nil {
					opened.err = io.EOF
				}
				return
			}
		}
	}()
	return opened, nil
}

// Next gives the next event, and waits for it until the deadline of ctx, or 5 s. After Close it is [io.EOF].
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
		return event, nil
	case <-ctx.Done():
		return nil, errorOf("StreamEvents", ctx.Err())
	}
}

// Close ends the stream.
func (e *Events) Close() { e.end() }
