package kerneltest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/nbsock"
)

// testNoLeak opens and closes 10,000 connections, and then finds no descriptor,
// goroutine or memory that was not there before.
func testNoLeak(t *testing.T, s *Subject) {
	connections := s.load(10000)
	n := s.net(t)
	l, err := n.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	churn(t, n, l, 200) // what is made once is made now
	before := census(t, n)
	churn(t, n, l, connections)
	const slack = 2 << 20 // bytes, about 200 for each connection
	var after usage
	for range 300 {
		after = census(t, n)
		if after.goroutines <= before.goroutines && after.heap < before.heap+slack {
			break
		}
		time.Sleep(100 * time.Millisecond) // what was closed may take a moment to end
	}
	if after.goroutines > before.goroutines || after.heap > before.heap+slack || after.fd != before.fd {
		t.Errorf("before %+v, after %d connections %+v", before, connections, after)
	}
}

// churn makes connections, says a word over each, and closes them.
func churn(t *testing.T, n *nbsock.Net, l net.Listener, connections int) {
	t.Helper()
	const workers = 8
	connections -= connections % workers
	var server sync.WaitGroup
	server.Go(func() {
		for range connections {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			server.Go(func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			})
		}
	})
	var clients sync.WaitGroup
	for range workers {
		clients.Go(func() {
			for range connections / workers {
				if err := sayHello(n, l.Addr().String()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	if t.Failed() {
		_ = l.Close()
	}
	server.Wait()
}

// sayHello resets the connection at the end, so that none waits in TIME_WAIT.
func sayHello(n *nbsock.Net, address string) error {
	c, err := n.Dial("tcp4", address)
	if err != nil {
		return err
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	var b [5]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return err
	}
	if err := c.(*nbsock.Conn).SetLinger(0); err != nil {
		return err
	}
	return c.Close()
}

// A usage is what may leak.
type usage struct {
	goroutines int
	heap       int64 // bytes in use
	fd         int32 // the lowest free descriptor
}

func census(t *testing.T, n *nbsock.Net) usage {
	t.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	th, err := n.Process().NewThread(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer th.Exit()
	fd, err := syscalls.Socket(t.Context(), th, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscalls.Close(t.Context(), th, fd); err != nil {
		t.Fatal(err)
	}
	return usage{runtime.NumGoroutine(), int64(m.HeapAlloc), fd}
}

// testNothingLeftBehind holds that calls that were canceled, or timed out, have
// left nothing.
func testNothingLeftBehind(t *testing.T, s *Subject) {
	n := s.net(t)
	c1, c2, err := pair(n, "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = c1.Close(), c2.Close() }()
	l, err := n.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	interrupted := func() {
		if err := c1.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := c1.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read: %v", err)
		}
		if err := l.(*nbsock.Listener).SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("accept: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		// Nobody answers for this address: lo0 takes what is sent to it.
		if _, err := n.DialContext(ctx, "tcp4", "127.0.0.2:80"); err == nil {
			t.Fatal("connected to nobody")
		}
	}
	interrupted()
	before := census(t, n)
	for range 200 {
		interrupted()
	}
	const slack = 1 << 20
	after := census(t, n)
	for range 300 {
		if after.goroutines <= before.goroutines && after.heap <= before.heap+slack {
			break
		}
		time.Sleep(100 * time.Millisecond)
		after = census(t, n)
	}
	if after.goroutines > before.goroutines || after.heap > before.heap+slack || after.fd != before.fd {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
