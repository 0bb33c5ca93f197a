package hangup

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"hangup/clients/go/hangupv1"
)

var (
	controlRequests  = oneofOf(&hangupv1.ControlRequest{}, "request")
	controlResponses = oneofOf(&hangupv1.ControlResponse{}, "response")
)

// Longer requests go as calls of their own: they would hold up the others, and one that is too long for the daemon would
// end the stream for all.
const longestOnControl = 64 << 10

// control carries calls over the control stream, which costs less than a call of its own, and begins another stream where
// the last one has ended.
type control struct {
	service hangupv1.ControlServiceClient
	mutex   sync.Mutex
	newest  *controlStream
}

// carries tells whether the control stream is for this request. One that cannot be encoded, such as with a text that is
// not UTF-8, would end the stream for all: as a call of its own it fails alone.
func (c *control) carries(request proto.Message) bool {
	_, known := controlRequests.fields[request.ProtoReflect().Descriptor().FullName()]
	if !known {
		return false
	}
	data, err := proto.Marshal(request)
	return err == nil && len(data) <= longestOnControl
}

// call makes a call; its errors are statuses of gRPC.
func (c *control) call(ctx context.Context, request, reply proto.Message) error {
	response, err := c.stream().call(ctx, request)
	if err != nil {
		return err
	}
	if failure := response.GetError(); failure != nil {
		return status.ErrorProto(failure)
	}
	moveFields(controlResponses.get(response.ProtoReflect()), reply.ProtoReflect())
	return nil
}

func (c *control) stream() *controlStream {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.newest != nil {
		select {
		case <-c.newest.ended:
		default:
			return c.newest
		}
	}
	c.newest = &controlStream{
		outgoing: make(chan *hangupv1.ControlRequest),
		waiting:  map[uint64]chan<- *hangupv1.ControlResponse{},
		ended:    make(chan struct{}),
	}
	go c.newest.run(c.service)
	return c.newest
}

// controlStream is one stream.
type controlStream struct {
	outgoing chan *hangupv1.ControlRequest
	mutex    sync.Mutex
	lastID   uint64
	// Who waits for a reply, by the id of the call.
	waiting map[uint64]chan<- *hangupv1.ControlResponse
	ended   chan struct{}
	// What it ended with; read once ended is closed.
	err error
}

// call returns at the latest when ctx is done, and then gives the call up.
func (s *controlStream) call(ctx context.Context, request proto.Message) (*hangupv1.ControlResponse, error) {
	answered := make(chan *hangupv1.ControlResponse, 1)
	s.mutex.Lock()
	s.lastID++
	id := s.lastID
	s.waiting[id] = answered
	s.mutex.Unlock()
	defer func() {
		s.mutex.Lock()
		delete(s.waiting, id)
		s.mutex.Unlock()
	}()
	call := &hangupv1.ControlRequest{Id: id}
	controlRequests.set(call.ProtoReflect(), request.ProtoReflect())
	select {
	case s.outgoing <- call:
	case <-s.ended:
		return nil, s.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	select {
	case response := <-answered:
		return response, nil
	case <-s.ended:
		select {
		case response := <-answered:
			return response, nil
		default:
			return nil, s.err
		}
	case <-ctx.Done():
		cancel := &hangupv1.ControlRequest{Id: id, Request: &hangupv1.ControlRequest_Cancel{Cancel: &hangupv1.CancelCall{}}}
		go func() {
			select {
			case s.outgoing <- cancel:
			case <-s.ended:
			}
		}()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// run opens the stream and sends on it, in a goroutine of its own: no call is held up past its deadline by a daemon that
// does not answer or read.
func (s *controlStream) run(service hangupv1.ControlServiceClient) {
	// It lives as long as the connection.
	stream, err := service.Control(context.Background())
	if err != nil {
		s.err = err
		close(s.ended)
		return
	}
	go s.receive(stream)
	for {
		select {
		case request := <-s.outgoing:
			// Where it fails the stream has ended, and receive tells with what.
			if stream.Send(request) != nil {
				return
			}
		case <-s.ended:
			return
		}
	}
}

func (s *controlStream) receive(stream grpc.BidiStreamingClient[hangupv1.ControlRequest, hangupv1.ControlResponse]) {
	defer close(s.ended)
	for {
		response, err := stream.Recv()
		if err != nil {
			if s.err = err; errors.Is(err, io.EOF) {
				s.err = status.Error(codes.Unavailable, "the daemon has ended the control stream")
			}
			return
		}
		s.mutex.Lock()
		answered := s.waiting[response.Id]
		delete(s.waiting, response.Id)
		s.mutex.Unlock()
		// Nobody waits for the reply of a call that was given up.
		if answered != nil {
			answered <- response
		}
	}
}

// moveFields makes `to` what `from` is, which is not used after.
func moveFields(from, to protoreflect.Message) {
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		to.Set(field, value)
		return true
	})
	to.SetUnknown(from.GetUnknown())
}
