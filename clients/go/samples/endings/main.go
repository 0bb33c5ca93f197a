// Connects twice, has the daemon at HANGUP_ADDRESS end one connection by FIN and the other by RST, and reads what
// Go makes of each.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"hangup/clients/go/hangupv1"
)

func main() {
	ctx := context.Background()
	daemon := must(grpc.NewClient(os.Getenv("HANGUP_ADDRESS"), grpc.WithTransportCredentials(insecure.NewCredentials())))
	sessions := hangupv1.NewSessionServiceClient(daemon)
	echo := must(hangupv1.NewListenerServiceClient(daemon).CreateListener(ctx, &hangupv1.CreateListenerRequest{})).Listener
	open := func() (net.Conn, string) {
		conn := must(net.Dial("tcp", echo.Address)).(*net.TCPConn)
		port := uint32(conn.LocalAddr().(*net.TCPAddr).Port)
		reply := must(sessions.WaitSession(ctx, &hangupv1.WaitSessionRequest{Listener: echo.Name, PeerPort: port}))
		return conn, reply.Session.Name
	}

	conn, session := open()
	must(sessions.CloseSession(ctx, &hangupv1.CloseSessionRequest{Session: session}))
	_, err := conn.Read(make([]byte, 1))
	expect("CloseSession", err, io.EOF)

	conn, session = open()
	must(sessions.ResetSession(ctx, &hangupv1.ResetSessionRequest{Session: session}))
	_, err = conn.Read(make([]byte, 1))
	expect("ResetSession", err, syscall.ECONNRESET)
}

func must[Value any](value Value, err error) Value {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func expect(call string, err, want error) {
	if !errors.Is(err, want) {
		log.Fatalf("%s: Read gave %v, not %v", call, err, want)
	}
	fmt.Printf("%s: Read gave %v\n", call, err)
}
