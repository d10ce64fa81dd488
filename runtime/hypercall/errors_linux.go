package hypercall

import (
	"syscall"

	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// fromHost translates an error number of this machine.
func fromHost(e syscall.Errno) netbsd.Errno {
	if nb, ok := tonetbsd.Errno(linux.Errno(e)); ok {
		return nb
	}
	return netbsd.EINVAL
}
