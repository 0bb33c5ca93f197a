package hangup

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hangup/clients/go/hangupv1"
)

// A Code is the gRPC code of an error by its canonical name. It is an error itself, for [errors.Is].
type Code string

// Error gives the name.
func (c Code) Error() string { return string(c) }

// The codes that tests meet. Any other one can be had as Code("ABORTED").
const (
	// ErrCancelled: the context of the call was cancelled. [context.Canceled] matches as well.
	ErrCancelled Code = "CANCELLED"
	// ErrInvalidArgument: a request that cannot be right.
	ErrInvalidArgument Code = "INVALID_ARGUMENT"
	// ErrDeadlineExceeded: something did not happen in time. [context.DeadlineExceeded] matches as well.
	ErrDeadlineExceeded Code = "DEADLINE_EXCEEDED"
	// ErrNotFound: no scope, listener or session of that name.
	ErrNotFound Code = "NOT_FOUND"
	// ErrAlreadyExists: the name is taken.
	ErrAlreadyExists Code = "ALREADY_EXISTS"
	// ErrFailedPrecondition: the session, the scope or the machine is not in a state for it.
	ErrFailedPrecondition Code = "FAILED_PRECONDITION"
	// ErrOutOfRange: the stream of events has ended.
	ErrOutOfRange Code = "OUT_OF_RANGE"
	// ErrUnavailable: the daemon cannot be reached.
	ErrUnavailable Code = "UNAVAILABLE"
	// ErrUnauthenticated: the daemon wants a token.
	ErrUnauthenticated Code = "UNAUTHENTICATED"
)

// A Reason is the stable reason of an error, one of docs/errors.md, or one of those that clients have of their own
// (clients/README.md), such as DAEMON_NOT_FOUND. It is an error itself, for [errors.Is]:
//
//	errors.Is(err, hangup.Reason("RESET_IMPOSSIBLE"))
type Reason string

// Error gives the reason.
func (r Reason) Error() string { return string(r) }

// Error is what a call to the daemon ended with, or what kept it from being found. Match it by [errors.Is] with a [Code], a [Reason], or the
// [syscall.Errno] that the daemon's own call met (a dial that is refused: [syscall.ECONNREFUSED]).
type Error struct {
	// Call is the RPC, such as WaitSession; empty if there was none.
	Call string
	// Code is the gRPC code.
	Code Code
	// Reason is the stable reason; empty where gRPC itself ended the call.
	Reason Reason
	// Message says what happened and what to do.
	Message string
	// Metadata has further facts by name, such as `errno`.
	Metadata map[string]string
	// Session is the session as it was seen last, where the daemon told of it; else nil.
	Session *hangupv1.Session
	// Receipt is the receipt so far, where the daemon told of it; else nil.
	Receipt *hangupv1.Receipt

	status *status.Status
	cause  error
}

// clientError is an error without a call; cause is nil, or what the message tells of.
func clientError(code codes.Code, reason Reason, message string, cause error) *Error {
	return &Error{Code: codeOf(code), Reason: reason, Message: message, status: status.New(code, message), cause: cause}
}

func codeOf(number codes.Code) Code { return Code(code.Code(number).String()) }

// Unwrap gives what the error was made of, such as that of a process that could not be started.
func (e *Error) Unwrap() error { return e.cause }

// Error tells all of it in one line.
func (e *Error) Error() string {
	kind := string(e.Reason)
	if kind == "" {
		kind = string(e.Code)
	}
	call := ""
	if e.Call != "" {
		call = e.Call + ": "
	}
	return "hangup: " + call + e.Message + " (" + kind + ")"
}

// Is matches a Code, a Reason, an errno, and the two errors of contexts.
func (e *Error) Is(target error) bool {
	switch target := target.(type) {
	case Code:
		return e.Code == target
	case Reason:
		return e.Reason == target
	case syscall.Errno:
		errno, known := errnos[e.Metadata["errno"]]
		return known && errno == target
	}
	return target == context.DeadlineExceeded && e.Code == ErrDeadlineExceeded ||
		target == context.Canceled && e.Code == ErrCancelled
}

// GRPCStatus gives the status with all its details, for [status.FromError].
func (e *Error) GRPCStatus() *status.Status { return e.status }

// The errnos that the daemon names in errors and receipts, as far as a test may want to match them.
var errnos = map[string]syscall.Errno{
	"EACCES":        syscall.EACCES,
	"EADDRINUSE":    syscall.EADDRINUSE,
	"EADDRNOTAVAIL": syscall.EADDRNOTAVAIL,
	"EAGAIN":        syscall.EAGAIN,
	"ECONNREFUSED":  syscall.ECONNREFUSED,
	"ECONNRESET":    syscall.ECONNRESET,
	"EHOSTUNREACH":  syscall.EHOSTUNREACH,
	"ENETUNREACH":   syscall.ENETUNREACH,
	"ENOENT":        syscall.ENOENT,
	"EPIPE":         syscall.EPIPE,
	"ETIMEDOUT":     syscall.ETIMEDOUT,
}

// notMet is the error of a wait of a call that the client itself has ended, with ctx: as that of the daemon.
func notMet(ctx context.Context, call, message string) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err := clientError(codes.DeadlineExceeded, "WAIT_TIMEOUT", message, nil)
		err.Call = call
		return err
	}
	why := status.New(codes.Canceled, message)
	return &Error{Call: call, Code: ErrCancelled, Message: message, status: why}
}

// errorOf makes an *Error of what a call over gRPC ended with; method is `/hangup.v1.SessionService/WaitSession`.
func errorOf(method string, err error) error {
	var already *Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	found := status.Convert(err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		found = status.FromContextError(err)
	}
	made := &Error{
		Call:    method[strings.LastIndexByte(method, '/')+1:],
		Code:    codeOf(found.Code()),
		Message: found.Message(),
		status:  found,
	}
	for _, detail := range found.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			made.Reason = Reason(detail.Reason)
			made.Metadata = detail.Metadata
		case *hangupv1.Session:
			made.Session = detail
		case *hangupv1.Receipt:
			made.Receipt = detail
		}
	}
	if made.Reason == "" {
		// Without details it is not the daemon who says so, but gRPC, or a proxy.
		switch made.Code {
		case ErrUnavailable:
			made.Reason = "DAEMON_GONE"
		case ErrDeadlineExceeded:
			made.Reason = "NO_ANSWER"
		}
	}
	return made
}
