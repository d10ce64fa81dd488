package faulty

import (
	"bytes"
	"sync"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A linkDevice sends frames as the network's link has it.
type linkDevice struct {
	hypercall.NetworkDevice
	network *Network

	mu      sync.Mutex
	held    []waiting // to be overtaken
	delayed []waiting // in order
	timer   hypercall.Timer
	pumping bool
	closed  bool
}

// A waiting frame is sent when it is due, or has been overtaken.
type waiting struct {
	frame  []byte
	due    time.Duration
	behind int // frames that are still to overtake it
}

// Send sends what is left of the frames.
func (d *linkDevice) Send(frames ...[]byte) error {
	out, closed := d.suffer(frames)
	if len(out) == 0 && !closed {
		return nil
	}
	return d.NetworkDevice.Send(out...)
}

// suffer returns the frames that are to be sent now: none when the device is
// closed.
func (d *linkDevice) suffer(frames [][]byte) (out [][]byte, closed bool) {
	link := d.network.link.Load()
	now := d.network.clock.Monotonic()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, true
	}
	for _, f := range frames {
		fate := d.network.fate(link, len(f))
		if fate.lost {
			continue
		}
		if fate.flip >= 0 {
			f = bytes.Clone(f)
			f[fate.flip/8] ^= 1 << (fate.flip % 8)
		}
		if fate.behind > 0 {
			d.held = append(d.held, waiting{bytes.Clone(f), now + longest, fate.behind})
		} else {
			out = d.overtake(append(out, f))
		}
		if fate.duplicated {
			out = d.overtake(append(out, f))
		}
	}
	if link.Delay > 0 || len(d.delayed) > 0 { // those that wait go first
		for _, f := range out {
			d.delayed = append(d.delayed, waiting{frame: bytes.Clone(f), due: now + link.Delay})
		}
		out = nil
	}
	if !d.pumping {
		d.arm(now)
	}
	return out, false
}

// overtake adds to out the frames that enough others have now overtaken. mu is
// held.
func (d *linkDevice) overtake(out [][]byte) [][]byte {
	return d.release(out, func(w *waiting) bool {
		w.behind--
		return w.behind <= 0
	})
}

// release adds to out those of the held frames that go. mu is held.
func (d *linkDevice) release(out [][]byte, goes func(*waiting) bool) [][]byte {
	rest := d.held[:0]
	for i := range d.held {
		w := d.held[i]
		if goes(&w) {
			out = append(out, w.frame)
		} else {
			rest = append(rest, w)
		}
	}
	clear(d.held[len(rest):])
	d.held = rest
	return out
}

// arm sets the timer to when the next frame is due, if there is one. mu is held.
func (d *linkDevice) arm(now time.Duration) {
	if d.closed || len(d.held)+len(d.delayed) == 0 {
		return
	}
	next := time.Duration(-1)
	for _, list := range [][]waiting{d.held, d.delayed[:min(1, len(d.delayed))]} {
		for _, w := range list {
			if next < 0 || w.due < next {
				next = w.due
			}
		}
	}
	if d.timer == nil {
		d.timer = d.network.clock.AfterFunc(next-now, d.pump)
	} else {
		d.timer.Reset(next - now)
	}
}

// pump sends the frames that are due.
func (d *linkDevice) pump() {
	d.mu.Lock()
	if d.pumping || d.closed {
		d.mu.Unlock()
		return
	}
	d.pumping = true
	now := d.network.clock.Monotonic()
	var out [][]byte
	for len(d.delayed) > 0 && d.delayed[0].due <= now {
		out = append(out, d.delayed[0].frame)
		d.delayed = d.delayed[1:]
	}
	out = d.release(out, func(w *waiting) bool { return w.due <= now })
	d.mu.Unlock()
	if len(out) > 0 {
		_ = d.NetworkDevice.Send(out...) // a device that is broken says so to the next Send
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pumping = false
	d.arm(d.network.clock.Monotonic())
}

// Close loses the frames that wait.
func (d *linkDevice) Close() error {
	d.mu.Lock()
	d.closed = true
	if d.timer != nil {
		d.timer.Stop()
	}
	d.mu.Unlock()
	return d.NetworkDevice.Close()
}
