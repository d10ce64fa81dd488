package bpf

import (
	"errors"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// The kernel's clock ticks a hundred times in a second (hz).
const (
	hz   = 100
	tick = time.Second / hz
)

// Read waits for packets, and takes all that are held: EINVAL unless there is room
// for just a buffer. After the timeout there may be none.
func (d *descriptor) Read(l *kern.Lwp, f *kern.OpenFile, u *kern.Uio) error {
	timedOut, err := d.prepare(u.Resid)
	if err != nil {
		return err
	}
	for rest := timedOut; ; {
		if b := d.startReading(rest || f.Nonblocking()); b != nil {
			_, err := u.Write(b)
			d.endReading()
			return err
		}
		if f.Nonblocking() {
			return netbsd.EWOULDBLOCK
		}
		err := l.Sleep(d, waiter.ReadableEvents, d.sleepTime(), func() bool { return d.readable(timedOut) })
		if errors.Is(err, netbsd.EWOULDBLOCK) {
			if rest = true; d.empty() {
				return nil
			}
		} else if err != nil {
			return err
		}
	}
}

// prepare begins a read of n bytes, and tells whether poll(2) has waited for as long
// as it may.
func (d *descriptor) prepare(n int) (timedOut bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accessed = d.clock.Now()
	if n != int(d.size) {
		return false, netbsd.EINVAL
	}
	timedOut = d.poll == pollTimedOut
	d.idle()
	return timedOut, nil
}

// startReading returns the hold, which the store becomes if it has something that
// may be read; rest says that all may. The result is nil when there is nothing, or
// somebody else is at it.
func (d *descriptor) startReading(rest bool) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reading {
		return nil
	}
	if d.hold == nil {
		if d.used == 0 || !rest && d.immediate == 0 {
			return nil
		}
		d.rotate()
	}
	d.reading = true
	return d.hold[:d.held]
}

// empty tells whether there is nothing at all to read.
func (d *descriptor) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hold == nil && d.used == 0
}

// endReading frees the hold.
func (d *descriptor) endReading() {
	d.mu.Lock()
	d.reading = false
	d.free, d.hold, d.held = d.hold, nil, 0
	d.mu.Unlock()
	d.Notify(waiter.EventInternal) // others who read
}

// readable tells whether startReading finds something.
func (d *descriptor) readable(timedOut bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.reading && (d.hold != nil || (d.immediate != 0 || timedOut) && d.used != 0)
}

// sleepTime is the read timeout as tsleep(9) takes it: what does not fit an int
// is cut off, and what is negative then, short.
func (d *descriptor) sleepTime() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return ticks(d.timeout)
}

func ticks(n uint64) time.Duration {
	t := int32(n)
	if t < 0 {
		t = 1
	}
	return time.Duration(t) * tick
}
