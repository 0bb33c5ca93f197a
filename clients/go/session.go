package hangup

import (
	"context"
	"io"

	"google.golang.org/protobuf/types/known/durationpb"

	"hangup/clients/go/hangupv1"
)

// Session is a named handle on one connection. Nothing done by it meets a later session of the same name, but for Signal,
// which goes by the name alone. One that was only named ([Fixture.Session]) is whichever has the name at the moment.
type Session struct {
	fixture *Fixture
	name    string
	// Empty for one that was only named: then it is whichever lives.
	uid string
}

func (f *Fixture) handleOf(session *hangupv1.Session) *Session {
	return &Session{fixture: f, name: session.Name, uid: session.Uid}
}

// A DialOption is one of Dial's. All that there is to choose are the fields of the request, with their units and
// defaults; a function that sets one is an option too.
type DialOption func(*hangupv1.OpenSessionRequest)

// As names the session: 1 to 63 letters, digits, `.`, `_` or `-`. Without it the daemon gives a name (`dial/1`).
func As(name string) DialOption {
	return func(r *hangupv1.OpenSessionRequest) { r.Name = name }
}

// From is the local IP address to dial from, with or without port; the kernel's choice without it.
func From(address string) DialOption {
	return func(r *hangupv1.OpenSessionRequest) { r.LocalAddress = address }
}

// Behaving chooses what the session does with bytes; without it they wait for Receive (manual).
func Behaving(behaviour *hangupv1.Behaviour) DialOption {
	return func(r *hangupv1.OpenSessionRequest) { r.Behaviour = behaviour }
}

// Planned says what shall become of the session.
func Planned(plan *hangupv1.Plan) DialOption {
	return func(r *hangupv1.OpenSessionRequest) { r.Plan = plan }
}

// Dial has the daemon connect to the test's own server: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or
// `unix:/path`. A server that refuses is an error that matches [syscall.ECONNREFUSED].
func (f *Fixture) Dial(ctx context.Context, address string, options ...DialOption) (*Session, error) {
	ctx, timeout, cancel := timed(ctx, longestFlush)
	defer cancel()
	request := &hangupv1.OpenSessionRequest{Timeout: timeout}
	for _, option := range options {
		option(request)
	}
	request.Scope, request.Target = f.scope.Name, address
	reply, err := f.daemon.sessions.OpenSession(ctx, request)
	if err != nil {
		return nil, err
	}
	return f.handleOf(reply.Session), nil
}

// Name is its name: `echo/1` for the first one that listener `echo` accepted.
func (s *Session) Name() string { return s.name }

// UID is never reused; empty of a session that was only named.
func (s *Session) UID() string { return s.uid }

// Info asks the daemon how it stands, with the kernel's view of the connection while it lives. Once another
// session has its name the daemon knows it no more, and that is an error.
func (s *Session) Info(ctx context.Context) (*hangupv1.Session, error) {
	reply, err := s.fixture.daemon.sessions.GetSession(ctx, &hangupv1.GetSessionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, View: hangupv1.Session_FULL,
	})
	if err != nil || s.uid == "" || reply.GetSession().GetUid() == s.uid {
		return reply.GetSession(), err
	}
	// The name is another life's by now. GetSession takes no uid, WaitSession does.
	wait, err := s.fixture.daemon.sessions.WaitSession(ctx, &hangupv1.WaitSessionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, Timeout: durationpb.New(0),
	})
	return wait.GetSession(), err
}

// Close ends it by FIN, after all that was written: the peer reads EOF. When it returns the FIN is with the kernel. The
// receipt is final once the peer has ended too; see WaitEnded.
func (s *Session) Close(ctx context.Context) (*hangupv1.Receipt, error) {
	ctx, timeout, cancel := timed(ctx, longestFlush)
	defer cancel()
	reply, err := s.fixture.daemon.sessions.CloseSession(ctx, &hangupv1.CloseSessionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, FlushTimeout: timeout,
	})
	return reply.GetReceipt(), err
}

// HalfClose sends FIN after all that was written, and goes on reading. When it returns the FIN is with the kernel.
func (s *Session) HalfClose(ctx context.Context) (*hangupv1.Receipt, error) {
	ctx, timeout, cancel := timed(ctx, longestFlush)
	defer cancel()
	reply, err := s.fixture.daemon.sessions.HalfCloseSession(ctx, &hangupv1.HalfCloseSessionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, FlushTimeout: timeout,
	})
	return reply.GetReceipt(), err
}

// Reset ends it by RST, now: the peer's next call fails with ECONNRESET. When it returns it has ended.
func (s *Session) Reset(ctx context.Context) (*hangupv1.Receipt, error) {
	reply, err := s.fixture.daemon.sessions.ResetSession(ctx, &hangupv1.ResetSessionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid,
	})
	return reply.GetReceipt(), err
}

