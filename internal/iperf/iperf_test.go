package iperf_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/iperf"
)

func dialer(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", addr) }
}

// serve starts a server of ours.
func serve(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	ctx, stop := context.WithCancel(context.Background())
	go func() { done <- iperf.Serve(ctx, l, func(err error) { t.Log(err) }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func TestBothEnds(t *testing.T) {
	addr := "127.0.0.1:" + serve(t)
	for _, test := range []iperf.Test{{Duration: time.Second / 5}, {Duration: time.Second / 5, Streams: 3, Reverse: true}} {
		run(t, addr, test)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(strings.Repeat("x", 37) + "\xff\xff\xff\xff")); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := iperf.Run(t.Context(), dialer(addr), iperf.Test{Duration: time.Second / 10}); err != nil {
		t.Errorf("after a client that was none: %v", err)
	}
}

// The program understands our server, and our client the program.
func TestProgram(t *testing.T) {
	if _, err := exec.LookPath("iperf3"); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	port := serve(t)
	for _, args := range []string{"-t 1", "-t 1 -R", "-t 1 -R -P 2", "-n 10M -P 3"} {
		out, err := exec.CommandContext(ctx, "iperf3", append([]string{"-J", "-c", "127.0.0.1", "-p", port}, strings.Fields(args)...)...).Output()
		var got struct {
			End struct {
				Sent struct{ Bytes int64 } `json:"sum_sent"`
			}
		}
		if err := errors.Join(err, json.Unmarshal(out, &got)); err != nil || got.End.Sent.Bytes == 0 {
			t.Errorf("iperf3 %s: %d bytes, %v\n%s", args, got.End.Sent.Bytes, err, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // the port is free
	_, port, _ = strings.Cut(addr, ":")
	cmd := exec.CommandContext(t.Context(), "iperf3", "-s", "-B", "127.0.0.1", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for _, test := range []iperf.Test{{}, {Reverse: true, Streams: 2}} {
		run(t, addr, test)
	}
}

// run runs a test until something arrives: the server may not be there yet, or the
// machine be too busy for a short one.
func run(t *testing.T, addr string, test iperf.Test) {
	t.Helper()
	var r iperf.Result
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if r, err = iperf.Run(t.Context(), dialer(addr), test); err == nil && r.Bytes > 0 && r.Took > 0 {
			return
		}
	}
	t.Errorf("%+v: %+v, %v", test, r, err)
}
