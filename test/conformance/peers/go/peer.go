// A peer by Go's net: see ../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

type said struct {
	Connect string      `json:"connect"`
	Calls   [][2]string `json:"calls"`
}

func main() {
	address, order := os.Args[1], []string{"read", "read", "write"}
	if os.Args[2] == "write" {
		order = []string{"write", "write", "read"}
	}
	out := said{Connect: "connected", Calls: [][2]string{}}
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		out.Connect = err.Error()
	} else {
		conn.Write([]byte("hello"))
		bufio.NewReader(os.Stdin).ReadString('\n')
		conn.SetDeadline(time.Now().Add(time.Second))
		for _, name := range order {
			out.Calls = append(out.Calls, [2]string{name, call(conn, name)})
		}
		out = neutral(out, conn.LocalAddr().String())
	}
	out = neutral(out, address)
	json.NewEncoder(os.Stdout).Encode(out)
}

func call(conn net.Conn, name string) string {
	var n int
	var err error
	if name == "read" {
		n, err = conn.Read(make([]byte, 4096))
	} else {
		n, err = conn.Write([]byte("x"))
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("n = %d", n)
}

// The addresses differ from run to run.
func neutral(out said, address string) said {
	out.Connect = strings.ReplaceAll(out.Connect, address, "ADDRESS")
	for i := range out.Calls {
		out.Calls[i][1] = strings.ReplaceAll(out.Calls[i][1], address, "ADDRESS")
	}
	return out
}
