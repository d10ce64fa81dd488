package kqueue_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/kqueue"
	"github.com/abigen/abigen/runtime/netstack/internal/pipe"
)

// A thread with a kqueue.
type thread struct {
	*kerntest.Thread
	t  *testing.T
	kq uintptr
}

func newThread(t *testing.T) thread {
	th := kerntest.New(t, kern.Sysents(), new(pipe.Pipes).Sysents(), new(kqueue.Queues).Sysents())
	return thread{th, t, th.Must(netbsd.SYS_kqueue)}
}

// change makes one change and returns the event that tells of its failure.
func (th thread) change(ident uintptr, filter, flags uint32, data int64) (netbsd.Kevent, bool) {
	th.t.Helper()
	kev := netbsd.Kevent{Filter: filter, Flags: flags, Data: data}
	setIdent(&kev, ident)
	at := th.Put(abi.AsBytes(&kev))
	var none netbsd.Timespec
	n := th.Must(netbsd.SYS___kevent50, th.kq, at, 1, at, 1, th.Put(abi.AsBytes(&none)))
	copy(abi.AsBytes(&kev), th.Get(at, netbsd.SizeofKevent))
	return kev, n > 0
}

// add registers an event that is not there yet.
func (th thread) add(ident uintptr, filter, flags uint32, data int64) {
	th.t.Helper()
	kev := netbsd.Kevent{Filter: filter, Flags: flags | netbsd.EV_ADD, Data: data}
	setIdent(&kev, ident)
	th.Must(netbsd.SYS___kevent50, th.kq, th.Put(abi.AsBytes(&kev)), 1, 0, 0, 0)
}

// events collects what is there.
func (th thread) events() []netbsd.Kevent {
	th.t.Helper()
	var none netbsd.Timespec
	return th.wait(th.Put(abi.AsBytes(&none)))
}

func (th thread) wait(timeout uintptr) []netbsd.Kevent {
	th.t.Helper()
	list := make([]netbsd.Kevent, 4)
	at := th.Put(kern.SliceBytes(list))
	list = list[:th.Must(netbsd.SYS___kevent50, th.kq, 0, 0, at, 4, timeout)]
	copy(kern.SliceBytes(list), th.Get(at, len(list)*netbsd.SizeofKevent))
	return list
}

func (th thread) write(w uintptr, s string) {
	th.t.Helper()
	th.Must(netbsd.SYS_write, w, th.Put([]byte(s)), uintptr(len(s)))
}

// TestFlags shows for each of the flags when an event is reported.
func TestFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		flags uint32
		want  [3]int // events after a write, at once again, after another write
	}{
		{"level", 0, [3]int{1, 1, 1}},
		{"clear", netbsd.EV_CLEAR, [3]int{1, 0, 1}},
		{"oneshot", netbsd.EV_ONESHOT, [3]int{1, 0, 0}},
		{"dispatch", netbsd.EV_DISPATCH, [3]int{1, 0, 0}},
		{"disable", netbsd.EV_DISABLE, [3]int{0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			th := newThread(t)
			r, w := th.Pipe(0)
			th.add(r, netbsd.EVFILT_READ, test.flags, 0)
			var got [3]int
			for i := range got {
				if i != 1 {
					th.write(w, "x")
				}
				got[i] = len(th.events())
			}
			if got != test.want {
				t.Errorf("%v events, not %v", got, test.want)
			}
		})
	}
}

// TestEnable enables an event that has happened while it was disabled.
func TestEnable(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	th.add(r, netbsd.EVFILT_READ, netbsd.EV_DISABLE, 0)
	th.write(w, "ab")
	kev, ok := th.change(r, netbsd.EVFILT_READ, netbsd.EV_ENABLE, 0)
	if !ok || kev.Data != 2 || kev.Flags != netbsd.EV_ADD|netbsd.EV_DISABLE {
		t.Errorf("event %t: data %d, flags %#x", ok, kev.Data, kev.Flags)
	}
}

