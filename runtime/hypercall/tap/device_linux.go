package tap

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hypercall"
)

// Sizes in bytes.
const (
	maxFrame = 1 << 16 // what a read can return
	maxMTU   = 65521   // what Linux lets a tap have

	etherMTU = 1500
)

// A Device is the kernel's end of a tap. It is a [hypercall.NetworkDevice], with
// an MTU and a link state.
type Device struct {
	file *os.File
	mtu  atomic.Int64 // when the host's end is in another network namespace

	mu      sync.Mutex
	closed  bool
	started bool
	done    chan struct{} // the receiver has ended
	link    *linkWatch

	dropped atomic.Uint64
}

var (
	_ hypercall.MTUDevice       = (*Device)(nil)
	_ hypercall.LinkStateDevice = (*Device)(nil)
)

// Open attaches to the tap with the name, which is made when there is none. Linux
// lets one Device at a time be attached to a tap, and wants the right
// CAP_NET_ADMIN, or the owner that a persistent tap was made for.
func Open(name string) (*Device, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil || name == "" {
		return nil, fmt.Errorf("%q is no name of an interface: 1 to %d bytes: %w", name, unix.IFNAMSIZ-1, unix.EINVAL)
	}
	// The descriptor must not be polled before it is one of a tap, so it
	// is wrapped afterwards.
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%s: %w%s", name, err, explain(err))
	}
	if got := ifr.Name(); got != name { // it was a pattern
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%s: Linux made %s of it: %w", name, got, unix.EINVAL)
	}
	return newDevice(fd), nil
}

// explain says what errors of TUNSETIFF mean.
func explain(err error) string {
	switch {
	case errors.Is(err, unix.EBUSY):
		return ": another program is attached to it"
	case errors.Is(err, unix.EINVAL):
		return ": there is an interface of that name, and it is no tap with one queue"
	case errors.Is(err, unix.EPERM):
		return ": it takes CAP_NET_ADMIN, or a tap made for this user"
	}
	return ""
}

// FromFD makes a Device of a descriptor of a tap, which is the Device's from then
// on. On an error it is not closed. The tap must have the flag IFF_NO_PI, and not
// IFF_VNET_HDR.
func FromFD(fd int) (*Device, error) {
	ifr, err := getIff(fd)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is not one of a tap: %w", fd, err)
	}
	switch flags := ifr.Uint16(); {
	case flags&unix.IFF_TAP == 0:
		return nil, fmt.Errorf("descriptor %d: %s has no Ethernet frames, it is a tun: %w", fd, ifr.Name(), unix.EINVAL)
	case flags&unix.IFF_VNET_HDR != 0:
		return nil, fmt.Errorf("descriptor %d: %s was made with IFF_VNET_HDR: %w", fd, ifr.Name(), unix.EINVAL)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return newDevice(fd), nil
}

func newDevice(fd int) *Device {
	d := &Device{file: os.NewFile(uintptr(fd), "tap"), done: make(chan struct{})}
	d.mtu.Store(etherMTU)
	return d
}

// getIff asks a descriptor for the name and the flags of its tap.
func getIff(fd int) (*unix.Ifreq, error) {
	ifr := new(unix.Ifreq)
	return ifr, unix.IoctlIfreq(fd, unix.TUNGETIFF, ifr)
}

// Name returns the name of the host's interface, which may have changed.
func (d *Device) Name() (string, error) {
	c, err := d.file.SyscallConn()
	if err != nil {
		return "", err
	}
	var name string
	var failed error
	err = c.Control(func(fd uintptr) {
		ifr, err := getIff(int(fd))
		name, failed = ifr.Name(), err
	})
	return name, errors.Join(err, failed)
}

// Dropped returns how many frames the host did not take: its end was down, or
// they were no Ethernet frames.
func (d *Device) Dropped() uint64 { return d.dropped.Load() }

// Start begins to receive.
func (d *Device) Start(input func(frame []byte)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started || d.closed {
		return
	}
	d.started = true
	go d.receive(input)
}

// receive passes frames on until the device is closed, or the tap gone.
func (d *Device) receive(input func([]byte)) {
	defer close(d.done)
	buf := make([]byte, maxFrame)
	for {
		n, err := d.file.Read(buf)
		if err != nil {
			return
		}
		input(buf[:n])
	}
}

// Send writes frames to the tap.
func (d *Device) Send(frames ...[]byte) error {
	for _, f := range frames {
		if _, err := d.file.Write(f); err != nil {
			if !lost(err) {
				return hypercall.NewError("send", "virt", err)
			}
			d.dropped.Add(1)
		}
	}
	return nil
}

// lost tells of errors that are about a frame, or a host's end that is down.
func lost(err error) bool {
	for _, e := range []error{unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.ENOBUFS, unix.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Close detaches from the tap.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	started, link := d.started, d.link
	d.mu.Unlock()
	err := d.file.Close()
	if started {
		<-d.done
	}
	if link != nil {
		err = errors.Join(err, link.close())
	}
	return err
}
