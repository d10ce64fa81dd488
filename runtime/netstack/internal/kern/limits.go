package kern

import (
	"sync"

	"github.com/abigen/abigen/netbsd"
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
