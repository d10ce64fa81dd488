package sysproxy

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A call is a system call of a client, with a thread of its process. It is the
// context of the call, and the memory that the thread sees.
type call struct {
	c      *session
	thread kernel.Thread
	aside  func() // lets another goroutine read the connection
	id     uint64
	num    syscalls.Number
	args   syscalls.Args
	up     upcall // at most one at a time
	reply  [resultSize]byte

	mu          sync.Mutex
	interrupted bool
	ended       chan struct{} // closed when interrupted; nil until somebody asks
}

// syscall begins a call. Its answer comes when it has ended. It returns errPassed
// when another goroutine has come to read the connection.
func (c *session) syscall(h header, body []byte, state state) error {
	if state == inExec {
		c.post(header{id: h.id, class: classResponse, typ: typeSyscall}, result(nil, ^uintptr(0), 0, netbsd.EBUSY))
		return nil
	}
	num := syscalls.Number(h.word)
	args, ok := arguments(num, body)
	if !ok && c.server.has(num) {
		c.post(header{id: h.id, class: classResponse, typ: typeSyscall}, result(nil, ^uintptr(0), 0, netbsd.EINVAL))
		return nil
	}
	k, err := c.newCall(h.id, num, args)
	switch {
	case errors.Is(err, TryAgain):
		return c.refuse(h, TryAgain)
	case err != nil:
		c.post(header{id: h.id, class: classResponse, typ: typeSyscall}, result(nil, ^uintptr(0), 0, netbsd.ENOMEM))
		return nil
	case !c.lend(k):
		go k.run()
		return nil
	}
	return c.here(k)
}

// newCall returns a call that is under way.
func (c *session) newCall(id uint64, num syscalls.Number, args syscalls.Args) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active >= c.limits.Calls {
		return nil, TryAgain
	}
	k, err := c.takeCall()
	if err != nil {
		return nil, err
	}
	k.id, k.num, k.args = id, num, args
	c.calls[k] = struct{}{}
	c.active++
	return k, nil
}

// arguments reads the slots of a call, of which nothing but the bytes of the
// declared type count. It reports whether all are there.
func arguments(num syscalls.Number, body []byte) (args syscalls.Args, ok bool) {
	decl, known := syscalls.Lookup(num)
	if known && len(body) < decl.ArgSize() {
		return args, false
	}
	for i := range min(len(args), len(body)/wordSize) {
		args[i] = word(body[i*wordSize:])
	}
	for i, a := range decl.Args {
		if a.Kind == syscalls.Int32 || a.Kind == syscalls.Uint32 {
			slot := decl.Slot(i)
			args[slot] = uintptr(uint32(args[slot]))
		}
	}
	return args, true
}

// takeCall returns a call that is not under way. The caller has locked mu.
func (c *session) takeCall() (*call, error) {
	if last := len(c.idle) - 1; last >= 0 {
		k := c.idle[last]
		c.idle[last] = nil
		c.idle = c.idle[:last]
		return k, nil
	}
	k := &call{c: c}
	k.aside = func() { c.pass(k) }
	k.up.done = make(chan struct{}, 1)
	var err error
	k.thread, err = c.guest.NewThread(k)
	return k, err
}

// maxIdle is how many threads a client keeps that make no call.
const maxIdle = 64

// run makes the call and answers it. It reports whether the goroutine still has
// the connection to read that was lent to the call.
func (k *call) run() (reads bool) {
	c := k.c
	reboot := k.num == netbsd.SYS_reboot
	var r0, r1 uintptr
	var err error
	switch {
	case !reboot:
		r0, r1, err = k.thread.Syscall(k, k.num, k.args)
	case c.server.Reboot == nil:
		reboot, err = false, netbsd.EPERM
	}
	sendErr := c.out.sendOr(k.aside, header{id: k.id, class: classResponse, typ: typeSyscall}, result(k.reply[:0], r0, r1, err))
	if sendErr != nil {
		_ = c.conn.Close()
	}
	if reboot {
		go c.server.Reboot(int32(k.args[0]))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if reads = c.lent == k; reads {
		c.lentTo(nil)
	}
	delete(c.calls, k)
	k.reset()
	if len(c.idle) < maxIdle {
		c.idle = append(c.idle, k)
	} else {
		k.thread.Exit()
	}
	c.active--
	c.done.Broadcast()
	return reads
}

// result appends the body of a call's answer. An error that is not the
// kernel's own is EIO: nothing else can be said.
func result(b []byte, r0, r1 uintptr, err error) []byte {
	errno, ok := err.(netbsd.Errno) //nolint:errorlint // the kernel's errors are not wrapped
	if err != nil && (!ok || errno <= 0) {
		errno = netbsd.EIO
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(errno))
	for range wordSize - 4 {
		b = append(b, 0)
	}
	return appendWord(appendWord(b, r0), r1)
}

// interruptCall does what a client asks for with typeInterrupt.
func (c *session) interruptCall(h header, id uint64) {
	c.mu.Lock()
	for k := range c.calls {
		if k.id == id {
			k.interrupt()
		}
	}
	c.mu.Unlock()
	c.post(header{id: h.id, class: classResponse, typ: typeInterrupt})
}

// interrupt ends the context of the call.
func (k *call) interrupt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.interrupted {
		return
	}
	k.interrupted = true
	if k.ended != nil {
		close(k.ended)
	}
}

// reset makes the context one for another call.
func (k *call) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.interrupted {
		k.interrupted, k.ended = false, nil
	}
}

var _ context.Context = (*call)(nil)

// Deadline implements [context.Context].
func (k *call) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements [context.Context]. A kernel asks for it when the call is to
// sleep.
func (k *call) Done() <-chan struct{} {
	k.aside()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended == nil {
		k.ended = make(chan struct{})
		if k.interrupted {
			close(k.ended)
		}
	}
	return k.ended
}

// Err implements [context.Context].
func (k *call) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.interrupted {
		return context.Canceled
	}
	return nil
}

// Value implements [context.Context].
func (k *call) Value(any) any { return nil }
