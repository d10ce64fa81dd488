package sysproxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Client is a kernel at the other end of a connection. Each of its processes
// has a connection of its own.
//
// Where the server is one of this package, a call whose context is done ends as
// [kernel.Thread] says. With NetBSD's server, which cannot be asked for that, calls with a
// context that can be done are made so that they do not block, and the waiting
// is done by poll(2). What that
// cannot do is left to block until the process exits: calls that neither poll(2) nor a flag helps with, such as
// close(2) with SO_LINGER or a lock of a file.
type Client struct {
	url     URL
	release *kernel.Release
	retry   time.Duration
	own     atomic.Bool // the server is one of this package, and knows typeInterrupt

	mu     sync.Mutex
	procs  map[*process]struct{}
	closed bool
}

var _ kernel.Kernel = (*Client)(nil)

// dialTimeout limits what has no context: the connection of a new process, and
// its handshake.
const dialTimeout = 30 * time.Second

// A Dialer says what a Client does when its connections are lost. The zero value is
// for clients that then fail.
type Dialer struct {
	// Retry is for how long a process whose connection is lost tries to get
	// another, or RetryOnce or RetryForever. 0: it does not try. What it gets is a new process:
	// its descriptors are gone, and its id is another. The calls that were under way are
	// made again, and may have been carried out before.
	Retry time.Duration
}

// Ways to try that are no time. RetryOnce is for a server that was started again
// already.
const (
	RetryForever time.Duration = -1
	RetryOnce    time.Duration = -2
)

// Dial finds out what kernel is at url.
func Dial(ctx context.Context, url string) (*Client, error) { return new(Dialer).Dial(ctx, url) }

// Dial finds out what kernel is at url.
func (d *Dialer) Dial(ctx context.Context, url string) (*Client, error) {
	u, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	c := &Client{url: u, retry: d.Retry, procs: map[*process]struct{}{}}
	if c.release, err = c.probe(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// probe asks the server what it is, on a connection of its own.
func (c *Client) probe(ctx context.Context) (*kernel.Release, error) {
	conn, line, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r, err := parseBanner(line)
	if err != nil {
		return nil, &ConnError{c.url, "dial", err}
	}
	own, err := conn.askInterrupts(ctx)
	if err != nil {
		return nil, &ConnError{c.url, "dial", err}
	}
	c.own.Store(own)
	return r, nil
}

// connect returns a connection and the line the server began with.
func (c *Client) connect(ctx context.Context) (*clientConn, string, error) {
	nc, err := new(net.Dialer).DialContext(ctx, c.url.Network, c.url.Address)
	if err != nil {
		return nil, "", &ConnError{c.url, "dial", err}
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn := newClientConn(c.url, nc)
	line, err := readBanner(conn.in.r)
	if err != nil {
		nc.Close()
		return nil, "", &ConnError{c.url, "dial", err}
	}
	return conn, line, nil
}

// Release tells what the server said it is.
func (c *Client) Release() *kernel.Release { return c.release }

// Support returns nil: the protocol does not tell.
func (c *Client) Support() []kernel.Support { return nil }

// Wait waits until the kernel is gone, and returns why, or until the context is
// done. It takes a process.
func (c *Client) Wait(ctx context.Context) error {
	opt := kernel.ProcessOptions{Name: "wait", Console: true, Signal: func(netbsd.Signal) {}} // who wants signals hears of the end
	p, err := c.newProcess(opt, handshakeGuest, command(opt.Name))
	if err != nil {
		return err
	}
	defer p.Exit()
	select {
	case <-p.current().done:
		return p.current().ended()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the processes that this Client has started. The kernel goes on.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	procs := c.procs
	c.procs = nil
	c.mu.Unlock()
	for p := range procs {
		p.end(netbsd.ENXIO)
	}
	return nil
}

// NewProcess connects and asks for a process.
func (c *Client) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := c.newProcess(opt, handshakeGuest, command(opt.Name))
	if err != nil {
		return nil, err
	}
	if opt.Console {
		return p, nil
	}
	if err := p.closeConsole(); err != nil {
		p.Exit()
		return nil, err
	}
	return p, nil
}

// command returns a name as a handshake has it. An empty one would crash
// NetBSD's server.
func command(name string) []byte {
	if name == "" {
		name = "abigen"
	}
	return append([]byte(name[:min(len(name), netbsd.MAXCOMLEN)]), 0)
}

// newProcess starts a process with a handshake.
func (c *Client) newProcess(opt kernel.ProcessOptions, subtype uint32, body []byte) (*process, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	conn, err := c.begin(ctx, opt, subtype, body)
	if err != nil {
		return nil, err
	}
	p := &process{client: c, conn: conn, opt: opt, exited: make(chan struct{}), again: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.leave(netbsd.ENXIO)
		return nil, netbsd.ENXIO
	}
	c.procs[p] = struct{}{}
	return p, nil
}

// begin connects, and makes the first handshake.
func (c *Client) begin(ctx context.Context, opt kernel.ProcessOptions, subtype uint32, body []byte) (*clientConn, error) {
	conn, _, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	conn.signal, conn.refusals = opt.Signal, c.own.Load()
	go conn.run()
	if err := conn.handshake(ctx, subtype, body); err != nil {
		conn.end(err)
		return nil, err
	}
	return conn, nil
}

// remove forgets a process that has exited.
func (c *Client) remove(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.procs, p)
}
