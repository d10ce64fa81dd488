//go:build !linux

package hypercall

import (
	"syscall"

	"github.com/abigen/abigen/netbsd"
)

// fromHost translates an error number of this machine, which is not one whose
// numbers are known here.
func fromHost(e syscall.Errno) netbsd.Errno {
	for _, k := range wellKnown {
		if e.Is(k.err) {
			return k.errno
		}
	}
	return netbsd.EIO
}
