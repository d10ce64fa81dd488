package tap

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hypercall"
)

// Sizes in bytes.
const (
	maxFrame = hypercall.MaxFrame // what a read can return
	maxMTU   = 65521              // what Linux lets a tap have

	etherMTU = 1500
)

// A Device is the kernel's end of a tap. It is a [hypercall.NetworkDevice], with
// an MTU, a link state, and work that it takes off a kernel.
type Device struct {
	queues []*queue
	header int          // bytes in front of a frame
	mtu    atomic.Int64 // when the host's end is in another network namespace

	mu        sync.Mutex
	closed    bool
	started   bool
	receivers sync.WaitGroup
	link      *linkWatch

	dropped, malformed atomic.Uint64
}

var (
	_ hypercall.MTUDevice       = (*Device)(nil)
	_ hypercall.LinkStateDevice = (*Device)(nil)
	_ hypercall.OffloadDevice   = (*Device)(nil)
)

// Name returns the name of the host's interface, which may have changed.
func (d *Device) Name() (string, error) {
	var name string
	var failed error
	err := d.control(func(fd uintptr) {
		ifr, err := getIff(int(fd))
		name, failed = ifr.Name(), err
	})
	return name, errors.Join(err, failed)
}

// control calls f with the first descriptor.
func (d *Device) control(f func(fd uintptr)) error { return d.queues[0].conn.Control(f) }

// Queues returns how many queues the device has.
func (d *Device) Queues() int { return len(d.queues) }

// Dropped returns how many frames the host did not take: its end was down, or
// they were no Ethernet frames.
func (d *Device) Dropped() uint64 { return d.dropped.Load() }

// Malformed returns how many frames of the host made no sense.
func (d *Device) Malformed() uint64 { return d.malformed.Load() }

// Start begins to receive frames as they are on the wire.
func (d *Device) Start(input func(frame []byte)) {
	var one sync.Mutex // they come one at a time
	d.start(0, func(b []byte) {
		if len(b) < d.header {
			d.malformed.Add(1)
			return
		}
		one.Lock()
		defer one.Unlock()
		input(b[d.header:])
	})
}

// StartOffload begins to receive frames as Linux has them, if the tap has headers
// in front of them.
func (d *Device) StartOffload(input func(frame []byte, o hypercall.Offload)) bool {
	if d.header == 0 {
		return false
	}
	return d.start(linux.TUN_F_CSUM|linux.TUN_F_TSO4|linux.TUN_F_TSO6, func(b []byte) {
		frame, o, ok := decode(b, d.header)
		if !ok {
			d.malformed.Add(1)
			return
		}
		input(frame, o)
	})
}

// start begins to receive, and tells Linux what is left to the kernel. false:
// Linux does not do that.
func (d *Device) start(offload int, input func([]byte)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started || d.closed {
		return offload == 0
	}
	if offload != 0 && d.setOffload(offload) != nil {
		return false
	}
	d.started = true
	for _, q := range d.queues {
		d.receivers.Go(func() { q.receive(input) })
	}
	return true
}

func (d *Device) setOffload(flags int) error {
	var failed error
	err := d.control(func(fd uintptr) { failed = unix.IoctlSetInt(int(fd), unix.TUNSETOFFLOAD, flags) })
	return errors.Join(err, failed)
}

// Send writes frames to the tap.
func (d *Device) Send(frames ...[]byte) error {
	for _, f := range frames {
		if err := d.sent(d.queueOf(f).write(func(header []byte) { clear(header) }, f)); err != nil {
			return err
		}
	}
	return nil
}

// SendOffload writes frames to the tap.
func (d *Device) SendOffload(frames ...hypercall.Frame) error {
	for i := range frames {
		f := &frames[i]
		if len(f.Parts) == 0 {
			d.dropped.Add(1)
			continue
		}
		if err := d.sent(d.queueOf(f.Parts[0]).write(func(header []byte) { encode(header, f) }, f.Parts...)); err != nil {
			return err
		}
	}
	return nil
}

// sent counts frames that are lost, and returns errors of the device.
func (d *Device) sent(err error) error {
	switch {
	case err == nil:
	case lost(err):
		d.dropped.Add(1)
	default:
		return hypercall.NewError("send", "virt", err)
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
	link := d.link
	d.mu.Unlock()
	if d.header > 0 {
		_ = d.setOffload(0) // a tap that stays is as it was, unless it is gone already
	}
	var errs []error
	for _, q := range d.queues {
		if err := q.file.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	d.receivers.Wait()
	if link != nil {
		errs = append(errs, link.close())
	}
	return errors.Join(errs...)
}
