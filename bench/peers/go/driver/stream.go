package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"hangup/clients/go/hangupv1"
)

// The same calls over one control stream. One at a time, as the unary ones: the next message is the reply.
type streamCalls struct {
	stream grpc.BidiStreamingClient[hangupv1.ControlRequest, hangupv1.ControlResponse]
	lastID uint64
}

func stream(address string) (control, error) {
	channel, err := dialGrpc(address)
	if err != nil {
		return nil, err
	}
	opened, err := hangupv1.NewControlServiceClient(channel).Control(context.Background())
	if err != nil {
		return nil, err
	}
	return &streamCalls{stream: opened}, nil
}

func (s *streamCalls) call(request *hangupv1.ControlRequest) (*hangupv1.ControlResponse, error) {
	s.lastID++
	request.Id = s.lastID
	if err := s.stream.Send(request); err != nil {
		return nil, err
	}
	reply, err := s.stream.Recv()
	if err != nil {
		return nil, err
	}
	if reply.Id != s.lastID {
		return nil, fmt.Errorf("a reply to call %d, the call was %d", reply.Id, s.lastID)
	}
	return reply, status.ErrorProto(reply.GetError())
}

func (s *streamCalls) listen(name string, how ending) (string, error) {
	reply, err := s.call(&hangupv1.ControlRequest{
		Request: &hangupv1.ControlRequest_CreateListener{CreateListener: createRequest(name, how)},
	})
	return reply.GetCreateListener().GetListener().GetAddress(), err
}

func (s *streamCalls) reset(name string) error {
	_, err := s.call(&hangupv1.ControlRequest{
		Request: &hangupv1.ControlRequest_ResetSession{ResetSession: resetRequest(name)},
	})
	return err
}

func (s *streamCalls) resetAll(name string) error {
	_, err := s.call(&hangupv1.ControlRequest{
		Request: &hangupv1.ControlRequest_PerformAction{PerformAction: resetAllRequest(name)},
	})
	return err
}

func (s *streamCalls) delete(name string) error {
	_, err := s.call(&hangupv1.ControlRequest{
		Request: &hangupv1.ControlRequest_DeleteListener{DeleteListener: &hangupv1.DeleteListenerRequest{Listener: name}},
	})
	return err
}

func (s *streamCalls) ping() error {
	_, err := s.call(&hangupv1.ControlRequest{
		Request: &hangupv1.ControlRequest_GetInfo{GetInfo: &hangupv1.GetInfoRequest{}},
	})
	return err
}
