package iperf

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// A state is what one side says comes next.
type state int8

const (
	accessDenied    state = -1
	testStart       state = 1
	testRunning     state = 2
	testEnd         state = 4
	paramExchange   state = 9
	createStreams   state = 10
	exchangeResults state = 13
	displayResults  state = 14
	iperfDone       state = 16
)

const (
	cookieSize = 37 // with a zero byte
	maxJSON    = 1 << 20
	maxStreams = 128
	maxBlock   = 1 << 20

	defaultBlock = 128 << 10

	maxTime  = 24 * 60 * 60 // seconds
	patience = time.Minute  // with the other side, beyond the time of the test
)

// params describe a test.
type params struct {
	TCP      bool   `json:"tcp"`
	UDP      bool   `json:"udp,omitempty"`
	Omit     int    `json:"omit"`
	Time     int    `json:"time"` // seconds
	Num      int64  `json:"num"`  // bytes, instead of a time
	Blocks   int64  `json:"blockcount"`
	Parallel int    `json:"parallel"`
	Reverse  bool   `json:"reverse,omitempty"` // the server sends
	Both     bool   `json:"bidirectional,omitempty"`
	Len      int    `json:"len"` // of one write
	Version  string `json:"client_version"`
}

// results are what one side has counted.
type results struct {
	Total       float64        `json:"cpu_util_total"`
	User        float64        `json:"cpu_util_user"`
	System      float64        `json:"cpu_util_system"`
	Retransmits float64        `json:"sender_has_retransmits"` // -1: unknown, which iperf3 may print as 1<<64-1
	Streams     []streamResult `json:"streams"`
}

type streamResult struct {
	ID          int     `json:"id"`
	Bytes       int64   `json:"bytes"`
	Retransmits float64 `json:"retransmits"`
	Jitter      float64 `json:"jitter"`
	Errors      int64   `json:"errors"`
	Packets     int64   `json:"packets"`
	Start       float64 `json:"start_time"`
	End         float64 `json:"end_time"`
}

func counted(streams []*stream, took time.Duration) results {
	r := results{Retransmits: -1}
	for i, s := range streams {
		r.Streams = append(r.Streams, streamResult{ID: streamID(i), Bytes: s.bytes.Load(), Retransmits: -1, End: took.Seconds()})
	}
	return r
}

// streamID returns the number of a stream: there is no 2.
func streamID(i int) int {
	if i == 0 {
		return 1
	}
	return i + 2
}

func (r *results) bytes() (n int64) {
	for _, s := range r.Streams {
		n += s.Bytes
	}
	return n
}

// ErrBusy is the error of a server that has another test, or has not done with the
// last one.
var ErrBusy = errors.New("iperf: the server is busy")

// A control is a control connection.
type control struct{ net.Conn }

func (c control) say(s state) error {
	_, err := c.Write([]byte{byte(s)})
	return err
}

// hear waits for the other side to say one of the states.
func (c control) hear(want ...state) (state, error) {
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return 0, err
	}
	got := state(int8(b[0]))
	if got == accessDenied {
		return got, ErrBusy
	}
	if !slices.Contains(want, got) {
		return got, fmt.Errorf("iperf: the other side is in state %d, want %d", got, want)
	}
	return got, nil
}

func (c control) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func (c control) receive(v any) error {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxJSON {
		return fmt.Errorf("iperf: %d bytes of JSON", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
