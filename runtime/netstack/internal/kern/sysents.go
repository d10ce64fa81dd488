package kern

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

const noFiles = "there are no regular files"

// Sysents returns the system calls of this package.
func Sysents() []Sysent {
	return []Sysent{
		{netbsd.SYS_close, sysClose, kernel.Full, ""},
		{netbsd.SYS_dup, sysDup, kernel.Full, ""},
		{netbsd.SYS_dup2, sysDup2, kernel.Full, ""},
		{netbsd.SYS_dup3, sysDup3, kernel.Full, ""},
		{netbsd.SYS_fcntl, sysFcntl, kernel.Partial, "no record locks: " + noFiles},
		{netbsd.SYS_ioctl, sysIoctl, kernel.Full, ""},

		{netbsd.SYS_read, sysRead, kernel.Full, ""},
		{netbsd.SYS_readv, sysReadv, kernel.Full, ""},
		{netbsd.SYS_write, sysWrite, kernel.Full, ""},
		{netbsd.SYS_writev, sysWritev, kernel.Full, ""},

		{netbsd.SYS___fstat50, sysFstat, kernel.Full, ""},
		{netbsd.SYS_fpathconf, sysFpathconf, kernel.Full, ""},

		{netbsd.SYS_pread, sysPread, kernel.Partial, noFiles},
		{netbsd.SYS_preadv, sysPreadv, kernel.Partial, noFiles},
		{netbsd.SYS_pwrite, sysPwrite, kernel.Partial, noFiles},
		{netbsd.SYS_pwritev, sysPwritev, kernel.Partial, noFiles},
		{netbsd.SYS_lseek, sysLseek, kernel.Partial, noFiles},
		{netbsd.SYS_ftruncate, sysFtruncate, kernel.Partial, noFiles},
		{netbsd.SYS_posix_fallocate, sysFallocate, kernel.Partial, noFiles},
		{netbsd.SYS_fdiscard, sysFdiscard, kernel.Partial, noFiles},
		{netbsd.SYS___posix_fadvise50, sysFadvise, kernel.Partial, noFiles},
		{netbsd.SYS_fsync, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_fsync_range, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_fdatasync, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_fchmod, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_fchown, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS___posix_fchown, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_fchflags, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS___futimes50, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_futimens, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_flock, needsVnode(netbsd.EOPNOTSUPP), kernel.Partial, noFiles},
	}
}
