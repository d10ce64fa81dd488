//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
	"github.com/abigen/abigen/runtime/hijack/netlink"
	"github.com/abigen/abigen/runtime/hijack/procnet"
	"github.com/abigen/abigen/runtime/kernel"
)

// A supervisor makes the calls of a program and its descendants.
type supervisor struct {
	cfg      Config
	kernel   kernel.Kernel
	guest    *guest.Process
	host     *guest.Process // for Via; nil: none
	listener *seccomp.Listener
	files    procmem.Files
	ctx      context.Context // done when all is over
	cancel   context.CancelFunc
	over     chan struct{} // closed when no thread has the filter
	running  sync.WaitGroup

	mu      sync.Mutex
	sockets map[uint64]*socket // by the inode of the placeholder
	graves  []*socket          // oldest first
	netlink *netlink.Server    // nil: nobody has asked
	procnet *procnet.Net       // the same
}

// receivers is how many goroutines wait for calls. More than one, so that calls
// of several threads do not wait for each other.
const receivers = 4

func newSupervisor(k kernel.Kernel, cfg Config) (*supervisor, error) {
	s := &supervisor{cfg: cfg, kernel: k, sockets: map[uint64]*socket{}, over: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
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
	for range receivers {
		s.running.Go(s.receive)
	}
	s.running.Go(s.watch)
}

// watch waits until no thread has the filter any more.
func (s *supervisor) watch() {
	defer close(s.over)
	for {
		p := []unix.PollFd{{Fd: int32(s.listener.FD())}}
		_, err := unix.Poll(p, -1)
		if err == nil && p[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0 {
			return
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// receive waits for calls and makes them. On a hang-up the kernel wakes those
// who wait.
func (s *supervisor) receive() {
	c := &call{sup: s}
	for {
		select {
		case <-s.over:
			return
		default:
		}
		err := s.listener.Receive(&c.Call)
		if err == nil {
			c.make()
			continue
		}
		if !errors.Is(err, seccomp.ErrGone) {
			return
		}
		p := []unix.PollFd{{Fd: int32(s.listener.FD()), Events: unix.POLLIN}}
		if _, err := unix.Poll(p, -1); err == nil && p[0].Revents&unix.POLLHUP != 0 {
			return
		}
	}
}

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
