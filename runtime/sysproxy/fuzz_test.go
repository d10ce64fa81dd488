package sysproxy

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// FuzzServer sends what clients sent in the recordings, and anything else, to a
// server, which has to end the session in order when the client goes away.
func FuzzServer(f *testing.F) {
	for _, rec := range append(recordings(f, "srv"), recordings(f, "rec")...) {
		var all []byte
		for _, r := range rec.Records {
			if !r.server() {
				all = append(all, r.data...)
			}
		}
		f.Add(all)
	}
	s := &Server{Kernel: boot(f, nil)}
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, theirs := net.Pipe()
		s.start(ours)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.running.Wait()
		}()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		_ = theirs.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = theirs.Write(data)
		theirs.Close()
		select {
		case <-ended:
		case <-time.After(limit):
			t.Fatal("the session does not end")
		}
	})
}

// FuzzClient answers a client with what servers sent in the recordings, and
// anything else.
func FuzzClient(f *testing.F) {
	for _, rec := range append(recordings(f, "cli"), recordings(f, "rec")...) {
		var all []byte
		for _, r := range rec.Records {
			if r.server() && !r.banner() {
				all = append(all, r.data...)
			}
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, theirs := net.Pipe()
		conn := newClientConn(URL{}, ours)
		c := &Client{procs: map[*process]struct{}{}}
		c.own.Store(true)
		p := &process{client: c, conn: conn, exited: make(chan struct{})}
		go conn.run()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		th, err := p.NewThread(&abi.Bytes{Base: dataAt, Data: make([]byte, 64)})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = conn.handshake(context.Background(), handshakeGuest, command("fuzz"))
			_, _ = syscalls.Read(context.Background(), th, 3, dataAt, 64)
		}()
		_ = theirs.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = theirs.Write(data)
		theirs.Close()
		select {
		case <-done:
		case <-time.After(limit):
			t.Fatal("a call does not end")
		}
		conn.end(io.EOF)
	})
}
