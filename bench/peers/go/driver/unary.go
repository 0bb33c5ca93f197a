package main

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"hangup/clients/go/hangupv1"
)

// The contract, a unary call for each command. Also spoken by the echo server in Go.
type unaryCalls struct {
	listeners hangupv1.ListenerServiceClient
	sessions  hangupv1.SessionServiceClient
	daemon    hangupv1.DaemonServiceClient
}

const callTimeout = 60 * time.Second

func dialGrpc(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func unary(address string) (control, error) {
	channel, err := dialGrpc(address)
	if err != nil {
		return nil, err
	}
	return &unaryCalls{
		hangupv1.NewListenerServiceClient(channel),
		hangupv1.NewSessionServiceClient(channel),
		hangupv1.NewDaemonServiceClient(channel),
	}, nil
}

// No receipts in the replies of what ends many: what is asked is how fast they end.
var noResults int32

func createRequest(name string, how ending) *hangupv1.CreateListenerRequest {
	request := &hangupv1.CreateListenerRequest{Name: name}
	if how == planned {
		request.Plans = []*hangupv1.Plan{{Steps: []*hangupv1.Step{{
			Trigger: &hangupv1.Trigger{When: &hangupv1.Trigger_BytesSent{BytesSent: messageBytes}},
			Action:  resetAction(),
		}}}}
	}
	return request
}

func resetRequest(name string) *hangupv1.ResetSessionRequest {
	return &hangupv1.ResetSessionRequest{Session: name + "/1"}
}

func resetAllRequest(name string) *hangupv1.PerformActionRequest {
	return &hangupv1.PerformActionRequest{Listener: name, Action: resetAction(), MaxResults: &noResults}
}

func resetAction() *hangupv1.Action {
	return &hangupv1.Action{Verb: &hangupv1.Action_Reset_{Reset_: &hangupv1.ResetAction{}}}
}

func (u *unaryCalls) listen(name string, how ending) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	reply, err := u.listeners.CreateListener(ctx, createRequest(name, how))
	if err != nil {
		return "", err
	}
	return reply.Listener.Address, nil
}

func (u *unaryCalls) reset(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := u.sessions.ResetSession(ctx, resetRequest(name))
	return err
}

func (u *unaryCalls) resetAll(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := u.sessions.PerformAction(ctx, resetAllRequest(name))
	return err
}

func (u *unaryCalls) delete(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := u.listeners.DeleteListener(ctx, &hangupv1.DeleteListenerRequest{Listener: name})
	return err
}

func (u *unaryCalls) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := u.daemon.GetInfo(ctx, &hangupv1.GetInfoRequest{})
	return err
}
