package tap

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
)

// maxQueues is how many queues Linux lets a tap have (MAX_TAP_QUEUES).
const maxQueues = 256

// A Config says what to attach to.
type Config struct {
	// Name of the host's interface.
	Name string

	// Queues is how many queues the device has, 1 to 256; 0 is 1. A tap that
	// somebody made is for one queue or for several, as it was made
	// ("ip tuntap add ... multi_queue").
	Queues int

	// Plain: frames are as they are on the wire, in both directions.
	Plain bool
}

// Open attaches to the tap with the name, which is made when there is none. Linux
// lets one Device at a time be attached to a tap, and wants the right
// CAP_NET_ADMIN, or the owner that a persistent tap was made for.
func Open(name string) (*Device, error) { return Config{Name: name}.Open() }

// Open attaches to a tap, as [Open] does.
func (c Config) Open() (*Device, error) {
	if c.Queues == 0 {
		c.Queues = 1
	}
	if c.Queues < 1 || c.Queues > maxQueues {
		return nil, fmt.Errorf("%s: %d queues, there may be 1 to %d: %w", c.Name, c.Queues, maxQueues, unix.EINVAL)
	}
	if _, err := unix.NewIfreq(c.Name); err != nil || c.Name == "" {
		return nil, fmt.Errorf("%q is no name of an interface: 1 to %d bytes: %w", c.Name, unix.IFNAMSIZ-1, unix.EINVAL)
	}
	flags := uint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if c.Queues > 1 {
		flags |= unix.IFF_MULTI_QUEUE
	}
	if !c.Plain {
		flags |= unix.IFF_VNET_HDR
	}
	var fds []int
	for range c.Queues {
		fd, err := attach(c.Name, flags)
		if err != nil {
			closeAll(fds)
			return nil, err
		}
		fds = append(fds, fd)
	}
	d, err := newDevice(fds)
	if err != nil {
		closeAll(fds)
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return d, nil
}

// attach makes a descriptor that is a queue of a tap.
func attach(name string, flags uint16) (fd int, err error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	// The descriptor must not be polled before it is one of a tap, so it
	// is wrapped afterwards.
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("%s: %w%s", name, err, explain(err))
	}
	if got := ifr.Name(); got != name { // it was a pattern
		_ = unix.Close(fd)
		return -1, fmt.Errorf("%s: Linux made %s of it: %w", name, got, unix.EINVAL)
	}
	return fd, nil
}

// explain says what errors of TUNSETIFF mean.
func explain(err error) string {
	switch {
	case errors.Is(err, unix.EBUSY):
		return ": another program is attached to it"
	case errors.Is(err, unix.EINVAL):
		return ": there is an interface of that name, and it is no tap, or one for another number of queues"
	case errors.Is(err, unix.E2BIG):
		return ": other programs are attached to it, there are no queues left"
	case errors.Is(err, unix.EPERM):
		return ": it takes CAP_NET_ADMIN, or a tap made for this user"
	}
	return ""
}

// FromFD makes a Device of descriptors of a tap, one for each queue, which are the
// Device's from then on. On an error they are not closed. The tap must have the
// flag IFF_NO_PI, which Linux does not tell of.
func FromFD(fds ...int) (*Device, error) {
	var name string
	for _, fd := range fds {
		ifr, err := getIff(fd)
		if err != nil {
			return nil, fmt.Errorf("descriptor %d is not one of a tap: %w", fd, err)
		}
		switch flags := ifr.Uint16(); {
		case flags&unix.IFF_TAP == 0:
			return nil, fmt.Errorf("descriptor %d: %s has no Ethernet frames, it is a tun: %w", fd, ifr.Name(), unix.EINVAL)
		case name != "" && ifr.Name() != name:
			return nil, fmt.Errorf("descriptor %d is one of %s, the one before it of %s: %w", fd, ifr.Name(), name, unix.EINVAL)
		}
		name = ifr.Name()
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			return nil, fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	return newDevice(fds)
}

// newDevice makes a device of descriptors that are ready.
func newDevice(fds []int) (*Device, error) {
	if len(fds) == 0 {
		return nil, fmt.Errorf("no descriptor: %w", unix.EINVAL)
	}
	ifr, err := getIff(fds[0])
	if err != nil {
		return nil, err
	}
	d := new(Device)
	if ifr.Uint16()&unix.IFF_VNET_HDR != 0 {
		d.header = linux.SizeofVirtioNetHdr
		if err := unix.IoctlSetPointerInt(fds[0], unix.TUNSETVNETHDRSZ, d.header); err != nil {
			return nil, fmt.Errorf("TUNSETVNETHDRSZ: %w", err)
		}
	}
	// What one that was attached before has set is still there.
	if err := unix.IoctlSetInt(fds[0], unix.TUNSETOFFLOAD, 0); err != nil {
		return nil, fmt.Errorf("TUNSETOFFLOAD: %w", err)
	}
	d.mtu.Store(etherMTU)
	for _, fd := range fds {
		q, err := newQueue(fd, d.header)
		if err != nil {
			return nil, err
		}
		d.queues = append(d.queues, q)
	}
	return d, nil
}

// getIff asks a descriptor for the name and the flags of its tap.
func getIff(fd int) (*unix.Ifreq, error) {
	ifr := new(unix.Ifreq)
	return ifr, unix.IoctlIfreq(fd, unix.TUNGETIFF, ifr)
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
