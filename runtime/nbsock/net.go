package nbsock

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Config says how a Net looks for names. The zero value will do.
type Config struct {
	// Process is the name of the process, "nbsock" when it is empty.
	Process string

	// DNS are the servers to ask, over the kernel's network. Without any, only
	// names in the host's own table (/etc/hosts) are known.
	DNS []netip.AddrPort
}

// A Net makes connections from a process of a kernel.
type Net struct {
	process  kernel.Process
	resolver *net.Resolver
	zones    sync.Map // names of interfaces (string) by index (uint32), as far as known

	mu     sync.Mutex
	idle   []*thread // that make no call
	made   uint      // threads so far
	closed bool
}

// maxIdle is how many threads are kept that make no call.
const maxIdle = 128

// New starts a process of k to make connections from, which may have as many
// descriptors as the kernel lets it.
func New(k kernel.Kernel, cfg Config) (*Net, error) {
	if cfg.Process == "" {
		cfg.Process = "nbsock"
	}
	p, err := k.NewProcess(kernel.ProcessOptions{Name: cfg.Process})
	if err != nil {
		return nil, fmt.Errorf("nbsock: %w", err)
	}
	n := &Net{process: p}
	n.resolver = n.Resolver(cfg.DNS...)
	if err := n.raiseLimit(); err != nil {
		p.Exit()
		return nil, fmt.Errorf("nbsock: limit of descriptors: %w", err)
	}
	return n, nil
}

// raiseLimit lets the process have as many descriptors as it may ask for.
func (n *Net) raiseLimit() error {
	t, err := n.thread()
	if err != nil {
		return err
	}
	defer n.release(t)
	var limit netbsd.Rlimit
	t.mem.data = abi.AsBytes(&limit)
	ctx := context.Background()
	if err := syscalls.Getrlimit(ctx, t, netbsd.RLIMIT_NOFILE, t.mem.addr(dataAt)); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscalls.Setrlimit(ctx, t, netbsd.RLIMIT_NOFILE, t.mem.addr(dataAt))
}

// Close ends the process, and with it all its connections.
func (n *Net) Close() error {
	n.mu.Lock()
	n.closed, n.idle = true, nil
	n.mu.Unlock()
	n.process.Exit()
	return nil
}

// Process returns the process that the connections belong to.
func (n *Net) Process() kernel.Process { return n.process }

// Dial connects as net.Dial does.
func (n *Net) Dial(network, address string) (net.Conn, error) {
	return n.DialContext(context.Background(), network, address)
}

// DialContext connects as net.Dialer.DialContext does.
func (n *Net) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return (&Dialer{Net: n}).DialContext(ctx, network, address)
}

// Listen listens as net.Listen does.
func (n *Net) Listen(network, address string) (net.Listener, error) {
	return (&ListenConfig{Net: n}).Listen(context.Background(), network, address)
}

// ListenPacket listens as net.ListenPacket does.
func (n *Net) ListenPacket(network, address string) (net.PacketConn, error) {
	return (&ListenConfig{Net: n}).ListenPacket(context.Background(), network, address)
}

// A thread makes one call at a time.
type thread struct {
	kernel.Thread
	mem memory
}

// thread returns a thread that makes no call. It must be released.
func (n *Net) thread() (*thread, error) {
	n.mu.Lock()
	if last := len(n.idle) - 1; last >= 0 {
		t := n.idle[last]
		n.idle[last] = nil
		n.idle = n.idle[:last]
		n.mu.Unlock()
		return t, nil
	}
	closed := n.closed
	t := &thread{mem: newMemory(n.made)}
	n.made++
	n.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	var err error
	t.Thread, err = n.process.NewThread(&t.mem)
	return t, err
}

func (n *Net) release(t *thread) {
	t.mem.data, t.mem.control = nil, nil
	n.mu.Lock()
	keep := len(n.idle) < maxIdle && !n.closed
	if keep {
		n.idle = append(n.idle, t)
	}
	n.mu.Unlock()
	if !keep {
		t.Exit()
	}
}
