package kern

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

const (
	noFiles = "only sockets, pipes and kqueues can be open"
	noMask  = "the signal mask has no effect"
)

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

		{netbsd.SYS_poll, sysPoll, kernel.Full, ""},
		{netbsd.SYS___pollts50, sysPollts, kernel.Partial, noMask},
		{netbsd.SYS___select50, sysSelect, kernel.Full, ""},
		{netbsd.SYS___pselect50, sysPselect, kernel.Partial, noMask},

		{netbsd.SYS___fstat50, sysFstat, kernel.Full, ""},
		{netbsd.SYS_fpathconf, sysFpathconf, kernel.Full, ""},

		{netbsd.SYS_getpid, sysGetpid, kernel.Full, ""},
		{netbsd.SYS_getppid, sysGetppid, kernel.Full, ""},
		{netbsd.SYS_getpgrp, sysGetpgrp, kernel.Full, ""},
		{netbsd.SYS_getpgid, sysGetpgid, kernel.Full, ""},
		{netbsd.SYS_setpgid, sysSetpgid, kernel.Full, ""},
		{netbsd.SYS_getsid, sysGetsid, kernel.Full, ""},
		{netbsd.SYS_setsid, sysSetsid, kernel.Full, ""},
		{netbsd.SYS___getlogin, sysGetlogin, kernel.Full, ""},
		{netbsd.SYS___setlogin, sysSetlogin, kernel.Full, ""},
		{netbsd.SYS_umask, sysUmask, kernel.Full, ""},

		{netbsd.SYS_getuid, sysGetuid, kernel.Full, ""},
		{netbsd.SYS_geteuid, sysGeteuid, kernel.Full, ""},
		{netbsd.SYS_getgid, sysGetgid, kernel.Full, ""},
		{netbsd.SYS_getegid, sysGetegid, kernel.Full, ""},
		{netbsd.SYS_setuid, sysSetuid, kernel.Full, ""},
		{netbsd.SYS_seteuid, sysSeteuid, kernel.Full, ""},
		{netbsd.SYS_setreuid, sysSetreuid, kernel.Full, ""},
		{netbsd.SYS_setgid, sysSetgid, kernel.Full, ""},
		{netbsd.SYS_setegid, sysSetegid, kernel.Full, ""},
		{netbsd.SYS_setregid, sysSetregid, kernel.Full, ""},
		{netbsd.SYS_issetugid, sysIssetugid, kernel.Full, ""},
		{netbsd.SYS_getgroups, sysGetgroups, kernel.Full, ""},
		{netbsd.SYS_setgroups, sysSetgroups, kernel.Full, ""},

		{netbsd.SYS_getrlimit, sysGetrlimit, kernel.Full, ""},
		{netbsd.SYS_setrlimit, sysSetrlimit, kernel.Partial, "only RLIMIT_NOFILE has an effect"},

		{netbsd.SYS___clock_gettime50, sysClockGettime, kernel.Partial, "processor time is not measured"},
		{netbsd.SYS___clock_getres50, sysClockGetres, kernel.Full, ""},
		{netbsd.SYS___gettimeofday50, sysGettimeofday, kernel.Full, ""},
		{netbsd.SYS___nanosleep50, sysNanosleep, kernel.Full, ""},
		{netbsd.SYS_clock_nanosleep, sysClockNanosleep, kernel.Full, ""},

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
		{netbsd.SYS_fchdir, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS___getdents30, needsVnode(netbsd.EINVAL), kernel.Partial, noFiles},
		{netbsd.SYS_flock, needsVnode(netbsd.EOPNOTSUPP), kernel.Partial, noFiles},
	}
}
