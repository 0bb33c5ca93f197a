// The client of every contestant, so that what differs is the contestant: one program in Go, which commands each in its
// own way (the contract by grpc-go, Toxiproxy by HTTP, the server in C by lines) and dials with plain sockets. A Node
// client would cost more than most of what is measured, and libuv tells a RST behind data as EOF.
//
//	driver [flags] cycles | latency | serve | subscribe | replay | start-up <command...>
//
// Prints JSON. Times are of CLOCK_MONOTONIC where they are points in time, in ns.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"time"
)

var (
	wayName   = flag.String("way", "unary", "how to command: unary, stream, http, lines")
	address   = flag.String("address", "", "where")
	upstream  = flag.String("upstream", "", "what Toxiproxy shall proxy to")
	inPlan    = flag.Bool("planned", false, "the reset is planned in the listen call")
	count     = flag.Int("n", 0, "how many cycles, streams or listeners")
	every     = flag.Duration("every", 0, "latency: one sample in so long; 0: one after the other")
	during    = flag.Duration("during", 0, "latency: for so long, in place of -n")
	readyLine = flag.Bool("ready-line", false, "start-up: the command tells its address as JSON on stdout")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("driver: ")
	flag.Parse()
	task, known := map[string]func() (any, error){
		"cycles":    cycles,
		"latency":   latency,
		"serve":     serve,
		"subscribe": subscribe,
		"replay":    replay,
		"start-up":  startUp,
	}[flag.Arg(0)]
	if !known {
		log.Fatalf("no task %q", flag.Arg(0))
	}
	result, err := task()
	if err != nil {
		log.Fatalf("%s by %s: %v", flag.Arg(0), *wayName, err)
	}
	tell(result)
}

func tell(result any) {
	if result == nil {
		return
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func cycles() (any, error) {
	way, err := connect(*wayName, *address, *upstream)
	if err != nil {
		return nil, err
	}
	// The first call dials.
	if err := way.ping(); err != nil {
		return nil, err
	}
	how := commanded
	if *inPlan {
		how = planned
	}
	var seen endings
	begin := time.Now()
	for i := range *count {
		if err := cycle(way, unique(i), how, &seen); err != nil {
			return nil, err
		}
	}
	return map[string]any{"ns": time.Since(begin).Nanoseconds(), "endings": seen}, nil
}

func latency() (any, error) {
	way, err := connect(*wayName, *address, *upstream)
	if err != nil {
		return nil, err
	}
	if err := way.ping(); err != nil {
		return nil, err
	}
	var seen endings
	samples := []int64{}
	begin := time.Now()
	for i := 0; i < *count || time.Since(begin) < *during; i++ {
		took, err := commandLatency(way, unique(i), &seen)
		if err != nil {
			return nil, err
		}
		samples = append(samples, took.Nanoseconds())
		if *every > 0 {
			// To the next tick: a probe that was slow makes the next ones no denser.
			time.Sleep(*every - time.Since(begin)%*every)
		}
	}
	return map[string]any{"ns": samples, "endings": seen}, nil
}

// Names of one driver meet those of no other that runs beside it.
func unique(i int) string { return fmt.Sprintf("b%d-%d", os.Getpid(), i) }
