package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const messageBytes = 64

var message = make([]byte, messageBytes)

// How the sessions ended, by what read(2) gave: the error is the kernel's own, Go adds none.
type endings struct {
	Econnreset int    `json:"econnreset"`
	Eof        int    `json:"eof"`
	Other      int    `json:"other"`
	LastOther  string `json:"lastOther,omitempty"`
}

func (e *endings) count(err error) {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		e.Econnreset++
	case err == io.EOF:
		e.Eof++
	default:
		e.Other++
		e.LastOther = fmt.Sprint(err)
	}
}

func (e *endings) readEnd(conn net.Conn) {
	_, err := conn.Read(make([]byte, 1))
	e.count(err)
}

// What a test does, in its order: listen, dial, echo, reset, see it, delete.
func cycle(way control, name string, how ending, seen *endings) error {
	conn, err := listenAndEcho(way, name, how)
	if err != nil {
		return err
	}
	defer conn.Close()
	if how != planned {
		if err := way.reset(name); err != nil {
			return err
		}
	}
	seen.readEnd(conn)
	return way.delete(name)
}

// The same, but the peer is reading when the command is sent: tells how long after that the error was there.
func commandLatency(way control, name string, seen *endings) (time.Duration, error) {
	conn, err := listenAndEcho(way, name, commanded)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	over := make(chan time.Time, 1)
	go func() {
		seen.readEnd(conn)
		over <- time.Now()
	}()
	sent := time.Now()
	if err := way.reset(name); err != nil {
		return 0, err
	}
	took := (<-over).Sub(sent)
	return took, way.delete(name)
}

func listenAndEcho(way control, name string, how ending) (net.Conn, error) {
	address, err := way.listen(name, how)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	// No wait of this fixture is as long.
	conn.SetDeadline(time.Now().Add(callTimeout))
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(conn, make([]byte, messageBytes))
	return conn, err
}
