package sysproxy

import (
	"context"
	"errors"
	"time"

	"github.com/abigen/abigen/netbsd"
)

// lost tells whether an error says that the connection is gone, and that there is
// to be another.
func (p *process) lost(err error) bool {
	if p.client.retry == 0 || p.brief || err == nil {
		return false
	}
	_, lost := errors.AsType[*ConnError](err)
	return lost && !p.hasExited()
}

// reconnect gets the process another connection in place of one that is lost,
// unless somebody has already. When it does not get one it returns why.
func (p *process) reconnect(ctx context.Context, conn *clientConn, why error) error {
	select {
	case p.again <- struct{}{}:
		defer func() { <-p.again }()
	case <-ctx.Done():
		return netbsd.EINTR
	case <-p.exited:
		return netbsd.ESRCH
	}
	if p.current() != conn {
		return nil
	}
	retry, start := p.client.retry, time.Now()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return netbsd.EINTR
		case <-p.exited:
			return netbsd.ESRCH
		case <-time.After(pause(n)):
		}
		next, err := p.client.restart(ctx, p)
		switch {
		case err == nil:
			return p.replace(next)
		case retry == RetryOnce, retry > 0 && time.Since(start) >= retry:
			return errors.Join(why, err)
		}
	}
}

// pause is how long NetBSD's client waits before it tries again.
func pause(tries int) time.Duration {
	if tries < 10 {
		return time.Duration(tries) * 100 * time.Millisecond
	}
	return time.Duration(min(10, tries-9)) * time.Second
}

// restart makes a connection for a new process in place of p.
func (c *Client) restart(ctx context.Context, p *process) (*clientConn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	r, err := c.probe(ctx)
	if err != nil {
		return nil, err
	}
	if r.Version != c.release.Version {
		return nil, &ConnError{c.url, "dial", errors.New("it is a kernel of release " + r.Version + " now")}
	}
	conn, err := c.begin(ctx, p.opt, handshakeGuest, command(p.opt.Name))
	if err != nil || p.opt.Console {
		return conn, err
	}
	if err := (&process{client: c, conn: conn, exited: p.exited, brief: true}).closeConsole(); err != nil {
		conn.end(err)
		return nil, err
	}
	return conn, nil
}

// replace makes a connection that of the process.
func (p *process) replace(conn *clientConn) error {
	p.mu.Lock()
	exited := p.hasExited()
	if !exited {
		p.conn = conn
		p.pid.Store(0)
	}
	p.mu.Unlock()
	if exited {
		conn.leave(netbsd.ESRCH)
		return netbsd.ESRCH
	}
	return nil
}
