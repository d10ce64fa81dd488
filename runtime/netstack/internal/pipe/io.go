package pipe

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Read takes what there is, and waits when there is nothing.
func (e *end) Read(l *kern.Lwp, f *kern.OpenFile, u *kern.Uio) error {
	for u.Resid > 0 {
		if err := e.take(l); err != nil {
			return err
		}
		moved, err := e.empty(u)
		e.release()
		if moved && e.roomy() {
			e.wake(e.peer())
		}
		if moved || err != nil {
			return err
		}
		if e.ended() {
			break
		}
		if f.Nonblocking() {
			return netbsd.EAGAIN
		}
		if err := l.Sleep(e, waiter.ReadableEvents, 0, e.readable); err != nil {
			return err
		}
	}
	return nil
}

// Write puts in all of u, and waits for room. At most PIPE_BUF bytes go in
// together or not at all.
func (e *end) Write(l *kern.Lwp, f *kern.OpenFile, u *kern.Uio) error {
	if e.ended() {
		return netbsd.EPIPE
	}
	for first := true; first || u.Resid > 0; first = false {
		if err := e.take(l); err != nil {
			return err
		}
		if first {
			e.enlarge(u.Resid)
		}
		err := e.fill(u)
		e.release()
		if e.peer().readable() {
			e.wake(e.peer())
		}
		if err != nil || u.Resid == 0 {
			return err
		}
		if f.Nonblocking() {
			return netbsd.EAGAIN
		}
		if err := l.Sleep(e, waiter.WritableEvents, 0, e.drained); err != nil {
			return err
		}
		if e.ended() {
			return netbsd.EPIPE
		}
	}
	return nil
}

// take waits until nobody else moves data.
func (p *pipe) take(l *kern.Lwp) error {
	for !p.tryTake() {
		if err := l.Sleep(p, 0, 0, p.free); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipe) tryTake() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken {
		return false
	}
	p.taken = true
	return true
}

func (p *pipe) release() {
	p.mu.Lock()
	p.taken = false
	p.mu.Unlock()
	p.Notify(waiter.EventInternal)
}

func (p *pipe) free() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.taken
}

// ended tells whether the other end is closed.
func (e *end) ended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.peer().closed
}

// readable tells whether a reader need not wait.
func (e *end) readable() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.buffered() > 0 || e.peer().closed
}

// roomy tells whether there is room enough for poll(2) to say so.
func (p *pipe) roomy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size-p.count >= netbsd.PIPE_BUF
}

// drained tells whether a writer that waits for room is to go on.
func (e *end) drained() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count < lowWater || e.peer().closed
}

// enlarge gives the pipe a big buffer before a big write.
func (p *pipe) enlarge(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n <= size || p.size == bigSize || p.count > 0 {
		return
	}
	if p.pipes.big.Add(1) > maxBig {
		p.pipes.big.Add(-1)
		return
	}
	p.buf, p.size, p.out = nil, bigSize, 0
}

// empty moves bytes from the buffer to u, and reports whether there were any.
// The caller has taken the pipe.
func (e *end) empty(u *kern.Uio) (moved bool, err error) {
	for u.Resid > 0 {
		e.mu.Lock()
		b := e.buf[e.out:min(e.out+e.buffered(), len(e.buf))]
		e.mu.Unlock()
		if len(b) == 0 {
			break
		}
		b = b[:min(len(b), u.Resid)]
		if _, err := u.Write(b); err != nil {
			return moved, err
		}
		moved = true
		e.mu.Lock()
		e.count -= len(b)
		if e.out += len(b); e.out == len(e.buf) || e.count == 0 {
			e.out = 0
		}
		e.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.accessed = e.clock.Now()
	return moved, nil
}

// fill moves bytes from u to the buffer, as many as there is room for. The
// caller has taken the pipe.
func (e *end) fill(u *kern.Uio) error {
	for u.Resid > 0 {
		b := e.room(u.Resid)
		if len(b) == 0 {
			return nil
		}
		n, err := u.Read(b)
		if err != nil {
			return err
		}
		e.mu.Lock()
		e.count += n
		e.peer().modified = e.clock.Now()
		e.mu.Unlock()
	}
	return nil
}

// room returns a part of the buffer to write to, when n bytes are left to be
// written: none when they have to go in together and do not fit.
func (e *end) room(n int) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	space := e.space()
	if space < n && n <= netbsd.PIPE_BUF {
		return nil
	}
	if e.buf == nil {
		e.buf = make([]byte, e.size)
	}
	in := e.out + e.count
	if in >= len(e.buf) {
		in -= len(e.buf)
	}
	return e.buf[in:min(in+min(space, n), len(e.buf))]
}