// Perform does any action; see [Do]. The receipt is nil as long as there is none.
func (s *Session) Perform(ctx context.Context, action *hangupv1.Action) (*hangupv1.Receipt, error) {
	ctx, cancel := bounded(ctx, longestDuration(action))
	defer cancel()
	reply, err := s.fixture.daemon.sessions.PerformAction(ctx, &hangupv1.PerformActionRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, Action: action,
	})
	if receipts := reply.GetReceipts(); len(receipts) > 0 {
		return receipts[0], err
	}
	return nil, err
}

// Send sends bytes, 1 to 1 MiB. When it returns they are with the kernel.
func (s *Session) Send(ctx context.Context, data []byte) error {
	ctx, timeout, cancel := timed(ctx, longestFlush)
	defer cancel()
	_, err := s.fixture.daemon.sessions.SendData(ctx, &hangupv1.SendDataRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, FlushTimeout: timeout,
		Payload: &hangupv1.SendDataRequest_Data{Data: data},
	})
	return err
}

// Receive takes what the peer has sent, and waits for at least so many bytes (0 is 1; at most 1 MiB). It is for sessions
// whose bytes wait for it: the dialed ones, and those of a listener that is manual. Fewer come where the stream ends before,
// and with what came last comes its end: [io.EOF], or an errno such as [syscall.ECONNRESET].
func (s *Session) Receive(ctx context.Context, atLeast int) ([]byte, error) {
	ctx, timeout, cancel := timed(ctx, longestWait)
	defer cancel()
	reply, err := s.fixture.daemon.sessions.ReceiveData(ctx, &hangupv1.ReceiveDataRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Uid: s.uid, MinBytes: uint32(max(atLeast, 0)), Timeout: timeout,
	})
	if err != nil {
		return nil, err
	}
	switch {
	case reply.Eof:
		return reply.Data, io.EOF
	case reply.Errno != "":
		if errno, known := errnos[reply.Errno]; known {
			return reply.Data, errno
		}
		return reply.Data, &Error{Call: "ReceiveData", Code: "UNKNOWN", Message: "the stream ended by " + reply.Errno}
	}
	return reply.Data, nil
}

// Until is what Wait waits for: all that is given, at once. Nothing given: until the session exists.
type Until struct {
	// Condition is a fact that stays true once it is: Ended, PeerFin or PeerRst.
	Condition hangupv1.WaitSessionRequest_Condition
	// State is the kernel's state of the connection, now.
	State hangupv1.Session_State
	// BytesReceived is how many bytes of the peer were read, at least.
	BytesReceived uint64
	// BytesSent is how many bytes were handed to the kernel, at least.
	BytesSent uint64
}

// The conditions of Until.
const (
	// Ended: the session has ended, and its receipt is final.
	Ended = hangupv1.WaitSessionRequest_ENDED
	// PeerFin: the peer's FIN has come.
	PeerFin = hangupv1.WaitSessionRequest_PEER_FIN
	// PeerRst: the peer's RST has come.
	PeerRst = hangupv1.WaitSessionRequest_PEER_RST
)

// Wait waits until all that is given holds, and gives the session as it was then.
func (s *Session) Wait(ctx context.Context, until Until) (*hangupv1.Session, error) {
	return s.fixture.wait(ctx, &hangupv1.WaitSessionRequest{
		Session: s.name, Uid: s.uid,
		Condition: until.Condition, State: until.State, BytesReceived: until.BytesReceived, BytesSent: until.BytesSent,
	})
}

// WaitEnded waits until it has ended, and gives the receipt, which is final.
func (s *Session) WaitEnded(ctx context.Context) (*hangupv1.Receipt, error) {
	session, err := s.Wait(ctx, Until{Condition: Ended})
	return session.GetReceipt(), err
}

// Signal fires the step of its plan that waits for a signal of this name. It is for the session that has the name now.
func (s *Session) Signal(ctx context.Context, name string) error {
	_, err := s.fixture.daemon.sessions.SignalPlan(ctx, &hangupv1.SignalPlanRequest{
		Scope: s.fixture.scope.Name, Session: s.name, Signal: name,
	})
	return err
}

func (f *Fixture) wait(ctx context.Context, request *hangupv1.WaitSessionRequest) (*hangupv1.Session, error) {
	ctx, timeout, cancel := timed(ctx, longestWait)
	defer cancel()
	request.Scope, request.Timeout = f.scope.Name, timeout
	reply, err := f.daemon.sessions.WaitSession(ctx, request)
	return reply.GetSession(), err
}
