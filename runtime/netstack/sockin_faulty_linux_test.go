package netstack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// newFaultySockin boots a kernel on the sockets of this machine, with faults, and
// sees to it that none of them is left when it has halted.
func newFaultySockin(t *testing.T, plan faulty.Plan) *netstack.Kernel {
	t.Helper()
	host := faulty.NewSockets(new(sockin.Host), plan, nil)
	k, err := netstack.New(netstack.Config{Sockin: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		halt(t, k)
		if n := host.Alive(); n != 0 {
			t.Errorf("%d sockets of the host are left open", n)
		}
	})
	return k
}

// moves are the operations that move data, or take a connection.
func moves(plan faulty.Plan) faulty.Plan {
	return func(op faulty.Op) faulty.Fault {
		if op.Name != "send" && op.Name != "receive" && op.Name != "accept" {
			return faulty.Fault{}
		}
		return plan(op)
	}
}

// TestSockinShortTransfers: a host that takes and gives a little at a time, and often
// says to come again later, loses nothing.
func TestSockinShortTransfers(t *testing.T) {
	k := newFaultySockin(t, moves(faulty.Any(
		faulty.Sometimes(1, 0.2, faulty.Fault{Err: netbsd.EWOULDBLOCK}),
		faulty.Sometimes(2, 0.9, faulty.Fault{Max: 1}, faulty.Fault{Max: 333}, faulty.Fault{Max: 4000}),
	)))
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	ln, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go echoOnce(ln)
	c, err := n.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sent := make([]byte, 200_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(sent) // never fails
	done := make(chan error, 1)
	go func() {
		_, err := c.Write(sent)
		done <- errors.Join(err, c.(interface{ CloseWrite() error }).CloseWrite())
	}()
	got, err := io.ReadAll(c)
	if err := errors.Join(err, <-done); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes came back, or others: %v", len(got), len(sent), err)
	}
}

// echoOnce sends what comes over one connection back. No other connection waits
// for that.
func echoOnce(ln net.Listener) {
	defer ln.Close()
	c, err := ln.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = io.Copy(c, c)
}

// TestSockinHostErrors: what the host refuses once, a call fails with once.
func TestSockinHostErrors(t *testing.T) {
	for _, row := range []struct {
		op   faulty.Op
		err  netbsd.Errno
		call func(h *host, stream, datagram int32) error
	}{
		{faulty.Op{Name: "bind"}, netbsd.EACCES, func(h *host, s, _ int32) error {
			name := sockaddr("127.0.0.1:0")
			return syscalls.Bind(h.Context(), h, s, h.put(name), uint32(len(name)))
		}},
		{faulty.Op{Name: "listen"}, netbsd.EADDRINUSE, func(h *host, s, _ int32) error { return syscalls.Listen(h.Context(), h, s, 1) }},
		{faulty.Op{Name: "connect"}, netbsd.ENETUNREACH, func(h *host, _, d int32) error {
			name := sockaddr("127.0.0.1:9")
			return syscalls.Connect(h.Context(), h, d, h.put(name), uint32(len(name)))
		}},
		{faulty.Op{Name: "send", Arg: "udp"}, netbsd.ENOBUFS, func(h *host, _, d int32) error { return h.send(d, "127.0.0.1:9", nil, "x") }},
		{faulty.Op{Name: "set option", Arg: "tcp"}, netbsd.ENOMEM, func(h *host, s, _ int32) error {
			return syscalls.Setsockopt(h.Context(), h, s, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, h.put(integer(1)), 4)
		}},
		{faulty.Op{Name: "option"}, netbsd.ENOMEM, func(h *host, s, _ int32) error {
			return syscalls.Getsockopt(h.Context(), h, s, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, h.put(make([]byte, 4)), h.put(integer(4)))
		}},
		{faulty.Op{Name: "open"}, netbsd.EMFILE, func(h *host, _, _ int32) error {
			fd, err := syscalls.Socket(h.Context(), h, netbsd.AF_INET6, netbsd.SOCK_STREAM, 0)
			if err == nil {
				h.close(fd)
			}
			return err
		}},
	} {
		t.Run(row.op.Name, func(t *testing.T) {
			armed := false
			once := faulty.Nth(1, row.op, faulty.Fault{Err: row.err})
			h := newProgram(t, newFaultySockin(t, func(op faulty.Op) faulty.Fault {
				if !armed {
					return faulty.Fault{}
				}
				return once(op)
			}))
			stream, datagram := h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0), h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
			armed = true
			if err := row.call(h, stream, datagram); !errors.Is(err, row.err) {
				t.Errorf("%v, want %v", err, row.err)
			}
			if err := row.call(h, stream, datagram); err != nil {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

// TestSockinLostConnection: an error of the host's ends a connection for its reader, and
// the next call finds the end of it.
func TestSockinLostConnection(t *testing.T) {
	h := newProgram(t, newFaultySockin(t, faulty.Nth(1, faulty.Op{Name: "receive", Arg: "tcp"}, faulty.Fault{Err: netbsd.ETIMEDOUT})))
	fd, peer := h.hostPair()
	if _, err := peer.Write([]byte("never seen")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.recv(fd, 10, 0); !errors.Is(err, netbsd.ETIMEDOUT) {
		t.Errorf("read: %v, want ETIMEDOUT", err)
	}
	if got, err := h.recv(fd, 10, 0); got != "" || err != nil {
		t.Errorf("then got %q, %v", got, err)
	}
	if err := h.write(fd, "x", 0); !errors.Is(err, netbsd.EPIPE) {
		t.Errorf("write: %v, want EPIPE", err)
	}
}

// TestSockinEverythingFails: whatever the host refuses, no call hangs, and nothing
// is left of it.
func TestSockinEverythingFails(t *testing.T) {
	var faults []faulty.Fault
	for _, err := range []netbsd.Errno{
		netbsd.EWOULDBLOCK, netbsd.ECONNRESET, netbsd.ENOBUFS, netbsd.EMFILE, netbsd.ENETUNREACH, netbsd.EPIPE, netbsd.EINVAL, netbsd.EIO,
	} {
		faults = append(faults, faulty.Fault{Err: err}, faulty.Fault{Max: 1})
	}
	n, err := nbsock.New(newFaultySockin(t, faulty.Sometimes(3, 0.15, faults...)), nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	worked := 0
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if talkOnce(ctx, n) == nil {
			worked++
		}
		if err := ctx.Err(); err != nil {
			t.Fatal("a call hangs")
		}
		cancel()
	}
	if worked == 0 || worked == 100 {
		t.Errorf("%d of 100 conversations worked", worked)
	}
}

// talkOnce makes a connection from the kernel to itself, and sends something there and
// back.
func talkOnce(ctx context.Context, n *nbsock.Net) error {
	ln, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	go echoOnce(ln)
	c, err := n.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	// An end that is not told of the other's must not wait for ever.
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	b := make([]byte, 5)
	_, err = io.ReadFull(c, b)
	return err
}
