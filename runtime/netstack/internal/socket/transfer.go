package socket

import (
	"bytes"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A transfer is a receive call under way. It has the receive buffer locked.
type transfer struct {
	so    *Socket
	l     *kern.Lwp
	u     *kern.Uio
	in    incoming // a copy, so that the caller's need not be allocated
	flags int32
	asked int  // bytes the call wants; 0 when it has got something else already
	cut   bool // waiting for more of it was in vain
}

func (t *transfer) peek() bool { return t.flags&netbsd.MSG_PEEK != 0 }

// once takes what there is, which may turn out to be nothing.
func (t *transfer) once() (verdict, error) {
	so := t.so
	if f, ok := so.Proto.(Fetcher); ok && so.isEmpty() {
		f.Fetch()
	}
	v, err := so.receivable(t.flags, t.u.Resid, true)
	if v != take {
		return v, err
	}
	if st, ok := so.Proto.(Stream); ok {
		err = t.stream(st)
	} else {
		err = t.records()
	}
	if !t.peek() && so.Flags&WantRcvd != 0 {
		so.Proto.Received(t.l)
	}
	switch {
	case err != nil || t.cut:
		return done, err
	case t.asked == t.u.Resid && t.asked != 0 && t.flags&netbsd.MSG_EOR == 0 && !t.peek() && !t.atEnd():
		return again, nil // an empty record; NetBSD looks at one for ever
	}
	t.in.flags |= t.flags
	return done, nil
}

// atEnd tells whether nothing was taken because there is nothing more. A stream that
// was only probed may have got its last bytes and its end meanwhile: that has to be
// looked at again.
func (t *transfer) atEnd() bool {
	if _, probed := t.so.Proto.(Prober); probed {
		return false
	}
	return t.so.Is(CantRcvMore)
}

// stream takes bytes that the protocol keeps, up to the urgent mark.
func (t *transfer) stream(st Stream) error {
	for t.u.Resid > 0 {
		n, err := st.ReadStream(t.u, t.upToMark(), t.peek())
		if n > 0 && t.pastMark(n) || err != nil || t.peek() {
			return err
		}
		if t.u.Resid > 0 && n > 0 && st.Buffered() > 0 {
			continue
		}
		if t.u.Resid == 0 || t.flags&netbsd.MSG_WAITALL == 0 || t.ended() {
			return nil
		}
		if !t.await(func() bool { return st.Buffered() > 0 || t.ended() }) {
			return nil
		}
	}
	return nil
}

// upToMark returns how many bytes may be taken at once.
func (t *transfer) upToMark() int {
	t.so.Mu.Lock()
	defer t.so.Mu.Unlock()
	if m := t.so.OOBMark; m > 0 {
		return min(m, t.u.Resid)
	}
	return t.u.Resid
}

// pastMark counts n bytes that were taken, and reports whether a mark is reached.
func (t *transfer) pastMark(n int) bool {
	so := t.so
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if !t.peek() {
		so.State &^= RcvAtMark
	}
	if so.OOBMark == 0 {
		return false
	}
	if t.peek() {
		return n == so.OOBMark
	}
	if so.OOBMark -= n; so.OOBMark <= 0 {
		so.OOBMark = 0
		so.State |= RcvAtMark
		return true
	}
	return false
}

// ended tells that nothing more will come.
func (t *transfer) ended() bool {
	t.so.Mu.Lock()
	defer t.so.Mu.Unlock()
	return t.so.errno != 0 || t.so.State&CantRcvMore != 0
}

// await waits for more of a stream of which something was taken. That it does
// not come is no error.
func (t *transfer) await(more func() bool) bool {
	if t.so.Flags&WantRcvd != 0 {
		t.so.Proto.Received(t.l)
	}
	t.so.Mu.Lock()
	timeout := t.so.Rcv.patience()
	t.so.Mu.Unlock()
	t.cut = t.l.Sleep(t.so, waiter.AllEvents, timeout, more) != nil
	return !t.cut
}

// records takes one record, or what is in the records of a stream.
func (t *transfer) records() error {
	so := t.so
	so.Mu.Lock()
	if len(so.Rcv.Records) == 0 { // shut down since
		so.Mu.Unlock()
		t.cut = true
		return nil
	}
	r := so.Rcv.Records[0]
	head := *r
	if !t.peek() {
		so.dropHead(r)
	}
	so.Mu.Unlock()
	if err := t.head(&head); err != nil {
		t.rest(r)
		return err
	}
	for {
		var whole bool
		var err error
		if t.u.Resid > 0 {
			whole, err = t.data(r)
		}
		if !whole && (err == nil || head.Name != nil) {
			t.rest(r)
		}
		if err != nil || !whole {
			return err
		}
		if r = t.next(); r == nil {
			return nil
		}
	}
}

// rest drops what the receiver does not take of a datagram.
func (t *transfer) rest(r *Record) {
	so := t.so
	if so.Flags&Atomic == 0 {
		return
	}
	t.flags |= netbsd.MSG_TRUNC
	if !t.peek() {
		so.Mu.Lock()
		so.drop(r)
		so.Mu.Unlock()
	}
}

// head takes what comes in front of the data.
func (t *transfer) head(r *Record) error {
	if t.so.Flags&Addr != 0 {
		t.in.name = r.Name
		t.asked = 0
	}
	if r.Rights == nil && r.Control == nil {
		return nil
	}
	t.asked = 0
	var err error
	if r.Rights != nil {
		switch {
		case t.peek():
			t.message(r.peekRights())
		case t.in.wantControl:
			var m []byte
			m, err = t.so.externalize(t.l, r.Rights, t.flags)
			t.message(m)
		default:
			t.so.Discard(t.l, r.Rights)
		}
	}
	for c := r.Control; len(c) > 0; {
		var m []byte
		m, c = nextMessage(c)
		t.message(bytes.Clone(m))
	}
	return err
}

func (t *transfer) message(m []byte) {
	if t.in.wantControl {
		t.in.control = append(t.in.control, m)
	}
}

// data takes bytes of r, and reports whether those were the last ones.
func (t *transfer) data(r *Record) (whole bool, err error) {
	so := t.so
	so.Mu.Lock()
	data := r.Data
	so.Mu.Unlock()
	n := min(len(data), t.u.Resid)
	before := t.u.Resid
	_, err = t.u.Write(data[:n])
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if err != nil {
		if so.Flags&Atomic == 0 && !t.peek() {
			so.eat(r, r.mbufs.whole(before-t.u.Resid))
		}
		return false, err
	}
	whole = n == len(data)
	if whole && r.End {
		t.flags |= netbsd.MSG_EOR
	}
	if !t.peek() {
		if so.eat(r, n); whole && len(r.Data) == 0 {
			so.pop()
		}
	}
	return whole, nil
}

// eat takes the first n bytes of a record away. so.Mu is held.
func (so *Socket) eat(r *Record, n int) {
	r.Data = r.Data[n:]
	so.Rcv.Count -= n
	so.Rcv.Mbcnt -= r.mbufs.eat(n)
}

// next waits for more of a stream when MSG_WAITALL asks for that, and returns
// the record it is in: nil when there is nothing to wait for.
func (t *transfer) next() *Record {
	so := t.so
	if t.flags&netbsd.MSG_WAITALL == 0 || t.flags&netbsd.MSG_EOR != 0 || t.peek() || t.u.Resid == 0 || so.Flags&Atomic != 0 {
		return nil
	}
	var r *Record
	first := func() bool {
		so.Mu.Lock()
		defer so.Mu.Unlock()
		if len(so.Rcv.Records) > 0 {
			r = so.Rcv.Records[0]
			return true
		}
		return so.errno != 0 || so.State&CantRcvMore != 0
	}
	if !first() {
		if !t.await(first) {
			return nil
		}
	} else if r != nil { // the next record was there already
		return nil
	}
	if r != nil && (r.Rights != nil || r.Control != nil) {
		return nil
	}
	return r
}
