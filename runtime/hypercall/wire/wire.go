package wire

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/runtime/hypercall"
)

// maxQueue is how many frames may wait for a device. More are lost, as on any
// Ethernet.
const maxQueue = 4096

// maxFrame is the length of the largest frame that is passed on, in bytes: an
// Ethernet jumbo frame, without its checksum.
const maxFrame = 9018

// maxSpare is how many delivered frames' memory a device keeps for later ones.
const maxSpare = 256

// errClosed is the error of Send after Close.
var errClosed = fmt.Errorf("wire: %w", os.ErrClosed)

// A Wire is an Ethernet segment. The zero value has no devices, and is ready
// for use by several goroutines at once.
type Wire struct {
	mu      sync.Mutex
	devices atomic.Pointer[[]*device] // replaced, never changed
	tap     atomic.Pointer[func(frame []byte)]
}

// New returns a wire without devices.
func New() *Wire { return new(Wire) }

// Attach adds a device to the wire. It hears what is sent after its Start.
func (w *Wire) Attach() hypercall.NetworkDevice {
	d := &device{wire: w}
	d.wake.L = &d.mu
	w.change(func(list []*device) []*device { return append(list, d) })
	return d
}

// Tap makes see see each frame, before any device does; nil ends that. It is
// called by the goroutine that sends the frame, perhaps by several at once,
// and must keep nothing of it.
func (w *Wire) Tap(see func(frame []byte)) {
	if see == nil {
		w.tap.Store(nil)
		return
	}
	w.tap.Store(&see)
}

func (w *Wire) change(do func([]*device) []*device) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []*device
	if old := w.devices.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = do(list)
	w.devices.Store(&list)
}

// A device is a place on the wire. Frames wait in its queue for a goroutine of
// its own, so that a sender never runs a receiver's code.
type device struct {
	wire *Wire
	done sync.WaitGroup

	mu      sync.Mutex
	wake    sync.Cond
	queue   [][]byte
	spare   [][]byte // memory of frames that were delivered
	started bool
	closed  bool
}

// Start begins delivery. Later calls do nothing.
func (d *device) Start(input func(frame []byte)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started || d.closed {
		return
	}
	d.started = true
	d.done.Go(func() { d.deliver(input) })
}

// deliver passes frames on, all that wait at a time.
func (d *device) deliver(input func(frame []byte)) {
	var frames [][]byte
	for {
		d.mu.Lock()
		d.spare = append(d.spare, frames[:min(len(frames), maxSpare-len(d.spare))]...)
		for len(d.queue) == 0 && !d.closed {
			d.wake.Wait()
		}
		if d.closed {
			d.mu.Unlock()
			return
		}
		frames, d.queue = d.queue, frames[:0]
		d.mu.Unlock()
		for _, f := range frames {
			if d.isClosed() {
				return
			}
			input(f)
		}
	}
}

func (d *device) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// Send puts frames into the queues of the other devices. Those that are longer
// than any Ethernet's are lost.
func (d *device) Send(frames ...[]byte) error {
	if d.isClosed() {
		return errClosed
	}
	if see := d.wire.tap.Load(); see != nil {
		for _, f := range frames {
			(*see)(f)
		}
	}
	for _, o := range *d.wire.devices.Load() {
		if o != d {
			o.take(frames)
		}
	}
	return nil
}

// take adds frames to the queue.
func (d *device) take(frames [][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.started || d.closed {
		return
	}
	if len(d.queue) == 0 {
		d.wake.Signal()
	}
	for _, f := range frames {
		if len(d.queue) == maxQueue {
			return
		}
		if len(f) > maxFrame {
			continue
		}
		var b []byte
		if n := len(d.spare); n > 0 {
			b, d.spare = d.spare[n-1], d.spare[:n-1]
		}
		d.queue = append(d.queue, append(b[:0], f...))
	}
}

// Close takes the device off the wire. It must not be called by the goroutine
// that delivers.
func (d *device) Close() error {
	d.wire.change(func(list []*device) []*device {
		return slices.DeleteFunc(list, func(o *device) bool { return o == d })
	})
	d.mu.Lock()
	d.closed = true
	d.queue, d.spare = nil, nil
	d.wake.Signal()
	d.mu.Unlock()
	d.done.Wait()
	return nil
}
