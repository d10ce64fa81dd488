//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
	"github.com/abigen/abigen/runtime/hijack/netlink"
	"github.com/abigen/abigen/runtime/hijack/procnet"
	"github.com/abigen/abigen/runtime/kernel"
)

// A supervisor makes the calls of a program and its descendants.
type supervisor struct {
	cfg       Config
	kernel    kernel.Kernel
	stats     *stats // nil: nobody wants to know
	guest     *guest.Process
	host      *guest.Process // for Via; nil: none
	listener  *seccomp.Listener
	files     procmem.Files
	ctx       context.Context // done when all is over
	cancel    context.CancelFunc
	over      chan struct{} // closed when no thread has the filter
	running   sync.WaitGroup
	workers   workers
	lingering atomic.Int64 // sockets whose closing waits for the peer

	placeholders placeholders

	mu      sync.Mutex
	sockets map[uint64]*socket   // by the inode of the placeholder
	leaving map[*socket]struct{} // that the program has closed, but not yet the kernel
	graves  []*socket            // oldest first
	netlink *netlink.Server      // nil: nobody has asked
	procnet *procnet.Net         // the same
}

func newSupervisor(k kernel.Kernel, cfg Config) (*supervisor, error) {
	s := &supervisor{
		cfg: cfg, kernel: k, sockets: map[uint64]*socket{}, leaving: map[*socket]struct{}{}, over: make(chan struct{}),
		workers: workers{work: make(chan func())}, placeholders: newPlaceholders(),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if cfg.Stats != nil {
		s.stats = &stats{lines: map[string]*statsLine{}}
		k = s.stats.count(k)
		s.kernel = k
	}
	var err error
	if s.guest, err = guest.NewProcess(k, "hijack"); err != nil {
		return nil, err
	}
	if cfg.Via.Host != nil {
		if s.host, err = guest.NewProcess(cfg.Via.Host, "hijack"); err != nil {
			s.guest.Exit()
			return nil, err
		}
	}
	return s, nil
}

// serve makes the calls that l is told of.
func (s *supervisor) serve(l *seccomp.Listener) {
	s.listener = l
	_ = l.Synchronous() // older kernels are slower
	s.running.Go(func() { s.placeholders.fill(s.ctx.Done()) })
	go s.receive()
}

// spawn calls f in another goroutine.
func (s *supervisor) spawn(f func()) { s.workers.run(f, s.ctx.Done()) }

// slow is how long a call takes with kernels that are far away.
const slow = time.Millisecond

// receive waits for calls and makes them: one after the other, since waking another
// thread takes longer than most calls. With a kernel that is far away, each in a
// goroutine of its own.
func (s *supervisor) receive() {
	defer close(s.over)
	c := &call{sup: s}
	far := 0
	for s.listener.Receive(&c.Call) == nil {
		if far > nearby {
			own := &call{sup: s, Call: c.Call}
			s.running.Go(own.make)
			continue
		}
		begun := time.Now()
		c.make()
		if time.Since(begun) > slow {
			far++
		} else if far > 0 {
			far--
		}
	}
}

// nearby is how many calls may be slow before the kernel counts as far away.
const nearby = 20

// wait returns when all processes have ended.
func (s *supervisor) wait(ctx context.Context) {
	select {
	case <-s.over:
	case <-ctx.Done():
	}
}

func (s *supervisor) close() {
	s.cancel()
	s.guest.Exit()
	if s.host != nil {
		s.host.Exit()
	}
	s.mu.Lock()
	all := s.sockets
	s.sockets = map[uint64]*socket{}
	s.mu.Unlock()
	for _, so := range all {
		so.end.Close()
	}
	s.running.Wait()
	if s.netlink != nil {
		_ = s.netlink.Close()
	}
	if s.procnet != nil {
		_ = s.procnet.Close()
	}
	if s.listener != nil {
		_ = s.listener.Close()
	}
	s.files.Close()
}
