package local_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/local"
	"github.com/abigen/abigen/runtime/netstack/internal/pipe"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
	"github.com/abigen/abigen/runtime/netstack/internal/vfs"
)

type thread struct {
	*kerntest.Thread
	t *testing.T
	d *local.Domain
}

func newThread(t *testing.T) thread { return newThreadAt(t, system.Clock()) }

func newThreadAt(t *testing.T, clock hypercall.Clock) thread {
	fs := vfs.New(clock)
	d := local.New(fs)
	th := kerntest.New(t, kern.Sysents(), new(pipe.Pipes).Sysents(), fs.Sysents(), socket.New(d.Domain()).Sysents())
	t.Cleanup(d.Close)
	return thread{th, t, d}
}

func (th thread) pair(typ uintptr) (a, b uintptr) {
	th.t.Helper()
	at := th.Put(make([]byte, 8))
	th.Must(netbsd.SYS_socketpair, netbsd.AF_LOCAL, typ, 0, at)
	fds := th.Get(at, 8)
	return uintptr(binary.NativeEndian.Uint32(fds)), uintptr(binary.NativeEndian.Uint32(fds[4:]))
}

// message returns the address of a struct msghdr with one byte of data and
// control.
func (th thread) message(control []byte) uintptr {
	h := netbsd.Msghdr{Iovlen: 1}
	iov := netbsd.Iovec{Base: abi.Addr(th.Put([]byte{'x'})), Len: 1}
	h.Iov = abi.Addr(th.Put(abi.AsBytes(&iov)))
	if control != nil {
		h.Control, h.Controllen = abi.Addr(th.Put(control)), uint32(len(control))
	}
	return th.Put(abi.AsBytes(&h))
}

// rights returns a control message with descriptors.
func rights(fds []uintptr) []byte {
	var data []byte
	for _, fd := range fds {
		data = binary.NativeEndian.AppendUint32(data, uint32(fd))
	}
	return socket.Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_RIGHTS, data)
}

// pass sends descriptors through a socket.
func (th thread) pass(through uintptr, fds ...uintptr) {
	th.t.Helper()
	th.Must(netbsd.SYS_sendmsg, through, th.message(rights(fds)), 0)
}

// isClosed tells whether the write end of a pipe that is read from at r is closed.
func (th thread) isClosed(r uintptr) bool {
	th.t.Helper()
	_, _, err := th.Call(netbsd.SYS_read, r, th.Put(make([]byte, 1)), 1)
	if err != nil && !errors.Is(err, netbsd.EAGAIN) {
		th.t.Fatal(err)
	}
	return err == nil
}

// TestCollect sends sockets through each other and closes their descriptors. A
// pipe that goes along shows when they are gone.
func TestCollect(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(th thread, w uintptr){
		"through itself": func(th thread, w uintptr) {
			a, b := th.pair(netbsd.SOCK_STREAM)
			th.pass(a, b, w) // b is queued in b
			th.Must(netbsd.SYS_close, a)
			th.Must(netbsd.SYS_close, b)
		},
		"ring of two": func(th thread, w uintptr) {
			a, b := th.pair(netbsd.SOCK_DGRAM)
			c, d := th.pair(netbsd.SOCK_SEQPACKET)
			th.pass(a, d, w) // d in b
			th.pass(c, b)    // b in d
			for _, fd := range []uintptr{a, b, c, d} {
				th.Must(netbsd.SYS_close, fd)
			}
		},
		"not accepted": func(th thread, w uintptr) {
			name := th.Put([]byte("\x00\x01/s"))
			l := th.Must(netbsd.SYS___socket30, netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0)
			th.Must(netbsd.SYS_bind, l, name, 4)
			th.Must(netbsd.SYS_listen, l, 1)
			c := th.Must(netbsd.SYS___socket30, netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0)
			th.Must(netbsd.SYS_connect, c, name, 4)
			th.pass(c, l, w) // l in a connection that waits on l
			th.Must(netbsd.SYS_close, c)
			th.Must(netbsd.SYS_close, l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newThread(t)
			r, w := th.Pipe(netbsd.O_NONBLOCK)
			send(th, w)
			th.Must(netbsd.SYS_close, w)
			if th.isClosed(r) {
				t.Fatal("closed although it is in flight")
			}
			if th.d.Collect() || !th.isClosed(r) {
				t.Error("not collected")
			}
		})
	}
}

// TestKeep checks that what can still be received is not collected.
func TestKeep(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	a, b := th.pair(netbsd.SOCK_STREAM)
	c, d := th.pair(netbsd.SOCK_STREAM)
	th.pass(c, w)
	th.pass(a, d) // b is open, d is in b, and w in d
	for _, fd := range []uintptr{w, c, d, a} {
		th.Must(netbsd.SYS_close, fd)
	}
	if !th.d.Collect() || th.isClosed(r) {
		t.Fatal("collected")
	}
	th.Must(netbsd.SYS_recvmsg, b, th.message(make([]byte, 64)), 0)
	th.Must(netbsd.SYS_close, b)
	if th.d.Collect(); th.isClosed(r) {
		t.Error("collected what was received")
	}
}

// TestClose checks that descriptors in flight do not outlive the kernel.
func TestClose(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	a, b := th.pair(netbsd.SOCK_STREAM)
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	th.pass(a, w)
	th.Must(netbsd.SYS_close, w)
	th.Must(netbsd.SYS_close, b)
	if !th.isClosed(r) {
		t.Error("a descriptor in flight outlives the receiver")
	}
}