// TestErrors has changes that fail.
func TestErrors(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	th.Must(netbsd.SYS_close, r)
	for _, test := range []struct {
		name          string
		ident         uintptr
		filter, flags uint32
		data          int64
		want          netbsd.Errno
	}{
		{"descriptor", 99, netbsd.EVFILT_READ, netbsd.EV_ADD, 0, netbsd.EBADF},
		{"large descriptor", 1 << 31, netbsd.EVFILT_READ, netbsd.EV_ADD, 0, netbsd.EBADF},
		{"filter", w, 77, netbsd.EV_ADD, 0, netbsd.EINVAL},
		{"vnode filter", w, netbsd.EVFILT_VNODE, netbsd.EV_ADD, 0, netbsd.EINVAL},
		{"no reader", w, netbsd.EVFILT_WRITE, netbsd.EV_ADD, 0, netbsd.EBADF},
		{"nothing to delete", w, netbsd.EVFILT_READ, netbsd.EV_DELETE, 0, netbsd.ENOENT},
		{"timer of no time", 1, netbsd.EVFILT_TIMER, netbsd.EV_ADD, 0, netbsd.EINVAL},
		{"itself", th.kq, netbsd.EVFILT_READ, netbsd.EV_ADD, 0, netbsd.ELOOP},
		{"receipt", w, netbsd.EVFILT_READ, netbsd.EV_ADD | netbsd.EV_RECEIPT, 0, 0},
	} {
		kev, ok := th.change(test.ident, test.filter, test.flags, test.data)
		if !ok || kev.Flags != netbsd.EV_ERROR || kev.Data != int64(test.want) {
			t.Errorf("%s: event %t with flags %#x, data %d; want %v", test.name, ok, kev.Flags, kev.Data, test.want)
		}
	}
	if n := th.Must(netbsd.SYS___kevent50, th.kq, 0, 0, 0, 0, 0); n != 0 {
		t.Errorf("%d events in a list of none", n)
	}
}

// TestNested has a kqueue wait for another, and refuses the reverse.
func TestNested(t *testing.T) {
	t.Parallel()
	outer := newThread(t)
	inner := thread{outer.Thread, t, outer.Must(netbsd.SYS_kqueue)}
	outer.add(inner.kq, netbsd.EVFILT_READ, 0, 0)
	if kev, ok := inner.change(outer.kq, netbsd.EVFILT_READ, netbsd.EV_ADD, 0); !ok || kev.Data != int64(netbsd.ELOOP) {
		t.Errorf("a loop of kqueues: event %t, data %d", ok, kev.Data)
	}
	r, w := outer.Pipe(0)
	inner.add(r, netbsd.EVFILT_READ, 0, 0)
	if n := len(outer.events()); n != 0 {
		t.Errorf("%d events before anything happened", n)
	}
	outer.write(w, "x")
	if e := outer.events(); len(e) != 1 || uintptr(e[0].Ident) != inner.kq || e[0].Data != 1 {
		t.Errorf("events %+v", e)
	}
}

// TestCloseDescriptor shows that events go with their descriptor, though the
// file is still open.
func TestCloseDescriptor(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	th.add(r, netbsd.EVFILT_READ, 0, 0)
	th.Must(netbsd.SYS_dup, r)
	th.write(w, "x")
	th.Must(netbsd.SYS_close, r)
	if e := th.events(); len(e) != 0 {
		t.Errorf("events %+v of a closed descriptor", e)
	}
	r2, _ := th.Pipe(0)
	if kev, ok := th.change(r2, netbsd.EVFILT_READ, netbsd.EV_DELETE, 0); r2 != r || !ok || kev.Data != int64(netbsd.ENOENT) {
		t.Errorf("the next descriptor, %d, has the event", r2)
	}
}

// TestTimer waits for expirations.
func TestTimer(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	th.add(7, netbsd.EVFILT_TIMER, 0, 1)
	for range 2 {
		e := th.wait(0)
		if len(e) != 1 || e[0].Ident != 7 || e[0].Data < 1 || e[0].Flags != netbsd.EV_ADD|netbsd.EV_CLEAR {
			t.Errorf("events %+v", e)
		}
	}
}

