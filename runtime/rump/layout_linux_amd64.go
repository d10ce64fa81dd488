package rump

import (
	"bytes"
	"context"
	"errors"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/runtime/kernel"
)

// A layout says where the kernel has some of what it knows of processes and
// threads. Kernels differ in that, and it is found by looking at what changes.
type layout struct {
	flag  flag    // of struct lwp: the thread is to leave the kernel
	leave flag    // of struct proc: such threads need not wait for others
	name  uintptr // of struct proc: p_comm
}

// A flag is a bit of a 32-bit member.
type flag struct {
	offset uintptr
	bit    uint32
}

func (f flag) word(at uintptr) *uint32 { return (*uint32)(pointer(at + f.offset)) }
func (f flag) set(at uintptr)          { atomic.OrUint32(f.word(at), f.bit) }
func (f flag) clear(at uintptr)        { atomic.AndUint32(f.word(at), ^f.bit) }

// interrupt makes the waits of an lwp end with EINTR, once it is woken.
func (l *layout) interrupt(lwp uintptr) { l.flag.set(lwp) }

// resume is the reverse, when the lwp is not in the kernel.
func (l *layout) resume(lwp uintptr) { l.flag.clear(lwp) }

func (l *layout) leaving(proc uintptr, yes bool) {
	if yes {
		l.leave.set(proc)
	} else {
		l.leave.clear(proc)
	}
}

// setName changes the name of a process.
func (l *layout) setName(proc uintptr, name string) {
	b := unsafe.Slice((*byte)(pointer(proc+l.name)), maxName+1)
	n := copy(b[:maxName], name)
	clear(b[n:])
}

// findLayout asks the kernel to end a process of two threads, and looks at what it
// has marked. The process is there for whoever wants one.
func (k *local) findLayout() (l layout, err error) {
	const name = "rump layout"
	p, err := k.newProcess(0, forkClean, kernel.ProcessOptions{Name: name})
	if err != nil {
		return l, err
	}
	k.spare = p
	other, err := p.NewThread(nil)
	if err != nil {
		return l, err
	}
	lwp := other.(*thread).lwp
	lwpBefore, procBefore := snapshot(lwp), snapshot(p.proc)
	if _, alive := steps(p.control.lwp,
		step{fn: k.entry.schedule},
		step{fn: k.entry.lwpexit},
		step{fn: k.entry.unschedule}); !alive {
		return l, k.death()
	}
	var found bool
	if l.flag, found = difference(lwpBefore, snapshot(lwp)); !found {
		return l, errStrange
	}
	if l.leave, found = difference(procBefore, snapshot(p.proc)); !found {
		return l, errStrange
	}
	at := bytes.Index(procBefore, []byte(name+"\x00"))
	if at < 0 {
		return l, errStrange
	}
	l.name = uintptr(at)
	l.flag.clear(lwp)
	l.leave.clear(p.proc)
	other.Exit()
	return l, nil
}

var errStrange = errors.New("the kernel is older or newer than this package knows: ending a process does not change what it should")

// snapshot returns what is at an address, as far as there is something.
func snapshot(at uintptr) []byte {
	b := make([]byte, 2048)
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	// Up to two pages, the second of which may not be there.
	page := uintptr(unix.Getpagesize())
	first := min(page-at%page, uintptr(len(b)))
	remote := []unix.RemoteIovec{{Base: at, Len: int(first)}}
	if rest := uintptr(len(b)) - first; rest > 0 {
		remote = append(remote, unix.RemoteIovec{Base: at + first, Len: int(rest)})
	}
	n, err := unix.ProcessVMReadv(unix.Getpid(), local, remote, 0)
	if err != nil {
		return nil
	}
	return b[:n]
}

// difference returns the first bit that was set.
func difference(before, after []byte) (flag, bool) {
	for i := 0; i+4 <= min(len(before), len(after)); i += 4 {
		a, b := *(*uint32)(unsafe.Pointer(&before[i])), *(*uint32)(unsafe.Pointer(&after[i]))
		if a != b {
			return flag{uintptr(i), a ^ b}, a&b == a && bits.OnesCount32(a^b) == 1
		}
	}
	return flag{}, false
}

// identify finds out which NetBSD the kernel is, and where it has things.
func (k *local) identify() error {
	r, alive := steps(0, step{fn: k.entry.version})
	if !alive {
		return k.death()
	}
	var err error
	if k.layout, err = k.findLayout(); err != nil {
		return err
	}
	p := &probe{mem: &abi.Bytes{Base: probeBase, Data: make([]byte, probeSize)}}
	t, err := k.spare.NewThread(p.mem)
	if err != nil {
		return err
	}
	defer t.Exit()
	p.c = t
	k.release, err = p.release(context.Background(), int32(r[0].result))
	return err
}
