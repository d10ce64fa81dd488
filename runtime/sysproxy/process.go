package sysproxy

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A process is one connection.
type process struct {
	client *Client
	*clientConn
	opt kernel.ProcessOptions

	askPID sync.Once
	pid    int

	helpers atomic.Uint32 // so far
	wake    wakeup
	tries   tries
}

// PID asks the kernel, the first time. It is 0 when the kernel does not answer.
func (p *process) PID() int {
	p.askPID.Do(func() {
		pid, err := syscalls.Getpid(context.Background(), p.thread(nil))
		if err == nil {
			p.pid = int(pid)
		}
	})
	return p.pid
}

// NewThread adds a thread. Nothing is asked of the server: it makes threads of
// its own for calls.
func (p *process) NewThread(mem abi.Memory) (kernel.Thread, error) {
	if err := p.ended(); err != nil {
		return nil, err
	}
	return p.thread(mem), nil
}

func (p *process) thread(mem abi.Memory) *thread {
	return &thread{p: p, req: request{typ: typeSyscall, mem: mem, done: make(chan struct{}, 1)}}
}

// Fork makes a child, on a connection of its own. As in the protocol, the child
// is one of process 1.
func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	if opt.Name == "" {
		opt.Name = p.opt.Name
	}
	switch how {
	case kernel.ForkClean:
		return p.client.NewProcess(opt)
	case kernel.ForkShare:
		return nil, errors.New("sysproxy: processes that share descriptors are not in the protocol")
	}
	r := &request{typ: typePrefork, done: make(chan struct{}, 1)}
	if err := p.begin(r, 0, nil); err != nil {
		return nil, err
	}
	<-r.done
	if r.err != nil {
		return nil, r.err
	}
	c, err := p.client.newProcess(opt, handshakeFork, append(r.cookie[:], 0, 0, 0, 0))
	if err != nil {
		return nil, err
	}
	p.wake.leave(c.thread(nil))
	return c, nil
}

// Exec interrupts the calls under way and closes what is to be closed.
func (p *process) Exec(name string) error {
	err := p.handshake(context.Background(), handshakeExec, command(name))
	p.wake.forget()
	return err
}

// Exit closes the connection, which ends the process.
func (p *process) Exit() {
	p.leave(netbsd.ESRCH)
	p.client.remove(p)
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
