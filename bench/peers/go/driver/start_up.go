package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Spawns the command, and tells how long after that its first call was answered, and -n cycles were done. Without a way
// (-way none) only how long the command took.
func startUp() (any, error) {
	command := exec.Command(flag.Arg(1), flag.Args()[2:]...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := command.Start(); err != nil {
		return nil, err
	}
	if *wayName == "none" {
		err := command.Wait()
		return map[string]any{"exitedNs": time.Since(begin).Nanoseconds()}, err
	}
	defer command.Wait()
	defer command.Process.Signal(syscall.SIGTERM)
	where := *address
	if *readyLine {
		var ready struct{ Address string }
		line, err := bufio.NewReader(output).ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(line, &ready); err != nil {
			return nil, err
		}
		where = ready.Address
	} else if err := awaitPort(where, begin); err != nil {
		return nil, err
	}
	readyNs := time.Since(begin).Nanoseconds()
	way, err := connect(*wayName, where, *upstream)
	if err != nil {
		return nil, err
	}
	if err := way.ping(); err != nil {
		return nil, err
	}
	answeredNs := time.Since(begin).Nanoseconds()
	var seen endings
	for i := range *count {
		if err := cycle(way, unique(i), commanded, &seen); err != nil {
			return nil, err
		}
	}
	return map[string]any{
		"readyNs": readyNs, "answeredNs": answeredNs, "cyclesNs": time.Since(begin).Nanoseconds(), "endings": seen,
	}, nil
}

// One that tells nothing is asked until it answers.
func awaitPort(where string, begin time.Time) error {
	for time.Since(begin) < 10*time.Second {
		if conn, err := net.Dial("tcp", where); err == nil {
			return conn.Close()
		}
		time.Sleep(200 * time.Microsecond)
	}
	return fmt.Errorf("nothing listens on %s", where)
}
