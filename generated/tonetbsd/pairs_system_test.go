package tonetbsd_test

import (
	"math/rand/v2"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
)

// each makes random integers of a structure fit, mostly.
func each[T abi.Integer](r *rand.Rand, values ...*T) {
	for _, v := range values {
		small(r, v)
	}
}

func systemPairs() []pair {
	return []pair{
		makePair("ip6_mtuinfo", tonetbsd.IP6Mtuinfo, tolinux.IP6Mtuinfo, func(r *rand.Rand, l *linux.IP6Mtuinfo) { l.Addr.Family = family(r) }),
		makePair("icmp6_filter", tonetbsd.ICMP6Filter, tolinux.ICMP6Filter, nil),
		makePair("ucred", tonetbsd.Unpcbid, tolinux.Ucred, nil),
		makePair("tcp_info", tonetbsd.TCPInfo, tolinux.TCPInfo, func(r *rand.Rand, l *linux.TCPInfo) {
			l.State, l.Options = uint8(r.IntN(13)), uint8(r.IntN(16))
		}),
		makePair("mmsghdr", tonetbsd.Mmsghdr, tolinux.Mmsghdr, func(r *rand.Rand, l *linux.Mmsghdr) {
			small(r, &l.Hdr.Iovlen)
			small(r, &l.Hdr.Controllen)
			l.Hdr.Flags = pick[int32](r, linux.MSG_DONTWAIT, 0)
		}),
		makePair("ifconf", tonetbsd.Ifconf, tolinux.Ifconf, func(r *rand.Rand, l *linux.Ifconf) { l.Len = int32(r.IntN(1 << 20)) }),
		makePair("addrinfo", tonetbsd.Addrinfo, tolinux.Addrinfo, func(r *rand.Rand, l *linux.Addrinfo) {
			l.Flags = pick[int32](r, 0, linux.AI_PASSIVE, linux.AI_NUMERICSERV|linux.AI_ADDRCONFIG, linux.AI_ALL)
			l.Family, l.Socktype, l.Protocol = int32(family(r)), int32(r.IntN(6)), int32(r.IntN(20))
		}),

		makePair("itimerval", tonetbsd.Itimerval, tolinux.Itimerval, func(r *rand.Rand, l *linux.Itimerval) {
			each(r, &l.Interval.Usec, &l.Value.Usec)
		}),
		makePair("itimerspec", tonetbsd.Itimerspec, tolinux.Itimerspec, nil),
		makePair("timezone", tonetbsd.Timezone, tolinux.Timezone, nil),
		makePair("ntptimeval", tonetbsd.Ntptimeval, tolinux.Ntptimeval, func(r *rand.Rand, l *linux.Ntptimeval) { small(r, &l.Time.Usec) }),
		makePair("timex", tonetbsd.Timex, tolinux.Timex, func(r *rand.Rand, l *linux.Timex) {
			l.Modes, l.Status = uint32(r.IntN(64)), int32(r.IntN(1<<16))
		}),

		makePair("rusage", tonetbsd.Rusage, tolinux.Rusage, func(r *rand.Rand, l *linux.Rusage) { each(r, &l.Utime.Usec, &l.Stime.Usec) }),
		makePair("rlimit", tonetbsd.Rlimit, tolinux.Rlimit, func(r *rand.Rand, l *linux.Rlimit) { limit(r, &l.Cur); limit(r, &l.Max) }),
		makePair("rlimit64", tonetbsd.Rlimit64, tolinux.Rlimit64, func(r *rand.Rand, l *linux.Rlimit64) { limit(r, &l.Cur); limit(r, &l.Max) }),
		makePair("utsname", tonetbsd.Utsname, tolinux.Utsname, func(r *rand.Rand, l *linux.Utsname) {
			for _, b := range []*[65]uint8{asText(&l.Sysname), asText(&l.Nodename), asText(&l.Release), asText(&l.Version), asText(&l.Machine)} {
				name(r, b[:])
			}
		}),

		makePair("flock", tonetbsd.Flock, tolinux.Flock, func(r *rand.Rand, l *linux.Flock) { l.Type, l.Whence = int16(r.IntN(4)), int16(r.IntN(4)) }),
		makePair("flock64", tonetbsd.Flock64, tolinux.Flock64, func(r *rand.Rand, l *linux.Flock64) {
			l.Type, l.Whence = int16(r.IntN(4)), int16(r.IntN(4))
		}),
		makePair("statvfs", tonetbsd.Statvfs, tolinux.Statvfs, func(r *rand.Rand, l *linux.Statvfs) { setLen(&l.Flag, r.IntN(1<<14)) }),
		makePair("statfs", tonetbsd.StatvfsFromStatfs, tolinux.Statfs, func(r *rand.Rand, l *linux.Statfs) {
			setLen(&l.Flags, r.IntN(1<<14))
			each(r, &l.Bsize, &l.Frsize, &l.Namelen)
		}),
		makePair("fsid_t", tonetbsd.FsidT, tolinux.FsidT, nil),
		makePair("msqid_ds", tonetbsd.MsqidDs, tolinux.MsqidDs, nil),
		makePair("semid_ds", tonetbsd.SemidDs, tolinux.SemidDs, func(r *rand.Rand, l *linux.SemidDs) { small(r, &l.Nsems) }),
		makePair("sembuf", tonetbsd.Sembuf, tolinux.Sembuf, func(r *rand.Rand, l *linux.Sembuf) { l.Flg = pick[int16](r, 0, linux.IPC_NOWAIT, linux.SEM_UNDO) }),
		makePair("ifaddrs", tonetbsd.Ifaddrs, tolinux.Ifaddrs, func(r *rand.Rand, l *linux.Ifaddrs) {
			l.Flags = pick[uint32](r, linux.IFF_UP|linux.IFF_RUNNING, linux.IFF_MULTICAST, linux.IFF_SLAVE)
		}),
		makePair("dirent", tonetbsd.Dirent, tolinux.Dirent64, func(r *rand.Rand, l *linux.Dirent64) {
			l.Type = pick[uint8](r, linux.DT_REG, linux.DT_DIR, linux.DT_UNKNOWN, linux.DT_WHT, 3)
			name(r, l.Name[:])
		}),
		makePair("ipc_perm", tonetbsd.IPCPerm, tolinux.IPCPerm, nil),
		makePair("shmid_ds", tonetbsd.ShmidDs, tolinux.ShmidDs, func(r *rand.Rand, l *linux.ShmidDs) { small(r, &l.Nattch) }),
		makePair("fd_set", tonetbsd.FDSet, tolinux.FDSet, func(_ *rand.Rand, l *linux.FDSet) { clear(abi.AsBytes(l)[32:]) }),

		makePair("winsize", tonetbsd.Winsize, tolinux.Winsize, nil),
		makePair("termios", tonetbsd.Termios, tolinux.Termios, func(r *rand.Rand, l *linux.Termios) {
			l.Iflag, l.Oflag, l.Cflag, l.Lflag = modes(r)
			each(r, l.Ispeed2(), l.Ospeed2())
			characters(l.Cc[:])
		}),
		makePair("termios2", tonetbsd.Termios2, tolinux.Termios2, func(r *rand.Rand, l *linux.Termios2) {
			l.Iflag, l.Oflag, l.Cflag, l.Lflag = modes(r)
			each(r, &l.Ispeed, &l.Ospeed)
			characters(l.Cc[:])
		}),

		makePair("sigset_t", tonetbsd.SigsetT, tolinux.SigsetT, nil),
		makePair("sigaction", tonetbsd.Sigaction, tolinux.Sigaction, func(r *rand.Rand, l *linux.Sigaction) {
			l.Flags = pick[int32](r, 0, linux.SA_RESTART, linux.SA_SIGINFO|linux.SA_ONSTACK, linux.SA_INTERRUPT)
		}),
		makePair("stack_t", tonetbsd.Sigaltstack, tolinux.StackT, func(r *rand.Rand, l *linux.StackT) { l.Flags = int32(r.IntN(4)) }),
		makePair("siginfo_t", tonetbsd.Siginfo, tolinux.SiginfoT, func(r *rand.Rand, l *linux.SiginfoT) {
			l.SiSigno = int32(pick(r, linux.SIGCHLD, linux.SIGSEGV, linux.SIGIO, linux.SIGUSR1, linux.SIGTRAP))
			l.SiErrno = int32(r.IntN(4))
			l.SiCode = pick[int32](r, linux.SI_USER, linux.SI_QUEUE, linux.SI_TIMER, 1, 2, 3, 6)
			switch linux.Signal(l.SiSigno) {
			case linux.SIGCHLD:
				c := l.Sifields.Sigchld()
				each(r, &c.Utime, &c.Stime)
				c.Status = int32(r.IntN(32))
			case linux.SIGIO:
				setLen(&l.Sifields.Sigpoll().Band, linux.POLLIN|linux.POLLRDNORM)
			}
		}),
	}
}

// limit makes a random number a limit, sometimes that of none.
func limit[T abi.Integer](r *rand.Rand, v *T) {
	if r.IntN(3) == 0 {
		*v = ^T(0)
	} else {
		small(r, v)
	}
}

// asText takes a name of signed or unsigned characters as bytes.
func asText[T any](p *T) *[65]uint8 { return (*[65]uint8)(abi.AsBytes(p)) }

// modes are those of a terminal.
func modes(r *rand.Rand) (iflag, oflag, cflag, lflag uint32) {
	return uint32(r.IntN(1 << 9)), pick[uint32](r, linux.OPOST, linux.OPOST|linux.ONLCR|linux.XTABS, linux.OLCUC),
		pick[uint32](r, linux.CS8, linux.CS7|linux.PARENB|linux.B9600, linux.CS5|linux.B4000000|linux.CREAD, linux.BOTHER|linux.CS6|linux.B300<<linux.IBSHIFT),
		uint32(r.IntN(8)) &^ linux.XCASE
}

// characters leaves the control characters that are not disabled alone, but for
// NetBSD's number for a disabled one.
func characters(cc []uint8) {
	for i := range cc {
		if cc[i] == 0xff {
			cc[i] = 0
		}
	}
}
