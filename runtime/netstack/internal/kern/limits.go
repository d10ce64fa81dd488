package kern

import (
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// limits are the resource limits of a process (getrlimit(2)).
type limits struct {
	mu   sync.Mutex
	rlim [netbsd.RLIM_NLIMITS]netbsd.Rlimit
}

// The limits on open descriptors that a process starts with, as a rump kernel
// has them (kern.maxfiles and NOFILE of sys/param.h), and the most any may ask for.
const (
	openFiles    = 128
	maxOpenFiles = 1 << 20
)

// Limits are those of a kernel: how many files may be open (kern.maxfiles), which
// is also the most that a process can ask for, and how many processes there
// may be (kern.maxproc). 0 stands for the default.
type Limits struct{ MaxFiles, MaxProc Limit }

// A Limit is a number that a variable changes.
type Limit struct{ atomic.Int32 }

// The defaults.
const (
	DefaultMaxFiles = maxOpenFiles
	DefaultMaxProc  = lastPID - firstPID + 1
)

func (l *Limit) or(def int32) int32 {
	if v := l.Load(); v != 0 {
		return v
	}
	return def
}

// maxFiles returns how many files may be open in all.
func (ps *Procs) maxFiles() uint64 { return uint64(max(0, ps.Limits.MaxFiles.or(DefaultMaxFiles))) }

func defaultLimits() *limits {
	l := new(limits)
	for i := range l.rlim {
		l.rlim[i] = netbsd.Rlimit{Cur: netbsd.RLIM_INFINITY, Max: netbsd.RLIM_INFINITY}
	}
	l.rlim[netbsd.RLIMIT_NOFILE] = netbsd.Rlimit{Cur: openFiles, Max: maxOpenFiles}
	return l
}

func (l *limits) copy() *limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &limits{rlim: l.rlim}
}

// maxFD returns how many descriptors the process may have.
func (p *Proc) maxFD() int {
	p.limits.mu.Lock()
	defer p.limits.mu.Unlock()
	return int(min(p.limits.rlim[netbsd.RLIMIT_NOFILE].Cur, p.procs.maxFiles()))
}

func sysGetrlimit(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	which := uint32(a[0])
	if which >= netbsd.RLIM_NLIMITS {
		return 0, 0, netbsd.EINVAL
	}
	limits := l.Proc.limits
	limits.mu.Lock()
	r := limits.rlim[which]
	limits.mu.Unlock()
	return 0, 0, Out(l, &r, abi.Addr(a[1]))
}

func sysSetrlimit(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	var r netbsd.Rlimit
	if err := In(l, &r, abi.Addr(a[1])); err != nil {
		return 0, 0, err
	}
	which := uint32(a[0])
	if which >= netbsd.RLIM_NLIMITS || r.Cur > r.Max {
		return 0, 0, netbsd.EINVAL
	}
	return 0, 0, l.Proc.limits.set(which, r, l.Proc.procs.maxFiles(), l.Superuser())
}

// set changes a limit. Only the superuser may raise how far it can be raised, and
// nobody beyond the files that all may have open.
func (l *limits) set(which uint32, r netbsd.Rlimit, files uint64, super bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Max > l.rlim[which].Max && !super {
		return netbsd.EPERM
	}
	if which == netbsd.RLIMIT_NOFILE {
		r.Cur, r.Max = min(r.Cur, files), min(r.Max, files)
	}
	l.rlim[which] = r
	return nil
}
