package sysproxy

import (
	"net"
	"sync"
	"syscall"
)

// An outbox sends frames whole, one after the other, for goroutines that run
// at once. Whoever comes while another is sending leaves its frames to that one.
type outbox struct {
	conn  net.Conn
	raw   syscall.RawConn // nil: not known
	write func(fd uintptr) bool

	mu      sync.Mutex
	drained sync.Cond // over mu: pending has become short
	pending []byte    // frames not sent yet
	spare   []byte    // an empty buffer
	sending bool
	written int   // what write wrote
	err     error // of a write; nothing is sent any more
}

// pendingMax is how much may be pending before those who can wait do. crowded
// is how much may be when those who cannot still add to it.
const (
	pendingMax = 256 << 10
	crowded    = 4 << 20
)

func newOutbox(conn net.Conn) *outbox {
	o := &outbox{conn: conn, raw: rawConn(conn)}
	o.drained.L = &o.mu
	o.write = func(fd uintptr) bool {
		o.written = writeNow(fd, o.pending) // an error comes again, in flush
		return true
	}
	return o
}

// send sends a frame. Its body is the parts; the header's length is set here.
func (o *outbox) send(h header, parts ...[]byte) error { return o.add(nil, true, h, parts) }

// put is send for a frame that need not leave before another one does. Before it
// waits for the other side to read, it calls aside.
func (o *outbox) put(aside func(), h header, parts ...[]byte) error {
	return o.add(aside, false, h, parts)
}

// sendOr is send that calls aside before it waits for the other side to read.
func (o *outbox) sendOr(aside func(), h header, parts ...[]byte) error {
	return o.add(aside, true, h, parts)
}

// add adds a frame, and sees to it that all leaves when it is to leave now. Before
// it waits it calls aside, when there is one, without the lock.
func (o *outbox) add(aside func(), now bool, h header, parts [][]byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.sending && len(o.pending) > pendingMax && o.err == nil {
		if aside = o.call(aside); o.sending {
			o.drained.Wait()
		}
	}
	if o.err != nil {
		return o.err
	}
	o.append(h, parts)
	if o.sending || !now && len(o.pending) < readBuffer {
		return nil
	}
	o.sending = true
	if aside != nil {
		if o.try(); len(o.pending) > 0 {
			o.call(aside)
		}
	}
	o.flush()
	return o.err
}

// call calls a function without the lock, and returns the one to call next.
func (o *outbox) call(aside func()) func() {
	if aside != nil {
		o.mu.Unlock()
		aside()
		o.mu.Lock()
	}
	return nil
}

// post is send for who must not wait: the goroutine that reads the connection,
// since the other side may not read before it was read. Nothing is added to more
// than limit bytes that are pending: it reports whether there was room.
func (o *outbox) post(limit int, h header, parts ...[]byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil || len(o.pending) > limit {
		return false
	}
	o.append(h, parts)
	if o.sending {
		return true
	}
	o.sending = true
	if o.try(); len(o.pending) == 0 {
		o.sending = false
		o.drained.Broadcast()
		return true
	}
	go func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.flush()
	}()
	return true
}

// try writes as much of what is pending as the connection takes at once. The
// caller has locked mu and set sending.
func (o *outbox) try() {
	if o.raw == nil {
		return
	}
	o.written = 0
	if _ = o.raw.Write(o.write); o.written > 0 {
		o.pending = o.pending[:copy(o.pending, o.pending[o.written:])]
	}
}

func (o *outbox) append(h header, parts [][]byte) {
	h.length = headerSize
	for _, p := range parts {
		h.length += uint64(len(p))
	}
	o.pending = h.append(o.pending)
	for _, p := range parts {
		o.pending = append(o.pending, p...)
	}
}

// flush writes what is pending, and what others add meanwhile. The caller has
// locked mu and set sending.
func (o *outbox) flush() {
	for len(o.pending) > 0 && o.err == nil {
		b := o.pending
		o.pending, o.spare = o.spare[:0], nil
		o.mu.Unlock()
		_, err := o.conn.Write(b)
		o.mu.Lock()
		if o.spare = nil; cap(b) <= keep {
			o.spare = b[:0]
		}
		if err != nil {
			o.err = err
		}
		o.drained.Broadcast()
	}
	o.sending = false
	o.drained.Broadcast()
}

// finish sends what is pending, and returns when nobody is sending.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.sending {
		o.drained.Wait()
	}
	o.sending = true
	o.flush()
}
