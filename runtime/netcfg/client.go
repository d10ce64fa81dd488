package netcfg

import (
	"context"
	"strings"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Client configures a kernel, as a process of its own with the rights of the
// superuser. Its methods may be used by several goroutines at once, and make one
// change after the other.
type Client struct {
	process kernel.Process

	mu sync.Mutex
	thread
	seq int32 // of the last routing message
}

// A thread makes calls with a memory of its own.
type thread struct {
	kernel.Thread
	mem     *arena
	routing *rtsock.Version
}

func newThread(p kernel.Process, v *rtsock.Version) (thread, error) {
	mem := newArena()
	t, err := p.NewThread(mem)
	return thread{Thread: t, mem: mem, routing: v}, err
}

// Open starts a process of k to configure it with. It must be closed.
func Open(k kernel.Kernel) (*Client, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "netcfg"})
	if err != nil {
		return nil, err
	}
	t, err := newThread(p, k.Release().Routing)
	if err != nil {
		p.Exit()
		return nil, err
	}
	return &Client{process: p, thread: t}, nil
}

// Close ends the process. What it configured stays.
func (c *Client) Close() error {
	c.process.Exit()
	return nil
}

// lock begins an operation, which makes its calls with the thread and memory of
// c. The function it returns ends it.
func (c *Client) lock() func() {
	c.mu.Lock()
	c.mem.reset()
	return c.mu.Unlock
}

// withSocket runs do with a socket that is open as long. The caller holds the
// lock.
func (c *Client) withSocket(ctx context.Context, family, typ int32, do func(fd int32) error) error {
	fd, err := syscalls.Socket(ctx, c, family, typ, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscalls.Close(context.WithoutCancel(ctx), c, fd) }()
	return do(fd)
}

// ioctl makes the ioctl on a new datagram socket of a family, and leaves in arg
// what the kernel answered. The caller holds the lock.
func (c *Client) ioctl(ctx context.Context, family int32, request uint64, arg []byte) error {
	return c.withSocket(ctx, family, netbsd.SOCK_DGRAM, func(fd int32) error {
		a := c.mem.put(arg)
		_, err := syscalls.Ioctl(ctx, c, fd, uint(request), a)
		copy(arg, c.mem.at(a, len(arg)))
		return err
	})
}

// ioctls makes those that package rtsock has made up. The caller holds the
// lock.
func (c *Client) ioctls(ctx context.Context, list []rtsock.Ioctl) error {
	for _, i := range list {
		if err := c.ioctl(ctx, int32(i.Family), i.Request, i.Arg); err != nil {
			return err
		}
	}
	return nil
}

// named returns a struct ifreq with the name of an interface: EINVAL when it
// does not fit.
func named(name string) (netbsd.Ifreq, error) {
	var r netbsd.Ifreq
	if name == "" || len(name) >= len(r.Name) || strings.IndexByte(name, 0) >= 0 {
		return r, netbsd.EINVAL
	}
	copy(r.Name[:], name)
	return r, nil
}

// ifreq makes an ioctl with a struct ifreq. The caller holds the lock.
func (c *Client) ifreq(ctx context.Context, request uint64, r *netbsd.Ifreq) error {
	return c.ioctl(ctx, netbsd.AF_INET, request, abi.AsBytes(r))
}
