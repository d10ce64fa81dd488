package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// A kind is a kind of kernel. start starts one, whose files are in a directory,
// and returns what is to be closed, last first.
type kind struct {
	name  string
	start func(ctx context.Context, dir, name string) (kernel.Kernel, []io.Closer, error)
}

// The kinds: the embedded kernel, called directly; the same in a process of its own,
// called through the remote protocol; and NetBSD's, which is called like that, too.
var (
	embeddedKind = kind{"embedded", func(context.Context, string, string) (kernel.Kernel, []io.Closer, error) {
		k, err := netstack.New(netstack.Config{})
		if err != nil {
			return nil, nil, err
		}
		return k, []io.Closer{k}, nil
	}}
	servedKind = kind{"served", func(ctx context.Context, dir, name string) (kernel.Kernel, []io.Closer, error) {
		s, err := startServer(ctx, filepath.Join(dir, name))
		if err != nil {
			return nil, nil, err
		}
		return remote(ctx, s.url, s)
	}}
	netbsdKind = kind{"NetBSD", func(ctx context.Context, dir, name string) (kernel.Kernel, []io.Closer, error) {
		s, err := rump.Start(ctx, dir, name)
		if err != nil {
			return nil, nil, err
		}
		return remote(ctx, s.URL, s)
	}}
)

func remote(ctx context.Context, url string, server io.Closer) (kernel.Kernel, []io.Closer, error) {
	c, err := sysproxy.Dial(ctx, url)
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return c, []io.Closer{server, c}, nil
}

// kernels are two on a bus, with a TCP connection.
type kernels struct {
	open []io.Closer
	cfg  *netcfg.Client // of the first
	conn net.Conn
}

// newKernels connects two: the first of the kinds sends.
func newKernels(ctx context.Context, dir string, kinds [2]kind) (*kernels, error) {
	p := new(kernels)
	if err := p.connect(ctx, dir, kinds); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// add notes what is to be closed.
func (p *kernels) add(c ...io.Closer) { p.open = append(p.open, c...) }

func (p *kernels) close() {
	for i := range p.open {
		_ = p.open[len(p.open)-1-i].Close()
	}
}

func (p *kernels) connect(ctx context.Context, dir string, kinds [2]kind) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var nets [2]*nbsock.Net
	for i := range nets {
		k, open, err := kinds[i].start(ctx, dir, fmt.Sprint("k", i))
		if err != nil {
			return err
		}
		p.add(open...)
		c, err := netcfg.Open(k)
		if err != nil {
			return err
		}
		p.add(c)
		if i == 0 {
			p.cfg = c
		}
		if err := errors.Join(
			c.CreateInterface(ctx, "shmif0"),
			c.SetLinkString(ctx, "shmif0", filepath.Join(dir, "bus")),
			c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/24", i+1))),
			c.WaitAddresses(ctx, "shmif0"),
		); err != nil {
			return err
		}
		if nets[i], err = nbsock.New(k, nbsock.Config{}); err != nil {
			return err
		}
		p.add(nets[i])
	}
	ln, err := nets[1].Listen("tcp", "10.0.0.2:9")
	if err != nil {
		return err
	}
	p.add(ln)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for buf := make([]byte, 64<<10); err == nil; {
			_, err = c.Read(buf)
		}
	}()
	if p.conn, err = nets[0].DialContext(ctx, "tcp", "10.0.0.2:9"); err != nil {
		return err
	}
	p.add(p.conn)
	return nil
}

// run sends, and measures how many frames the first kernel sends and receives.
func (p *kernels) run(ctx context.Context, d time.Duration) (float64, error) {
	before, err := p.frames(ctx)
	if err != nil {
		return 0, err
	}
	buf, start := make([]byte, 64<<10), time.Now()
	for time.Since(start) < d {
		if _, err := p.conn.Write(buf); err != nil {
			return 0, err
		}
	}
	after, err := p.frames(ctx)
	return float64(after-before) / time.Since(start).Seconds(), err
}

// frames returns how many there have been so far.
func (p *kernels) frames(ctx context.Context) (uint64, error) {
	l, err := p.cfg.Interface(ctx, "shmif0")
	if err != nil {
		return 0, err
	}
	if l.Stats == nil {
		return 0, errors.New("shmif0 does not count frames")
	}
	return l.Stats.RxPackets + l.Stats.TxPackets, nil
}
