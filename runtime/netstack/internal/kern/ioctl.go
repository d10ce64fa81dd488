package kern

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// maxParam is the largest argument an ioctl may have, a page (IOCPARM_MAX).
const maxParam = 4096

func sysIoctl(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	fd, cmd, arg := int32(a[0]), uint64(a[1]), abi.Addr(a[2])
	f, err := l.File(fd)
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	if f.Flags()&(netbsd.FREAD|netbsd.FWRITE) == 0 {
		return 0, 0, netbsd.EBADF
	}
	if cmd == netbsd.FIOCLEX || cmd == netbsd.FIONCLEX {
		return 0, 0, l.Proc.FDs().SetCloseOnExec(fd, cmd == netbsd.FIOCLEX)
	}
	size := int(cmd >> netbsd.IOCPARM_SHIFT & netbsd.IOCPARM_MASK)
	if size > maxParam {
		return 0, 0, netbsd.ENOTTY
	}
	data := l.param[:min(size, len(l.param))]
	if size > len(l.param) {
		data = make([]byte, size)
	}
	clear(data)
	if cmd&netbsd.IOC_IN != 0 {
		if err := l.CopyIn(data, arg); err != nil {
			return 0, 0, err
		}
	}
	if err := l.ioctl(f, cmd, data); err != nil {
		return 0, 0, err
	}
	if cmd&netbsd.IOC_OUT != 0 {
		return 0, 0, l.CopyOut(data, arg)
	}
	return 0, 0, nil
}

// ioctl does those commands that are the same for all files itself. They take
// effect for the open file even when the file fails.
func (l *Lwp) ioctl(f *OpenFile, cmd uint64, data []byte) error {
	var flag uint32
	switch cmd {
	case netbsd.FIONBIO:
		flag = netbsd.O_NONBLOCK
	case netbsd.FIOASYNC:
		flag = netbsd.O_ASYNC
	default:
		return f.File.Ioctl(l, f, cmd, data)
	}
	f.SetFlags(flag, allBits*uint32(boolean(!abi.IsZero(data))))
	return f.File.SetFlags(f.Flags())
}
