package sysproxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A process is one connection, as long as that lasts.
type process struct {
	client *Client
	opt    kernel.ProcessOptions
	brief  bool         // it ends with its connection, whatever the client wants
	pid    atomic.Int64 // 0 when it is not known

	mu     sync.Mutex
	conn   *clientConn
	exited chan struct{} // closed when it has
	again  chan struct{} // has a value while somebody makes a new connection

	helpers atomic.Uint32 // so far
	tries   tries
	polls   polls
}

// current returns the connection.
func (p *process) current() *clientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn
}

// PID asks the kernel, the first time. It is 0 when the kernel does not answer.
func (p *process) PID() int {
	if pid := p.pid.Load(); pid != 0 {
		return int(pid)
	}
	pid, err := syscalls.Getpid(context.Background(), p.thread(nil))
	if err != nil {
		return 0
	}
	p.pid.Store(int64(pid))
	return int(pid)
}

// NewThread adds a thread. Nothing is asked of the server: it makes threads of
// its own for calls.
func (p *process) NewThread(mem abi.Memory) (kernel.Thread, error) {
	if err := p.current().ended(); err != nil && (p.client.retry == 0 || p.hasExited()) {
		return nil, err
	}
	return p.thread(mem), nil
}

func (p *process) thread(mem abi.Memory) *thread {
	return &thread{p: p, req: request{typ: typeSyscall, mem: mem, done: make(chan struct{}, 1)}}
}

// Fork makes a child, on a connection of its own. With NetBSD's server the child
// is one of process 1, a clean one has the user id 0, and none can share the
// descriptors: the protocol has no more.
func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	if opt.Name == "" {
		opt.Name = p.opt.Name
	}
	var word uint32
	var body []byte
	switch own := p.client.own.Load(); {
	case how > kernel.ForkShare:
		return nil, netbsd.EINVAL
	case own:
		word, body = uint32(how)+1, command(opt.Name)
	case how == kernel.ForkClean:
		return p.client.NewProcess(opt)
	case how == kernel.ForkShare:
		return nil, fmt.Errorf("NetBSD's server has no processes that share descriptors: %w", errors.ErrUnsupported)
	}
	r := &request{typ: typePrefork, done: make(chan struct{}, 1)}
	if err := p.current().begin(r, word, body); err != nil {
		return nil, err
	}
	<-r.done
	if r.err != nil {
		return nil, forkError(r.err)
	}
	c, err := p.client.newProcess(opt, handshakeFork, append(r.cookie[:], 0, 0, 0, 0))
	if err != nil {
		return nil, err
	}
	p.polls.leave(c.thread(nil))
	return c, nil
}

// forkError is what fork(2) says to a refusal.
func forkError(err error) error {
	if errors.Is(err, ForkFailed) || errors.Is(err, NoMemory) || errors.Is(err, TryAgain) {
		return fmt.Errorf("%w (%w)", netbsd.EAGAIN, err)
	}
	return err
}

// Exec interrupts the calls under way and closes what is to be closed.
func (p *process) Exec(name string) error {
	err := p.current().handshake(context.Background(), handshakeExec, command(name))
	p.polls.forget()
	return err
}

// Exit closes the connection, which ends the process.
func (p *process) Exit() {
	p.end(netbsd.ESRCH)
	p.client.remove(p)
}

// end ends the process for the reason given.
func (p *process) end(why error) {
	p.mu.Lock()
	if !p.hasExited() {
		close(p.exited)
	}
	conn := p.conn
	p.mu.Unlock()
	conn.leave(why)
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// closeConsole closes the descriptors that a server gives to each process:
// those of this package's kernels begin without any.
func (p *process) closeConsole() error {
	t := p.thread(nil)
	for fd := range int32(3) {
		if err := syscalls.Close(context.Background(), t, fd); err != nil && !errors.Is(err, netbsd.EBADF) {
			return err
		}
	}
	return nil
}
