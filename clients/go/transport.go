package hangup

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hangup/clients/go/hangupv1"
)

// A list of a thousand sessions with all their packets may be long, in bytes.
const longestReply = 64 << 20

// transport is the one way to the daemon: all generated stubs stand on it. Errors come out of it as *Error, and no call
// is without a deadline.
type transport struct {
	conn    *grpc.ClientConn
	control *control
	// Why the daemon is gone, if it is one that this process started; else empty.
	whyGone func() string
}

// newTransport connects at the first call.
func newTransport(address, token string, whyGone func() string) (*transport, error) {
	target := address
	if !strings.HasPrefix(address, "unix:") {
		// Neither a resolver nor a proxy of the environment comes in between.
		target = "passthrough:///" + address
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(longestReply)),
		// A new daemon at the address is found soon, also after many calls have failed.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{
			BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second,
		}, MinConnectTimeout: 5 * time.Second}),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, err
	}
	return &transport{conn, &control{service: hangupv1.NewControlServiceClient(conn)}, whyGone}, nil
}

// Invoke makes a call with one reply: over the control stream, if that has it, else as one of its own.
func (t *transport) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	ctx, cancel := bounded(ctx, 0)
	defer cancel()
	// Options such as grpc.Header are about an RPC of its own. grpc.StaticMethod, which all stubs give, says nothing.
	plain := !slices.ContainsFunc(options, func(option grpc.CallOption) bool {
		_, static := option.(grpc.StaticMethodCallOption)
		return !static
	})
	if request, is := args.(proto.Message); is && plain && t.control.carries(request) {
		return t.explain(method, t.control.call(ctx, request, reply.(proto.Message)))
	}
	return t.explain(method, t.conn.Invoke(ctx, method, args, reply, options...))
}

// NewStream begins a stream, which lives as long as ctx.
func (t *transport) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := t.conn.NewStream(ctx, desc, method, options...)
	if err != nil {
		return nil, t.explain(method, err)
	}
	return &explainedStream{stream, t, method}, nil
}

// explain makes an *Error, and tells of a daemon that has gone why.
func (t *transport) explain(method string, err error) error {
	if status.Code(err) == codes.Unavailable {
		if why := t.whyGone(); why != "" {
			err = status.Error(codes.Unavailable, why)
		}
	}
	return errorOf(method, err)
}

// explainedStream is a stream whose errors are explained.
type explainedStream struct {
	grpc.ClientStream
	transport *transport
	method    string
}

// RecvMsg gives the next message.
func (s *explainedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if errors.Is(err, io.EOF) {
		return err
	}
	return s.transport.explain(s.method, err)
}

// bearer is the token of the daemon, sent with each call.
type bearer string

// GetRequestMetadata gives the header of a call.
func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

// RequireTransportSecurity allows it on loopback without TLS.
func (bearer) RequireTransportSecurity() bool { return false }
