package kern

import (
	"sync"

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
	return int(min(p.limits.rlim[netbsd.RLIMIT_NOFILE].Cur, maxOpenFiles))
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
	return 0, 0, l.Proc.limits.set(which, r, l.Superuser())
}

// set changes a limit. Only the superuser may raise how far it can be raised.
func (l *limits) set(which uint32, r netbsd.Rlimit, super bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Max > l.rlim[which].Max && !super {
		return netbsd.EPERM
	}
	if which == netbsd.RLIMIT_NOFILE {
		r.Cur, r.Max = min(r.Cur, maxOpenFiles), min(r.Max, maxOpenFiles)
	}
	l.rlim[which] = r
	return nil
}
