package pipe_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/pipe"
)

func newThread(t *testing.T) *kerntest.Thread {
	return kerntest.New(t, kern.Sysents(), new(pipe.Pipes).Sysents())
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// TestOrder moves more than a buffer holds, in pieces that do not divide it.
func TestOrder(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	want := pattern(100_003)
	src, dst := th.Put(want), th.Put(make([]byte, len(want)))
	for sent, got := 0, 0; got < len(want); {
		n, _, err := th.Call(netbsd.SYS_write, w, src+uintptr(sent), uintptr(min(5000, len(want)-sent)))
		if err != nil && !errors.Is(err, netbsd.EAGAIN) {
			t.Fatal(err)
		}
		sent += int(n)
		got += int(th.Must(netbsd.SYS_read, r, dst+uintptr(got), 3001))
	}
	if !bytes.Equal(th.Get(dst, len(want)), want) {
		t.Error("other bytes came out than went in")
	}
}

// TestBlockedWriter writes more than even a big buffer holds.
func TestBlockedWriter(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	want := pattern(150_000)
	other := th.Thread()
	src := other.Put(want)
	written := make(chan uintptr)
	go func() {
		n, _, _ := other.Call(netbsd.SYS_write, w, src, uintptr(len(want)))
		written <- n
	}()
	dst := th.Put(make([]byte, 10_000))
	var got []byte
	for len(got) < len(want) {
		n := th.Must(netbsd.SYS_read, r, dst, 10_000)
		got = append(got, th.Get(dst, int(n))...)
	}
	if n := <-written; int(n) != len(want) || !bytes.Equal(got, want) {
		t.Errorf("%d bytes written, %d read, equal: %t", n, len(got), bytes.Equal(got, want))
	}
}

// TestAtomicWrites has writers whose records fill the pipe; each must come out
// in one piece.
func TestAtomicWrites(t *testing.T) {
	t.Parallel()
	const writers, records = 4, 100
	th := newThread(t)
	r, w := th.Pipe(0)
	var done sync.WaitGroup
	for i := range writers {
		other := th.Thread()
		src := other.Put(bytes.Repeat([]byte{byte(i)}, netbsd.PIPE_BUF))
		done.Go(func() {
			for range records {
				other.Must(netbsd.SYS_write, w, src, netbsd.PIPE_BUF)
			}
		})
	}
	dst := th.Put(make([]byte, netbsd.PIPE_BUF))
	for range writers * records {
		th.Must(netbsd.SYS_read, r, dst, netbsd.PIPE_BUF)
		if b := th.Get(dst, netbsd.PIPE_BUF); slices.Min(b) != slices.Max(b) {
			t.Fatal("a record has bytes of two writers")
		}
	}
	done.Wait()
}

// TestFault shows that what could not be copied out is still there.
func TestFault(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	th.Must(netbsd.SYS_write, w, th.Put([]byte("abc")), 3)
	th.Fails(netbsd.EFAULT, netbsd.SYS_read, r, 8, 3)
	th.Fails(netbsd.EFAULT, netbsd.SYS_write, w, 8, 3)
	dst := th.Put(make([]byte, 8))
	if n := th.Must(netbsd.SYS_read, r, dst, 8); string(th.Get(dst, int(n))) != "abc" {
		t.Errorf("read %q", th.Get(dst, int(n)))
	}
	th.Fails(netbsd.EAGAIN, netbsd.SYS_read, r, dst, 8)
}

// TestEnds shows what becomes of one end when the other is closed.
func TestEnds(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	var signals []netbsd.Signal
	child := th.Fork(nil, func(s netbsd.Signal) { signals = append(signals, s) })
	r, w := child.Pipe(0)
	child.Must(netbsd.SYS_close, r)
	src := child.Put([]byte("x"))
	child.Fails(netbsd.EPIPE, netbsd.SYS_write, w, src, 1)
	child.Must(netbsd.SYS_fcntl, w, netbsd.F_SETNOSIGPIPE, 1)
	child.Fails(netbsd.EPIPE, netbsd.SYS_write, w, src, 1)
	if !slices.Equal(signals, []netbsd.Signal{netbsd.SIGPIPE}) {
		t.Errorf("signals %v", signals)
	}
	r, w = child.Pipe(0)
	child.Must(netbsd.SYS_close, w)
	if n := child.Must(netbsd.SYS_read, r, src, 1); n != 0 {
		t.Errorf("read %d bytes at the end of file", n)
	}
}

// TestCloseWhileBlocked closes a descriptor that another thread reads from.
func TestCloseWhileBlocked(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, _ := th.Pipe(0)
	other := th.Thread()
	dst := other.Put(make([]byte, 1))
	result := make(chan error)
	go func() {
		_, _, err := other.Call(netbsd.SYS_read, r, dst, 1)
		result <- err
	}()
	th.Must(netbsd.SYS_close, r)
	if err := <-result; !errors.Is(err, netbsd.EBADF) {
		t.Errorf("read: %v", err)
	}
}

// TestOwner shows that the owner of an end hears of what can be read from it.
func TestOwner(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	signals := make(chan netbsd.Signal, 1)
	child := th.Fork(nil, func(s netbsd.Signal) { signals <- s })
	r, w := child.Pipe(0)
	child.Fails(netbsd.ESRCH, netbsd.SYS_fcntl, r, netbsd.F_SETOWN, 29999)
	child.Must(netbsd.SYS_fcntl, r, netbsd.F_SETOWN, uintptr(child.Proc.PID))
	child.Must(netbsd.SYS_fcntl, r, netbsd.F_SETFL, netbsd.O_ASYNC)
	child.Must(netbsd.SYS_write, w, child.Put([]byte("x")), 1)
	if s := <-signals; s != netbsd.SIGIO {
		t.Errorf("signal %v", s)
	}
}

// TestPoll waits on a pipe that nothing happens to, and on one that is
// written to.
func TestPoll(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	fds := []netbsd.Pollfd{{FD: int32(r), Events: netbsd.POLLIN}, {FD: -1}, {FD: 77}}
	at := th.Put(kern.SliceBytes(fds))
	if n := th.Must(netbsd.SYS_poll, at, 2, 20); n != 0 {
		t.Errorf("%d ready", n)
	}
	result := make(chan []byte)
	go func() {
		th.Must(netbsd.SYS_poll, at, 2, ^uintptr(0))
		result <- th.Get(at, 2*netbsd.SizeofPollfd)
	}()
	other := th.Thread()
	other.Must(netbsd.SYS_write, w, other.Put([]byte("x")), 1)
	copy(kern.SliceBytes(fds), <-result)
	if fds[0].Revents != netbsd.POLLIN || fds[1].Revents != 0 {
		t.Errorf("events %#x, %#x", fds[0].Revents, fds[1].Revents)
	}
	th.Must(netbsd.SYS_poll, at, 3, ^uintptr(0))
	copy(kern.SliceBytes(fds), th.Get(at, 3*netbsd.SizeofPollfd))
	if fds[2].Revents != netbsd.POLLNVAL {
		t.Errorf("events %#x of a descriptor that is not open", fds[2].Revents)
	}
}

// TestStat checks what fstat(2) says of both ends.
func TestStat(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	th.Must(netbsd.SYS_write, w, th.Put([]byte("abc")), 3)
	var st netbsd.Stat
	at := th.Put(abi.AsBytes(&st))
	for fd, want := range map[uintptr]int64{r: 3, w: 0} {
		th.Must(netbsd.SYS___fstat50, fd, at)
		copy(abi.AsBytes(&st), th.Get(at, len(abi.AsBytes(&st))))
		if st.Size != want || st.Mode != netbsd.S_IFIFO|0o600 || st.Mtim.Sec == 0 {
			t.Errorf("descriptor %d: size %d, mode %o, modified %v", fd, st.Size, st.Mode, st.Mtim)
		}
	}
}