// TestEmptyRecord receives a record without data, which is none, and peeks at it.
func TestEmptyRecord(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	a, b := th.pair(netbsd.SOCK_SEQPACKET)
	th.Must(netbsd.SYS_sendto, a, 0, 0, 0, 0, 0)
	buf := th.Put([]byte{1})
	if n := th.Must(netbsd.SYS_recvfrom, b, buf, 1, netbsd.MSG_PEEK, 0, 0); n != 0 {
		t.Errorf("peeked at %d bytes", n)
	}
	th.Fails(netbsd.EAGAIN, netbsd.SYS_recvfrom, b, buf, 1, netbsd.MSG_DONTWAIT, 0, 0)
	th.Must(netbsd.SYS_sendto, a, 0, 0, 0, 0, 0)
	th.Must(netbsd.SYS_sendto, a, buf, 1, 0, 0, 0)
	if n := th.Must(netbsd.SYS_recvfrom, b, buf, 1, 0, 0, 0); n != 1 {
		t.Errorf("%d bytes behind an empty record", n)
	}
}

// TestNested has each of many sockets in flight to the next, and closes the last.
func TestNested(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	a, b := th.pair(netbsd.SOCK_STREAM)
	th.pass(a, w)
	th.Must(netbsd.SYS_close, w)
	for range 200 {
		th.Must(netbsd.SYS_close, a)
		var next uintptr
		a, next = th.pair(netbsd.SOCK_STREAM)
		th.pass(a, b)
		th.Must(netbsd.SYS_close, b)
		b = next
	}
	if th.isClosed(r) {
		t.Fatal("closed although it can be received")
	}
	th.Must(netbsd.SYS_close, b)
	if !th.isClosed(r) {
		t.Error("not closed")
	}
}

// TestLimit checks that files in flight are counted, and that those which were
// received or dropped are not.
func TestLimit(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	_, w := th.Pipe(0)
	fds := slices.Repeat([]uintptr{w}, 100)
	fill := func() (sent int, open []uintptr) {
		for {
			a, b := th.pair(netbsd.SOCK_STREAM)
			open = append(open, a, b)
			for range 4 { // as many as a buffer has room for
				_, _, err := th.Call(netbsd.SYS_sendmsg, a, th.message(rights(fds)), 0)
				if errors.Is(err, netbsd.EAGAIN) {
					return sent, open
				}
				if err != nil {
					t.Fatal(err)
				}
				sent += len(fds)
			}
		}
	}
	n, open := fill()
	if n == 0 {
		t.Fatal("nothing was sent")
	}
	th.Must(netbsd.SYS_recvfrom, open[1], th.Put([]byte{0}), 1, 0, 0, 0) // drops those of a message
	th.Must(netbsd.SYS_sendmsg, open[0], th.message(rights(fds)), 0)
	for _, fd := range open {
		th.Must(netbsd.SYS_close, fd)
	}
	if m, _ := fill(); m != n {
		t.Errorf("%d files could be in flight, then %d", n, m)
	}
}

// TestConcurrent has two threads send while two others receive, until the
// descriptor of one side is closed. What was sent arrives.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	for name, typ := range map[string]uintptr{"stream": netbsd.SOCK_STREAM, "records": netbsd.SOCK_SEQPACKET, "datagrams": netbsd.SOCK_DGRAM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newThread(t)
			a, b := th.pair(typ)
			var sent, received atomic.Int64
			var senders, receivers sync.WaitGroup
			for range 2 {
				senders.Go(func() { sent.Add(send(t, th.Thread.Thread(), a)) })
				receivers.Go(func() { received.Add(receive(t, th.Thread.Thread(), b)) })
			}
			senders.Wait()
			if typ != netbsd.SOCK_DGRAM {
				th.Must(netbsd.SYS_close, a)
				receivers.Wait()
			}
			th.Must(netbsd.SYS_close, b)
			receivers.Wait()
			if s, r := sent.Load(), received.Load(); typ != netbsd.SOCK_DGRAM && s != r {
				t.Errorf("%d bytes sent, %d received", s, r)
			}
		})
	}
}

const (
	rounds = 200
	size   = 500 // of a message
)

// send sends in a thread of its own, and returns how much.
func send(t *testing.T, th *kerntest.Thread, fd uintptr) (sum int64) {
	buf := th.Put(make([]byte, size))
	for range rounds {
		n, _, err := th.Call(netbsd.SYS_sendto, fd, buf, size, 0, 0, 0)
		switch {
		case err == nil:
			sum += int64(n)
		case errors.Is(err, netbsd.ENOBUFS) || errors.Is(err, netbsd.EMSGSIZE): // no room for a datagram or a record
		default:
			t.Error(err)
			return sum
		}
	}
	return sum
}

// receive receives until there is nothing more, and returns how much it was.
func receive(t *testing.T, th *kerntest.Thread, fd uintptr) (sum int64) {
	buf := th.Put(make([]byte, size))
	for {
		n, _, err := th.Call(netbsd.SYS_recvfrom, fd, buf, size, 0, 0, 0)
		if err != nil && !errors.Is(err, netbsd.EBADF) {
			t.Error(err)
		}
		if n == 0 || err != nil {
			return sum
		}
		sum += int64(n)
	}
}
