package rump

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/abigen/abigen/netbsd/syscalls"
)

// A call is what a thread of the host does in the kernel, as enter_linux_amd64.h
// knows it.
type call struct {
	num    uintptr // of the system call, or how many steps
	args   syscalls.Args
	size   uintptr // bytes of args
	ret    [2]uintptr
	errno  int64
	lwp    uintptr // 0: none
	sp     uintptr // where the thread comes back to if the kernel dies
	status uintptr // not 0 when it came back before its time
	lock   uint64  // guards cv
	cv     uintptr // what the thread waits for, a struct rumpuser_cv
	fast   uintptr // 1: do not wait for a processor
	stack  uintptr // of a fast call
	steps  uintptr // the first *step
	stop   uintptr // 1: no quick calls any more
	busy   uintptr // 1: a quick call is under way
	tid    uintptr // the host's thread
	self   uintptr // its control block
	block  uintptr // what it has for this package
	mem    [4]window
}

// What becomes of a call that does not end.
const (
	finished = iota
	tooBusy  // a fast call would have had to wait
	halted   // the kernel is dead
)

// A window is a slice that the memory of a process consists of.
type window struct {
	base, len uintptr
	data      unsafe.Pointer
}

// A step is a function of the kernel to call.
type step struct {
	fn     uintptr
	args   [4]uintptr
	result uintptr
}

// runs are calls for steps, which are not on a goroutine's stack: that would move.
var runs = sync.Pool{New: func() any {
	return new(struct {
		call
		list [12]step
	})
}}

// steps calls functions of the kernel one after another, as an lwp if it is not
// 0, in one go: a thread that is in the kernel must not come back to Go, which
// may want to stop the world before it lets the thread return. It reports
// whether the kernel is alive.
func steps(lwp uintptr, list ...step) ([]step, bool) {
	r := runs.Get().(*struct {
		call
		list [12]step
	})
	defer runs.Put(r)
	n := copy(r.list[:], list)
	r.call = call{num: uintptr(n), lwp: lwp, steps: uintptr(unsafe.Pointer(&r.list))}
	if atomic.LoadUintptr(&host.dead) != 0 {
		return list, false
	}
	inKernel.add(&r.call)
	defer inKernel.remove(&r.call)
	cgocall(runAt, unsafe.Pointer(&r.call))
	copy(list, r.list[:])
	return list, r.status == finished
}
