package main

import (
	"fmt"
)

// How the sessions of a listener shall end.
type ending int

const (
	// By reset, when it is commanded.
	commanded ending = iota
	// By reset, as soon as one message was echoed: said in the listen call.
	planned
	// By the peer's FIN.
	byPeer
)

// A way of commanding a contestant: its own, as a test would use it from Go.
type control interface {
	// Opens an echo listener whose sessions end so, and tells where.
	listen(name string, how ending) (string, error)
	// The command: resets the first session of the listener.
	reset(name string) error
	// The same for all of its sessions.
	resetAll(name string) error
	delete(name string) error
	// The cheapest call there is.
	ping() error
}

func connect(way, address, upstream string) (control, error) {
	switch way {
	case "unary":
		return unary(address)
	case "stream":
		return stream(address)
	case "http":
		return &toxiproxy{api: "http://" + address, upstream: upstream, living: map[string]bool{}}, nil
	case "lines":
		return lines(address)
	}
	return nil, fmt.Errorf("no way %s to command a contestant", way)
}
