// Package capture writes the packets of an interface into a file. It sees them
// through bpf(4), by system calls, so that any kernel will do that has that.
package capture

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/pcap"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// Options say what to capture, and for how long.
type Options struct {
	Interface   string
	Count       int  // packets; 0: until the context is done
	Snaplen     int  // at most this many bytes of each packet; 0: all
	Promiscuous bool // what is for other hosts, too

	// Started is called when packets begin to be seen, if it is not nil, with
	// the type of the interface's link (DLT_*).
	Started func(link uint32)
}

// Stats is what the kernel has counted: the packets of the interface, how many of
// these it had no room for, and how many were written.
type Stats struct {
	Received uint64 `json:"received"`
	Dropped  uint64 `json:"dropped"`
	Written  uint64 `json:"written"`
}

// Run writes packets to w, in pcap's format, until there are as many as asked for,
// or the context is done, which is no error. They are written as they come, and none
// is kept back.
func Run(ctx context.Context, k kernel.Kernel, w io.Writer, opt Options) (Stats, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "capture"})
	if err != nil {
		return Stats{}, err
	}
	defer p.Exit()
	d, err := open(ctx, p)
	if err != nil {
		return Stats{}, err
	}
	link, err := d.attach(ctx, opt)
	if err != nil {
		return Stats{}, fmt.Errorf("%s: %w", opt.Interface, err)
	}
	file, err := pcap.NewWriter(w, link)
	if err != nil {
		return Stats{}, err
	}
	if err := file.Flush(); err != nil {
		return Stats{}, err
	}
	if opt.Started != nil {
		opt.Started(link)
	}
	c := capture{device: d, file: file, left: opt.Count, endless: opt.Count <= 0}
	err = c.run(ctx)
	stats, statsErr := d.stats(context.WithoutCancel(ctx))
	stats.Written = c.written
	if err != nil {
		return stats, fmt.Errorf("%s: %w", opt.Interface, err)
	}
	return stats, statsErr
}

// A capture is one under way.
type capture struct {
	device  *device
	file    *pcap.Writer
	left    int
	endless bool
	written uint64
}

// run copies packets. When the context is done, those that are in the kernel are
// copied, too.
func (c *capture) run(ctx context.Context) error {
	for c.endless || c.left > 0 {
		if ctx.Err() != nil {
			return c.rest(ctx)
		}
		err := c.copy(ctx)
		if errors.Is(err, netbsd.EAGAIN) {
			err = c.device.wait(ctx)
		}
		if err != nil && !(ctx.Err() != nil && errors.Is(err, netbsd.EINTR)) {
			return err
		}
	}
	return nil
}

// rest copies what is in both buffers of the kernel.
func (c *capture) rest(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	for range 2 {
		if err := c.copy(ctx); err != nil {
			if errors.Is(err, netbsd.EAGAIN) {
				return nil
			}
			return err
		}
	}
	return nil
}

// copy copies what a read(2) gives: EAGAIN when there is nothing.
func (c *capture) copy(ctx context.Context) error {
	b, err := c.device.read(ctx)
	if err != nil {
		return err
	}
	for r, err := range records(b) {
		if err != nil {
			return err
		}
		if !c.endless && c.left == 0 {
			break
		}
		if err := c.file.Write(r.at, r.data, r.size); err != nil {
			return err
		}
		c.left--
		c.written++
	}
	return c.file.Flush()
}

// hint adds to the errors of opening what to do about them.
func hint(err error, of netbsd.Errno, instead string) error {
	if errors.Is(err, of) {
		return command.Hint(err, instead)
	}
	return err
}
