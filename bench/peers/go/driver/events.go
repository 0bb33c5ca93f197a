package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"hangup/clients/go/hangupv1"
)

// Field numbers of StreamEventsResponse and Event. Only what is counted is decoded: ten subscribers in one process would
// else cost more than what is measured.
const (
	eventsField        = 1
	sequenceField      = 1
	firstFactField     = 10
	subscribedField    = 10
	lostField          = 11
	sessionOpenedField = 15
	sessionEndedField  = 20
	streamEventsMethod = "/hangup.v1.EventService/StreamEvents"
	deliveryTimeout    = 20 * time.Second
)

// What one stream brought.
type tally struct {
	Events     int    `json:"events"`
	Opened     int    `json:"opened"`
	Ended      int    `json:"ended"`
	Lost       int    `json:"lost"`
	OutOfOrder int    `json:"outOfOrder"`
	Messages   int    `json:"messages"`
	Bytes      int    `json:"bytes"`
	Last       uint64 `json:"-"`
	// The newest event that there was when the stream began.
	Newest uint64 `json:"-"`
	// What comes first may be a `lost` of what the journal has no more: nothing of what it has.
	fromOldest bool
}

// Messages stay as they come from the wire.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(value any) ([]byte, error) {
	return proto.Marshal(value.(proto.Message))
}
func (rawCodec) Unmarshal(data []byte, into any) error {
	*into.(*[]byte) = append((*into.(*[]byte))[:0], data...)
	return nil
}

var _ encoding.Codec = rawCodec{}

func openStream(ctx context.Context, channel *grpc.ClientConn, request *hangupv1.StreamEventsRequest) (grpc.ClientStream, error) {
	stream, err := channel.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, streamEventsMethod, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(request); err != nil {
		return nil, err
	}
	return stream, stream.CloseSend()
}

// Subscribes -n times, each over a connection of its own, and tells when all have `subscribed`. A line on stdin then
// says how many sessions ended meanwhile; when every stream has told of all of them, what each brought is told.
func subscribe() (any, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tallies := make([]tally, *count)
	expected := make(chan struct{})
	var wanted int
	var subscribed, done sync.WaitGroup
	var mutex sync.Mutex
	changed := sync.NewCond(&mutex)
	for i := range tallies {
		channel, err := dialGrpc(*address)
		if err != nil {
			return nil, err
		}
		stream, err := openStream(ctx, channel, &hangupv1.StreamEventsRequest{})
		if err != nil {
			return nil, err
		}
		subscribed.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			first := true
			var raw []byte
			for {
				if err := stream.RecvMsg(&raw); err != nil {
					return
				}
				mutex.Lock()
				tallies[i].add(raw)
				mutex.Unlock()
				changed.Broadcast()
				if first {
					first = false
					subscribed.Done()
				}
			}
		}()
	}
	subscribed.Wait()
	tell(map[string]int{"subscribed": *count})
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return nil, err
	}
	if wanted, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return nil, err
	}
	go func() {
		mutex.Lock()
		defer mutex.Unlock()
		for !all(tallies, wanted) {
			changed.Wait()
		}
		close(expected)
	}()
	select {
	case <-expected:
	case <-time.After(deliveryTimeout):
		mutex.Lock()
		defer mutex.Unlock()
		return nil, fmt.Errorf("not every stream told of %d endings within %v: %+v", wanted, deliveryTimeout, tallies)
	}
	cancel()
	done.Wait()
	return tallies, nil
}

func all(tallies []tally, wanted int) bool {
	for _, each := range tallies {
		// What was lost comes no more.
		if each.Ended < wanted && each.Lost == 0 {
			return false
		}
	}
	return true
}

// Reads the whole journal -n times, as a stream that begins with the oldest event. A full journal tells what it has no
// more as `lost`, and the rest follows.
func replay() (any, error) {
	channel, err := dialGrpc(*address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	var total tally
	var raw []byte
	begin := time.Now()
	for range *count {
		one := tally{fromOldest: true}
		if err := replayOnce(ctx, channel, &one, &raw); err != nil {
			return nil, err
		}
		total.Bytes += one.Bytes
		total.Events += one.Events
		total.Lost += one.Lost
		total.OutOfOrder += one.OutOfOrder
		total.Messages += one.Messages
	}
	return map[string]any{"ns": time.Since(begin).Nanoseconds(), "tally": total}, nil
}

func replayOnce(ctx context.Context, channel *grpc.ClientConn, one *tally, raw *[]byte) error {
	reading, done := context.WithCancel(ctx)
	defer done()
	var from uint64
	stream, err := openStream(reading, channel, &hangupv1.StreamEventsRequest{AfterSequence: &from})
	if err != nil {
		return err
	}
	for one.Messages == 0 || one.Last < one.Newest {
		if err := stream.RecvMsg(raw); err != nil {
			return err
		}
		one.add(*raw)
	}
	return nil
}

func (t *tally) add(response []byte) {
	t.Messages++
	t.Bytes += len(response)
	eachField(response, func(number protowire.Number, event []byte, _ uint64) {
		if number != eventsField {
			return
		}
		var sequence uint64
		var fact protowire.Number
		eachField(event, func(number protowire.Number, _ []byte, value uint64) {
			if number == sequenceField {
				sequence = value
			} else if number >= firstFactField {
				fact = number
			}
		})
		switch fact {
		case subscribedField:
			t.Newest = sequence
			return
		case lostField:
			if !t.fromOldest || t.Events > 0 {
				t.Lost++
			}
		case sessionOpenedField:
			t.Opened++
		case sessionEndedField:
			t.Ended++
		}
		t.Events++
		if sequence <= t.Last {
			t.OutOfOrder++
		}
		t.Last = sequence
	})
}

func eachField(message []byte, visit func(number protowire.Number, bytes []byte, value uint64)) {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			panic(protowire.ParseError(length))
		}
		message = message[length:]
		var bytes []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			bytes, length = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value, length = protowire.ConsumeVarint(message)
		default:
			length = protowire.ConsumeFieldValue(number, kind, message)
		}
		if length < 0 {
			panic(protowire.ParseError(length))
		}
		visit(number, bytes, value)
		message = message[length:]
	}
}
