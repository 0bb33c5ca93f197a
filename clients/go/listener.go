package hangup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"hangup/clients/go/hangupv1"
)

// Listener accepts connections, and makes a session of each.
type Listener struct {
	fixture *Fixture
	created *hangupv1.Listener

	// Held while Next waits: each call gives another session.
	next chan struct{}
	// The newest session that Next gave, by its number in accept order.
	newest uint64

	mutex sync.Mutex
	// The uids of the sessions that Accepted gave last, by the port of the peer.
	given map[uint32]string
}

// A ListenOption is one of Listen's. All that there is to choose are the fields of the request, with their units and
// defaults; a function that sets one is an option too.
type ListenOption func(*hangupv1.CreateListenerRequest)

// Name names the listener: 1 to 63 letters, digits, `.`, `_` or `-`. Its sessions are `NAME/1`, `NAME/2`, ... Without it
// the daemon gives a name.
func Name(name string) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.Name = name }
}

// Host is the IP address to listen on; 127.0.0.1 without it.
func Host(host string) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.Host = host }
}

// Port is the TCP port to listen on; a free one without it.
func Port(port uint16) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.Port = uint32(port) }
}

// UnixPath listens on a unix socket, of at most 107 bytes, in place of TCP.
func UnixPath(path string) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.UnixPath = path }
}

// Behave chooses what the sessions do with bytes; they are echoed without it.
func Behave(behaviour *hangupv1.Behaviour) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.Behaviour = behaviour }
}

// Plans says what shall become of the connections, in accept order; behind the last plan they are let alone.
func Plans(plans ...*hangupv1.Plan) ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.Plans = plans }
}

// Refusing begins with every connect refused (ECONNREFUSED); see Refuse.
func Refusing() ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.State = hangupv1.Listener_REFUSING }
}

// Stalled begins with no connect answered; see Stall.
func Stalled() ListenOption {
	return func(r *hangupv1.CreateListenerRequest) { r.State = hangupv1.Listener_STALLED }
}

// Listen makes a listener: on a free port of 127.0.0.1, with echo, if not told otherwise. When it returns, connections
// are accepted.
func (f *Fixture) Listen(ctx context.Context, options ...ListenOption) (*Listener, error) {
	request := &hangupv1.CreateListenerRequest{}
	for _, option := range options {
		option(request)
	}
	request.Scope = f.scope.Name
	reply, err := f.daemon.listeners.CreateListener(ctx, request)
	if err != nil {
		return nil, err
	}
	return &Listener{
		fixture: f, created: reply.Listener, next: make(chan struct{}, 1), given: map[uint32]string{},
	}, nil
}

// Name is its name.
func (l *Listener) Name() string { return l.created.Name }

// Address is what [net.Dial] takes: `127.0.0.1:41234`; of a unix socket `unix:/path`, of which net.Dial takes the path.
func (l *Listener) Address() string { return l.created.Address }

// Host is the IP address that it is bound to; empty on a unix socket.
func (l *Listener) Host() string { return l.created.Host }

// Port is the TCP port; 0 on a unix socket.
func (l *Listener) Port() int { return int(l.created.Port) }

// Info asks the daemon how it stands.
func (l *Listener) Info(ctx context.Context) (*hangupv1.Listener, error) {
	reply, err := l.fixture.daemon.listeners.GetListener(ctx, &hangupv1.GetListenerRequest{
		Scope: l.fixture.scope.Name, Listener: l.created.Name,
	})
	return reply.GetListener(), err
}

// Accepted gives the session of the connection that has this address, or its port, on the test's side, and waits for it:
//
//	session, err := listener.Accepted(ctx, conn.LocalAddr())
//
// Ports come round again, after a few hundred connections already. Of several sessions with the port the living one is
// meant, then the newest. One that has ended is given once: after that the next connection from that port is waited for.
func (l *Listener) Accepted(ctx context.Context, local net.Addr) (*Session, error) {
	port, err := portOf(local)
	if err != nil {
		return nil, err
	}
	request := &hangupv1.WaitSessionRequest{Listener: l.created.Name, PeerPort: port}
	found, err := l.fixture.wait(ctx, request)
	if err != nil {
		return nil, err
	}
	if found.Ended {
		if found, err = l.newerThan(ctx, found, request); err != nil {
			return nil, err
		}
	}
	l.mutex.Lock()
	l.given[port] = found.Uid
	l.mutex.Unlock()
	return l.fixture.handleOf(found), nil
}

