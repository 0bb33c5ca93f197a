package hangup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hangup/clients/go/hangupv1"
)

// Daemon is the daemon of this process: found at HANGUP_ADDRESS, or started by it.
type Daemon struct {
	address   string
	transport *transport
	info      *hangupv1.GetInfoResponse

	listeners hangupv1.ListenerServiceClient
	sessions  hangupv1.SessionServiceClient
	events    hangupv1.EventServiceClient
	scopes    hangupv1.ScopeServiceClient
}

var shared struct {
	once   sync.Once
	ready  chan struct{}
	daemon *Daemon
	err    error
}

// Shared gives the daemon that all of this process shares: that at HANGUP_ADDRESS if it is set, else one that is
// started at the first call and ends with the process, whatever ends that. What is found first, a failure too, stays.
// It takes no longer than ctx allows, and at most 30 s.
func Shared(ctx context.Context) (*Daemon, error) {
	shared.once.Do(func() {
		shared.ready = make(chan struct{})
		// Not by the context of the first caller: it may be a test that is over long before the others.
		go func() {
			defer close(shared.ready)
			begin, cancel := context.WithTimeout(context.Background(), startTimeout)
			defer cancel()
			shared.daemon, shared.err = findOrStart(begin)
		}()
	})
	select {
	case <-shared.ready:
		return shared.daemon, shared.err
	case <-ctx.Done():
		return nil, errorOf("", status.Error(status.FromContextError(ctx.Err()).Code(), "the daemon was not ready in time"))
	}
}

func findOrStart(ctx context.Context) (*Daemon, error) {
	address := strings.TrimSpace(os.Getenv("HANGUP_ADDRESS"))
	if address == "" {
		process, err := startProcess(ctx)
		if err != nil {
			return nil, err
		}
		return connect(ctx, process.address, "", process.whyGone)
	}
	token, err := tokenOfEnvironment()
	if err != nil {
		return nil, err
	}
	daemon, err := connect(ctx, address, token, func() string { return "" })
	if errors.Is(err, ErrUnavailable) {
		err = fmt.Errorf("hangup: no daemon at HANGUP_ADDRESS=%s: start one there, or unset it: %w", address, err)
	}
	return daemon, err
}

// tokenOfEnvironment gives the token for the daemon at HANGUP_ADDRESS; empty: none.
func tokenOfEnvironment() (string, error) {
	setting, token := "HANGUP_TOKEN", os.Getenv("HANGUP_TOKEN")
	if path := strings.TrimSpace(os.Getenv("HANGUP_TOKEN_FILE")); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", clientError(codes.InvalidArgument, "INVALID_SETTING", fmt.Sprintf("HANGUP_TOKEN_FILE: %v", err), err)
		}
		setting, token = "HANGUP_TOKEN_FILE: "+path, string(content)
	} else if token == "" {
		return "", nil
	}
	token = strings.TrimSpace(token)
	// It goes as metadata, of which gRPC refuses all else without saying which.
	if token == "" || strings.ContainsFunc(token, func(char rune) bool { return char <= ' ' || char > '~' }) {
		// Not what it is: this ends in the logs of test runs.
		return "", clientError(codes.InvalidArgument, "INVALID_SETTING", setting+" has no token that can be used: printable ASCII without blanks", nil)
	}
	return token, nil
}

var addressPattern = regexp.MustCompile(`^(?:unix:.+|(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5}))$`)

// isAddress tells whether it is one of a daemon. gRPC would take a port that is none, and then find nobody there.
func isAddress(text string) bool {
	parts := addressPattern.FindStringSubmatch(text)
	if parts == nil || parts[1] == "" {
		return parts != nil
	}
	port, err := strconv.ParseUint(parts[1], 10, 16)
	return err == nil && port > 0
}

func connect(ctx context.Context, address, token string, whyGone func() string) (*Daemon, error) {
	if !isAddress(address) {
		return nil, clientError(codes.InvalidArgument, "INVALID_SETTING", fmt.Sprintf(
			"HANGUP_ADDRESS: %q is no address of a daemon; that is host:port, such as 127.0.0.1:4264 or [::1]:4264, or unix:/path", address), nil)
	}
	transport, err := newTransport(address, token, whyGone)
	if err != nil {
		return nil, clientError(codes.InvalidArgument, "INVALID_SETTING", fmt.Sprintf("address %q: %v", address, err), err)
	}
	info, err := hangupv1.NewDaemonServiceClient(transport).GetInfo(ctx, &hangupv1.GetInfoRequest{})
	if err != nil {
		return nil, errors.Join(err, transport.conn.Close())
	}
	if info.ApiVersion != "hangup.v1" {
		err = fmt.Errorf("hangup: the daemon at %s speaks %s, and this client hangup.v1", address, info.ApiVersion)
		return nil, errors.Join(err, transport.conn.Close())
	}
	return &Daemon{
		address:   address,
		transport: transport,
		info:      info,
		listeners: hangupv1.NewListenerServiceClient(transport),
		sessions:  hangupv1.NewSessionServiceClient(transport),
		events:    hangupv1.NewEventServiceClient(transport),
		scopes:    hangupv1.NewScopeServiceClient(transport),
	}, nil
}

// Address is where its API is: `127.0.0.1:4264`, `unix:/path`.
func (d *Daemon) Address() string { return d.address }

// Info is what the daemon told of itself when it was found: its uid, its process, its version, and what it can do on
// this machine.
func (d *Daemon) Info() *hangupv1.GetInfoResponse { return d.info }

// Calls is what the generated stubs take, for calls that this package has no word for, such as those of
// hangupv1.NewCaptureServiceClient. Errors are *Error.
func (d *Daemon) Calls() grpc.ClientConnInterface { return d.transport }
