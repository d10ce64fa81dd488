package system

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
	"github.com/abigen/abigen/runtime/hypercall/tap"
)

// open opens a device of the network.
func open(driver, linkstr string) (hypercall.NetworkDevice, error) {
	var dev hypercall.NetworkDevice
	var err error
	switch driver {
	case "shmif":
		dev, err = openBus(linkstr)
	case "virt":
		dev, err = openTap(linkstr)
	default:
		return nil, &hypercall.OpError{Op: "open", Driver: driver, Err: netbsd.ENXIO}
	}
	if err != nil {
		return nil, hypercall.NewError("open", driver, err)
	}
	return dev, nil
}

// openBus joins a bus. When what is wrong is not the machine's, it is the file:
// ENOEXEC, as with NetBSD.
func openBus(path string) (*shmif.Bus, error) {
	b, err := shmif.Open(path)
	if err == nil {
		return b, nil
	}
	if _, ok := errors.AsType[unix.Errno](err); !ok {
		err = &hypercall.OpError{Op: "open", Driver: "shmif", Err: netbsd.ENOEXEC, Detail: err.Error()}
	}
	return nil, err
}

// openTap opens the tap that a link string says: fd:N is a descriptor, a number
// alone the tap of that number, and everything else a name. Several descriptors, or
// a number behind a name, are the queues.
func openTap(linkstr string) (*tap.Device, error) {
	name, rest, several := strings.Cut(linkstr, ":")
	if several && name == "fd" {
		var fds []int
		for n := range strings.SplitSeq(rest, ":") {
			fd, err := strconv.ParseUint(n, 10, 31)
			if err != nil {
				return nil, fmt.Errorf("%q is no descriptor: %w", n, unix.EINVAL)
			}
			fds = append(fds, int(fd))
		}
		return tap.FromFD(fds...)
	}
	c := tap.Config{Name: name}
	if several {
		n, err := strconv.ParseUint(rest, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q is no number of queues: %w", rest, unix.EINVAL)
		}
		c.Queues = int(n)
	}
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		c.Name = "tun" + name
	}
	return c.Open()
}