// newerThan gives the session that follows an ended one with the same port. If the ended one was not given yet it may be
// the one that is meant. Then it is only asked whether there is a newer one by now: the connection was in the kernel's
// queue before the daemon was asked first, but may not have been accepted then.
func (l *Listener) newerThan(
	ctx context.Context, ended *hangupv1.Session, request *hangupv1.WaitSessionRequest,
) (*hangupv1.Session, error) {
	l.mutex.Lock()
	givenBefore := l.given[request.PeerPort] == ended.Uid
	l.mutex.Unlock()
	request.OpenedAfterSequence = &ended.OpenedSequence
	if givenBefore {
		return l.fixture.wait(ctx, request)
	}
	request.Scope, request.Timeout = l.fixture.scope.Name, durationpb.New(0)
	reply, err := l.fixture.daemon.sessions.WaitSession(ctx, request)
	if errors.Is(err, Reason("WAIT_TIMEOUT")) {
		return ended, nil
	}
	return reply.GetSession(), err
}

// portOf refuses a port that is none: for 0 the daemon would give any session.
func portOf(address net.Addr) (uint32, error) {
	tcp, is := address.(*net.TCPAddr)
	if address == nil || is && tcp == nil {
		return 0, clientError(codes.InvalidArgument, "INVALID_REQUEST", "Accepted: no address; of a connection it is conn.LocalAddr()", nil)
	}
	var port int
	if is {
		port = tcp.Port
	} else {
		parsed, err := netip.ParseAddrPort(address.String())
		if err != nil {
			return 0, clientError(codes.InvalidArgument, "INVALID_REQUEST", fmt.Sprintf("Accepted: %s has no port; use Next", address), err)
		}
		port = int(parsed.Port())
	}
	if port < 1 || port > 65535 {
		return 0, clientError(codes.InvalidArgument, "INVALID_REQUEST", fmt.Sprintf(
			"Accepted: %d in %s is no port of a connection: that is conn.LocalAddr(), of one that is connected", port, address), nil)
	}
	return uint32(port), nil
}

// Next gives the session accepted after the one that the last call gave, at first the first, and waits for it. Calls at
// the same time give a session each, and the time of each runs from when it was made.
func (l *Listener) Next(ctx context.Context) (*Session, error) {
	if _, given := ctx.Deadline(); !given {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	select {
	case l.next <- struct{}{}:
		defer func() { <-l.next }()
	case <-ctx.Done():
		return nil, notMet(ctx, "WaitSession", fmt.Sprintf(
			"listener %q: another Next, called before this one, still waited for its session", l.created.Name))
	}
	found, err := l.fixture.wait(ctx, &hangupv1.WaitSessionRequest{Listener: l.created.Name, Ordinal: l.newest + 1})
	if err != nil {
		return nil, err
	}
	l.newest++
	return l.fixture.handleOf(found), nil
}

// Signal fires the plan steps that wait for a signal of this name, in all sessions of the listener, those to come too.
func (l *Listener) Signal(ctx context.Context, name string) error {
	_, err := l.fixture.daemon.sessions.SignalPlan(ctx, &hangupv1.SignalPlanRequest{
		Scope: l.fixture.scope.Name, Listener: l.created.Name, Signal: name,
	})
	return err
}

// Refuse has every connect from now on refused: ECONNREFUSED. The port stays held.
func (l *Listener) Refuse(ctx context.Context) error {
	return l.become(ctx, hangupv1.Listener_REFUSING)
}

// Stall has no connect from now on answered: ETIMEDOUT, or the caller's own timeout. Not on unix sockets.
func (l *Listener) Stall(ctx context.Context) error { return l.become(ctx, hangupv1.Listener_STALLED) }

// Resume has connections accepted again.
func (l *Listener) Resume(ctx context.Context) error {
	return l.become(ctx, hangupv1.Listener_LISTENING)
}

func (l *Listener) become(ctx context.Context, state hangupv1.Listener_State) error {
	_, err := l.fixture.daemon.listeners.UpdateListener(ctx, &hangupv1.UpdateListenerRequest{
		Scope:      l.fixture.scope.Name,
		Listener:   l.created.Name,
		Uid:        l.created.Uid,
		State:      state,
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	return err
}

// Close deletes it, and resets its sessions.
func (l *Listener) Close(ctx context.Context) error {
	_, err := l.fixture.daemon.listeners.DeleteListener(ctx, &hangupv1.DeleteListenerRequest{
		Scope: l.fixture.scope.Name, Listener: l.created.Name, Uid: l.created.Uid,
	})
	return err
}
