package rump

import (
	"testing"
	"unsafe"

	"github.com/abigen/abigen/netbsd"
)

// BenchmarkNullCallC is getpid(2) from code that is not Go, in the same process: as a
// C program does it, in a loop and as one lwp.
func BenchmarkNullCallC(b *testing.B) {
	t, _ := arena(b, newProcess(b), 4096)
	var args [8]uintptr
	var ret [2]uintptr
	list := make([]step, 10000)
	for i := range list {
		list[i] = step{fn: host.syscall, args: [4]uintptr{netbsd.SYS_getpid, uintptr(unsafe.Pointer(&args)), 0, uintptr(unsafe.Pointer(&ret))}}
	}
	c := &call{lwp: t.(*thread).lwp, steps: uintptr(unsafe.Pointer(&list[0]))}
	b.ResetTimer()
	for n := 0; n < b.N; n += len(list) {
		c.num = uintptr(min(b.N-n, len(list)))
		cgocall(runAt, unsafe.Pointer(c))
	}
	if ret[0] == 0 {
		b.Fatal("no answer")
	}
}
