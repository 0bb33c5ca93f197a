package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
)

// The epoll server in C, by its lines.
type lineCalls struct {
	conn   net.Conn
	reader *bufio.Reader
	ids    map[string]string
}

func lines(address string) (control, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &lineCalls{conn, bufio.NewReader(conn), map[string]string{}}, nil
}

func (l *lineCalls) listen(name string, how ending) (string, error) {
	if how == planned {
		return "", fmt.Errorf("the server in C has no plans")
	}
	reply, err := l.call("listen")
	if err != nil {
		return "", err
	}
	id, port, _ := strings.Cut(reply, " ")
	l.ids[name] = id
	return "127.0.0.1:" + port, nil
}

func (l *lineCalls) reset(name string) error {
	_, err := l.call("reset " + l.ids[name])
	return err
}

func (l *lineCalls) resetAll(name string) error { return l.reset(name) }

func (l *lineCalls) delete(name string) error {
	_, err := l.call("delete " + l.ids[name])
	delete(l.ids, name)
	return err
}

func (l *lineCalls) ping() error {
	_, err := l.call("ping")
	return err
}

func (l *lineCalls) call(line string) (string, error) {
	if _, err := l.conn.Write([]byte(line + "\n")); err != nil {
		return "", err
	}
	reply, err := l.reader.ReadString('\n')
	if err == nil && strings.HasPrefix(reply, "error") {
		err = fmt.Errorf("%s: %s", line, reply)
	}
	return strings.TrimSuffix(reply, "\n"), err
}
