// Measures what a call through the client costs beside the bare generated stubs, and prints one line of JSON: the median
// of a cycle in which a connection is made, its session found and reset, and ECONNRESET seen.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	hangup "hangup/clients/go"
	"hangup/clients/go/hangupv1"
)

const (
	warmUpCycles = 200
	// The two take turns, so that what else the machine does falls on both.
	cyclesInARound = 50
)

func main() {
	log.SetFlags(0)
	rounds := 40
	if slices.Contains(os.Args[1:], "--quick") {
		rounds = 4
	}
	ctx := context.Background()
	fixture := must(hangup.Start(ctx))
	listener := must(fixture.Listen(ctx))
	listenerOfStub := must(fixture.Listen(ctx))
	stubs := bareStubs(fixture.Daemon().Address())

	client := func(conn net.Conn) {
		session := must(listener.Accepted(ctx, conn.LocalAddr()))
		must(session.Reset(ctx))
	}
	// Ports come round again: only sessions behind the last one are meant.
	var newest uint64
	stub := func(conn net.Conn) {
		port := uint32(conn.LocalAddr().(*net.TCPAddr).Port)
		found := must(stubs.WaitSession(ctx, &hangupv1.WaitSessionRequest{
			Scope: fixture.Scope(), Listener: listenerOfStub.Name(), PeerPort: port, OpenedAfterSequence: &newest,
		}))
		newest = found.Session.OpenedSequence
		must(stubs.ResetSession(ctx, &hangupv1.ResetSessionRequest{Scope: fixture.Scope(), Session: found.Session.Name}))
	}
	for range warmUpCycles {
		cycle(listener.Address(), client)
		cycle(listenerOfStub.Address(), stub)
	}
	var ofClient, ofStub []time.Duration
	for range rounds {
		for range cyclesInARound {
			ofClient = append(ofClient, cycle(listener.Address(), client))
		}
		for range cyclesInARound {
			ofStub = append(ofStub, cycle(listenerOfStub.Address(), stub))
		}
	}
	must(fixture.Close(ctx))
	line := must(json.Marshal(struct {
		Language     string `json:"language"`
		Version      string `json:"version"`
		Cycles       int    `json:"cycles"`
		ClientMicros int64  `json:"clientMicros"`
		StubMicros   int64  `json:"stubMicros"`
		Via          string `json:"via"`
	}{"go", runtime.Version(), len(ofClient), median(ofClient), median(ofStub), "control stream"}))
	fmt.Println(string(line))
}

// cycle connects, has the connection reset, and sees ECONNRESET.
func cycle(address string, reset func(net.Conn)) time.Duration {
	begin := time.Now()
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	reset(conn)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		log.Fatalf("Read gave %v, not ECONNRESET", err)
	}
	return time.Since(begin)
}

// bareStubs gives the generated stubs on a connection of their own, with the token that the client has too.
func bareStubs(address string) hangupv1.SessionServiceClient {
	target := address
	if !strings.HasPrefix(address, "unix:") {
		target = "passthrough:///" + address
	}
	return hangupv1.NewSessionServiceClient(must(grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))))
}

func median(durations []time.Duration) int64 {
	slices.Sort(durations)
	return durations[len(durations)/2].Microseconds()
}

func must[Value any](value Value, err error) Value {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