// TestProcesses follows a process and its child to their ends, and counts
// signals.
func TestProcesses(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	child := th.Fork(nil, nil)
	pid := uintptr(child.Proc.PID)
	follow := netbsd.Kevent{Filter: netbsd.EVFILT_PROC, Flags: netbsd.EV_ADD, Fflags: netbsd.NOTE_EXEC | netbsd.NOTE_FORK | netbsd.NOTE_EXIT | netbsd.NOTE_TRACK}
	setIdent(&follow, pid)
	th.Must(netbsd.SYS___kevent50, th.kq, th.Put(abi.AsBytes(&follow)), 1, 0, 0, 0)
	check := func(what string, ident uintptr, flags, fflags uint32, data int64) {
		t.Helper()
		for _, e := range th.events() {
			if uintptr(e.Ident) == ident && e.Flags&^(netbsd.EV_ADD|netbsd.EV_CLEAR|netbsd.EV_ENABLE) == flags && e.Fflags == fflags && e.Data == data {
				return
			}
		}
		t.Errorf("%s: no event with flags %#x, fflags %#x, data %d", what, flags, fflags, data)
	}
	child.Proc.Exec("other")
	check("exec", pid, 0, netbsd.NOTE_EXEC, 0)
	grandchild := child.Fork(nil, nil)
	check("fork", uintptr(grandchild.Proc.PID), 0, netbsd.NOTE_CHILD, int64(pid))
	child.Proc.Exit()
	check("exit", pid, netbsd.EV_EOF|netbsd.EV_ONESHOT, netbsd.NOTE_EXIT, 0)
	grandchild.Proc.Exit()
	check("exit of the child", uintptr(grandchild.Proc.PID), netbsd.EV_EOF|netbsd.EV_ONESHOT, netbsd.NOTE_EXIT, 0)
	if kev, ok := th.change(pid, netbsd.EVFILT_PROC, netbsd.EV_ADD, 0); !ok || kev.Data != int64(netbsd.ESRCH) {
		t.Errorf("a process that has exited: event %t, data %d", ok, kev.Data)
	}
	th.add(uintptr(netbsd.SIGIO), netbsd.EVFILT_SIGNAL, 0, 0)
	th.Raise(netbsd.SIGIO)
	th.Raise(netbsd.SIGPIPE)
	th.Raise(netbsd.SIGIO)
	check("signals", uintptr(netbsd.SIGIO), 0, 0, 2)
}

// TestConcurrent has threads register, collect and close what others do, too:
// no call may hang, and the race detector finds nothing.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	inner := th.Must(netbsd.SYS_kqueue)
	for range 3 {
		th.Pipe(netbsd.O_NONBLOCK)
	}
	const first, last = 1, 7 // the kqueue inside, and the pipes
	var done sync.WaitGroup
	for i := range 4 {
		other := th.Thread.Thread()
		random := rand.New(rand.NewPCG(uint64(i), 7))
		buf := other.Put(make([]byte, 256))
		var none netbsd.Timespec
		poll := other.Put(abi.AsBytes(&none))
		done.Go(func() {
			for range 2000 {
				fd := uintptr(first + random.IntN(last-first+1))
				kq := []uintptr{th.kq, inner}[random.IntN(2)]
				switch random.IntN(6) {
				case 0:
					kev := netbsd.Kevent{Filter: random.Uint32N(2), Flags: random.Uint32() & 0xff}
					setIdent(&kev, fd)
					copy(other.Get(buf, netbsd.SizeofKevent), abi.AsBytes(&kev))
					_, _, _ = other.Call(netbsd.SYS___kevent50, kq, buf, 1, buf+64, 1, poll)
				case 1:
					kev := netbsd.Kevent{Filter: netbsd.EVFILT_TIMER, Flags: random.Uint32() & 0xff, Data: 1}
					setIdent(&kev, fd)
					copy(other.Get(buf, netbsd.SizeofKevent), abi.AsBytes(&kev))
					_, _, _ = other.Call(netbsd.SYS___kevent50, kq, buf, 1, 0, 0, poll)
				case 2:
					_, _, _ = other.Call(netbsd.SYS___kevent50, kq, 0, 0, buf+64, 4, poll)
				case 3:
					_, _, _ = other.Call(netbsd.SYS_write, fd, buf, 10)
				case 4:
					_, _, _ = other.Call(netbsd.SYS_read, fd, buf, 100)
				case 5:
					_, _, _ = other.Call(netbsd.SYS_dup2, uintptr(first+random.IntN(last-first+1)), fd)
				}
			}
		})
	}
	done.Wait()
}

// TestInterrupt interrupts a thread that waits for events, and closes the
// kqueue of another.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	at := th.Put(make([]byte, netbsd.SizeofKevent))
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error)
	wait := func() {
		_, _, err := th.CallContext(ctx, netbsd.SYS___kevent50, th.kq, 0, 0, at, 1, 0)
		result <- err
	}
	go wait()
	cancel()
	if err := <-result; !errors.Is(err, netbsd.EINTR) {
		t.Errorf("interrupted: %v", err)
	}
	ctx = context.Background()
	go wait()
	th.Thread.Thread().Must(netbsd.SYS_close, th.kq)
	if err := <-result; !errors.Is(err, netbsd.EBADF) {
		t.Errorf("closed: %v", err)
	}
}
