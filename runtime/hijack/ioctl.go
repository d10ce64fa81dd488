//go:build linux && (amd64 || arm64)

package hijack

import (
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// maxIoctl is how long the argument of a request may be.
const maxIoctl = 4096

// ioctl makes a request about interfaces, whatever socket it is made of.
func (c *call) ioctl() (int64, error) {
	if is, err := c.aboutInterface(uint64(uint32(c.Args[1]))); is {
		return 0, err
	}
	return 0, c.sup.guest.Use(func(t *guest.Thread) error { return c.interfaceRequest(t) })
}

func (c *call) interfaceRequest(t *guest.Thread) error {
	request := uint64(uint32(c.Args[1]))
	nb, ok := tonetbsd.Ioctl(request)
	if !ok {
		c.note = "no counterpart"
		return unix.ENOTTY
	}
	fd, err := t.Socket(c.sup.ctx, 2, 2, 0)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close(fd) }()
	lx := make([]byte, 40) // struct ifreq
	if err := c.read(lx, c.Args[2]); err != nil {
		return err
	}
	arg := make([]byte, maxIoctl)
	n, err := tonetbsd.IoctlArgument(request, arg, lx)
	if err != nil {
		c.note = err.Error()
		return unix.ENOTTY
	}
	if err := t.Ioctl(c.sup.ctx, fd, uint(nb), arg[:n]); err != nil {
		return err
	}
	if n, err = tolinux.IoctlResult(nb, lx, arg[:n]); err != nil {
		c.note = err.Error()
		return unix.ENOTTY
	}
	return c.write(lx[:n], c.Args[2])
}
