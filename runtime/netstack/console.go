package netstack

import (
	"errors"
	"io"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// console is the file that processes write to the host's console by. It looks
// like a terminal, but there is nothing to read.
type console struct{ host hypercall.Console }

var _ kern.File = (*console)(nil)

// openConsole opens descriptors 0, 1 and 2 of p, which has none.
func openConsole(p *kern.Proc, host hypercall.Console) error {
	l := kern.NewLwp(p, nil)
	f := kern.NewOpenFile(l, netbsd.DTYPE_MISC, netbsd.FWRITE, &console{host: host})
	defer f.Unref(l)
	for range 3 {
		f.Ref()
		if _, err := l.Install(0, f, false); err != nil {
			return err
		}
	}
	return nil
}

// Read fails: the file is open for writing only.
func (c *console) Read(*kern.Lwp, *kern.OpenFile, *kern.Uio) error { return netbsd.ENXIO }

// Write implements [kern.File].
func (c *console) Write(_ *kern.Lwp, _ *kern.OpenFile, u *kern.Uio) error {
	var buf [1024]byte
	for {
		n, err := u.Read(buf[:])
		if n > 0 {
			if _, werr := c.host.Write(buf[:n]); werr != nil {
				return hypercall.Errno(werr)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Ioctl implements [kern.File]. TIOCGETA, which isatty(3) asks, is all there is
// of a terminal.
func (c *console) Ioctl(_ *kern.Lwp, _ *kern.OpenFile, cmd uint64, data []byte) error {
	if cmd != netbsd.TIOCGETA {
		return netbsd.ENOTTY
	}
	clear(data)
	return nil
}

// Readiness implements [waiter.Waitable].
func (c *console) Readiness(mask waiter.EventMask) waiter.EventMask {
	return mask & waiter.WritableEvents
}

// EventRegister implements [waiter.Waitable]: nothing changes.
func (c *console) EventRegister(*waiter.Entry) error { return nil }

// EventUnregister implements [waiter.Waitable].
func (c *console) EventUnregister(*waiter.Entry) {}

// SetFlags implements [kern.File].
func (c *console) SetFlags(uint32) error { return nil }

// Stat implements [kern.File].
func (c *console) Stat(_ *kern.Lwp, st *netbsd.Stat) error {
	st.Mode = netbsd.S_IFCHR | 0o600
	return nil
}

// Filter implements [kern.File].
func (c *console) Filter(uint32) (kern.Filter, error) { return nil, netbsd.EINVAL }

// Restart implements [kern.File]: nobody sleeps.
func (c *console) Restart() {}

// Close implements [kern.File].
func (c *console) Close(*kern.Lwp) {}
