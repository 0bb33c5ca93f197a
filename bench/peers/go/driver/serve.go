package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// Obeys lines on stdin: `listen <name>`, `listenForPeer <name>`, `resetAll <name>`, `delete <name>`; a line of JSON answers each.
func serve() (any, error) {
	way, err := connect(*wayName, *address, *upstream)
	if err != nil {
		return nil, err
	}
	if err := way.ping(); err != nil {
		return nil, err
	}
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		verb, name, _ := strings.Cut(input.Text(), " ")
		reply := map[string]any{"sentNs": monotonicNs()}
		switch verb {
		case "listen":
			reply["address"], err = way.listen(name, commanded)
		case "listenForPeer":
			reply["address"], err = way.listen(name, byPeer)
		case "resetAll":
			err = way.resetAll(name)
		case "delete":
			err = way.delete(name)
		default:
			err = fmt.Errorf("no verb %q", verb)
		}
		if err != nil {
			return nil, err
		}
		reply["answeredNs"] = monotonicNs()
		tell(reply)
	}
	return nil, nil
}

// The clock that another process can read too; time.Now tells it only as differences.
func monotonicNs() int64 {
	const clockMonotonic = 1
	var at syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		panic(errno)
	}
	return at.Sec*int64(time.Second) + at.Nsec
}
