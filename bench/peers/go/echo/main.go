// The contract's three calls of a test, in Go: an echo server as one would write it, commanded through grpc-go. What it
// lacks are names, events, receipts, plans and waits: it tells what the calls themselves cost.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"hangup/clients/go/hangupv1"
)

type listener struct {
	net.Listener
	mutex    sync.Mutex
	accepted []*net.TCPConn
}

type server struct {
	hangupv1.UnimplementedListenerServiceServer
	hangupv1.UnimplementedSessionServiceServer
	hangupv1.UnimplementedDaemonServiceServer
	mutex     sync.Mutex
	listeners map[string]*listener
}

func main() {
	api, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served, grpcServer := &server{listeners: map[string]*listener{}}, grpc.NewServer()
	hangupv1.RegisterListenerServiceServer(grpcServer, served)
	hangupv1.RegisterSessionServiceServer(grpcServer, served)
	hangupv1.RegisterDaemonServiceServer(grpcServer, served)
	fmt.Printf("{\"address\":%q}\n", api.Addr())
	log.Fatal(grpcServer.Serve(api))
}

func (s *server) GetInfo(context.Context, *hangupv1.GetInfoRequest) (*hangupv1.GetInfoResponse, error) {
	return &hangupv1.GetInfoResponse{}, nil
}

func (s *server) CreateListener(_ context.Context, request *hangupv1.CreateListenerRequest) (*hangupv1.CreateListenerResponse, error) {
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	created := &listener{Listener: bound}
	s.mutex.Lock()
	s.listeners[request.Name] = created
	s.mutex.Unlock()
	go created.serve()
	return &hangupv1.CreateListenerResponse{Listener: &hangupv1.Listener{Name: request.Name, Address: bound.Addr().String()}}, nil
}

func (s *server) ResetSession(_ context.Context, request *hangupv1.ResetSessionRequest) (*hangupv1.ResetSessionResponse, error) {
	name, _, _ := strings.Cut(request.Session, "/")
	if _, err := s.reset(name); err != nil {
		return nil, err
	}
	return &hangupv1.ResetSessionResponse{}, nil
}

func (s *server) PerformAction(_ context.Context, request *hangupv1.PerformActionRequest) (*hangupv1.PerformActionResponse, error) {
	performed, err := s.reset(request.Listener)
	return &hangupv1.PerformActionResponse{Performed: performed}, err
}

func (s *server) DeleteListener(_ context.Context, request *hangupv1.DeleteListenerRequest) (*hangupv1.DeleteListenerResponse, error) {
	if _, err := s.reset(request.Listener); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	s.listeners[request.Listener].Close()
	delete(s.listeners, request.Listener)
	s.mutex.Unlock()
	return &hangupv1.DeleteListenerResponse{}, nil
}

func (s *server) reset(name string) (uint64, error) {
	s.mutex.Lock()
	found := s.listeners[name]
	s.mutex.Unlock()
	if found == nil {
		return 0, status.Error(codes.NotFound, name)
	}
	found.mutex.Lock()
	defer found.mutex.Unlock()
	count := len(found.accepted)
	for _, conn := range found.accepted {
		conn.SetLinger(0)
		conn.Close()
	}
	found.accepted = nil
	return uint64(count), nil
}

func (l *listener) serve() {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		l.mutex.Lock()
		l.accepted = append(l.accepted, conn.(*net.TCPConn))
		l.mutex.Unlock()
		go l.echo(conn.(*net.TCPConn))
	}
}

func (l *listener) echo(conn *net.TCPConn) {
	// Not from the first byte on: an idle connection should cost its goroutine and no buffer of 64 KiB.
	buffer := make([]byte, 4096)
	for {
		count, err := conn.Read(buffer)
		if err == nil {
			_, err = conn.Write(buffer[:count])
		}
		if err != nil {
			break
		}
		if count == len(buffer) && count < 65536 {
			buffer = make([]byte, 65536)
		}
	}
	conn.Close()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for i, known := range l.accepted {
		if known == conn {
			last := len(l.accepted) - 1
			l.accepted[i] = l.accepted[last]
			l.accepted = l.accepted[:last]
			return
		}
	}
}
