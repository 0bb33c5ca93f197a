// What net/http reports: client ADDRESS TIMEOUT COUNT, one line for the last request.
package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
)

func name(err error) string {
	var timeout net.Error
	var record tls.RecordHeaderError
	var request *url.Error
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "syscall.ECONNRESET"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "syscall.ECONNREFUSED"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "io.ErrUnexpectedEOF"
	case errors.Is(err, io.EOF):
		return "io.EOF"
	case errors.As(err, &record):
		return "tls.RecordHeaderError"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "net.Error, Timeout()"
	case errors.As(err, &request):
		return request.Err.Error()
	default:
		return err.Error()
	}
}

func get(client *http.Client, address string) string {
	response, err := client.Get(address)
	if err != nil {
		return "Get: " + name(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Sprintf("Body, after %d bytes: %s", len(body), name(err))
	}
	return fmt.Sprintf("%d, %d bytes", response.StatusCode, len(body))
}

func main() {
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	count, _ := strconv.Atoi(os.Args[3])
	client := &http.Client{
		Timeout:   time.Duration(seconds * float64(time.Second)),
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}
	said := ""
	for range count {
		said = get(client, os.Args[1])
	}
	fmt.Println(said)
}
