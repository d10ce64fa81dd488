package socket

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// incoming is what a receiver wants besides the data, and gets.
type incoming struct {
	flags       int32 // MSG_*: of the call, and then those of the message as well
	wantControl bool
	name        []byte
	control     [][]byte // messages
}

// A verdict says how a receive goes on.
type verdict uint8

// The call returns, waits until the socket changes, begins once more, or takes
// what there is.
const (
	done verdict = iota
	wait
	again
	take
)

// receive moves data that came in to u (soreceive): one record, or as much of a
// stream as there is or, with MSG_WAITALL, as is asked for.
func (so *Socket) receive(l *kern.Lwp, u *kern.Uio, in *incoming) error {
	if in.flags&netbsd.MSG_OOB != 0 {
		return so.Proto.ReceiveOOB(l, u, in.flags&netbsd.MSG_PEEK != 0)
	}
	t := transfer{so: so, l: l, u: u, in: *in, flags: in.flags &^ netbsd.MSG_EOR, asked: u.Resid}
	err := t.run()
	*in = t.in
	return err
}

func (t *transfer) run() error {
	so, l, u := t.so, t.l, t.u
	for {
		if err := so.lock(l, &so.Rcv, t.flags); err != nil {
			return err
		}
		v, err := t.once()
		timeout := so.unlock(&so.Rcv)
		switch v {
		case again:
			if l.Interrupted() {
				return netbsd.EINTR
			}
			continue
		case done:
			return err
		}
		err = l.Sleep(so, waiter.AllEvents, timeout, func() bool {
			v, _ := so.receivable(t.flags, u.Resid, false)
			return v != wait
		})
		if err != nil {
			return err
		}
	}
}

// receivable checks what a receiver who wants resid bytes is to do. Only with
// clear is an error that waits on the socket taken away.
func (so *Socket) receivable(flags int32, resid int, clear bool) (verdict, error) {
	st, isStream := so.Proto.(Stream)
	buffered := 0
	if isStream {
		buffered = so.buffered(st, flags)
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if isStream && buffered == 0 && so.State&CantRcvMore != 0 {
		// The end may have come after the last bytes, and they after the
		// look at what there is.
		so.Mu.Unlock()
		buffered = st.Buffered()
		so.Mu.Lock()
	}
	some, end := buffered > 0, false
	if !isStream {
		buffered = so.Rcv.Count
		if some = len(so.Rcv.Records) > 0; some {
			end = so.Rcv.Records[0].End || len(so.Rcv.Records) > 1
		}
	}
	if some && !so.wantsMore(flags, resid, buffered, end) {
		return take, nil
	}
	switch {
	case so.errno != 0 || so.State&CantRcvMore != 0:
		if some {
			return take, nil
		}
		if so.errno == 0 {
			return done, nil
		}
		errno := so.errno
		if clear && flags&netbsd.MSG_PEEK == 0 {
			so.errno = 0
		}
		return done, errno
	case so.State&(IsConnected|IsConnecting) == 0 && so.Flags&ConnRequired != 0:
		return done, netbsd.ENOTCONN
	case resid == 0:
		return done, nil
	case so.State&NonBlocking != 0 || flags&(netbsd.MSG_DONTWAIT|netbsd.MSG_NBIO) != 0:
		return done, netbsd.EWOULDBLOCK
	}
	return wait, nil
}

// buffered counts the bytes of a stream that can be received: to who takes any, it
// is enough that there may be some.
func (so *Socket) buffered(st Stream, flags int32) int {
	if p, ok := st.(Prober); ok && flags&(netbsd.MSG_PEEK|netbsd.MSG_WAITALL) == 0 && p.MayRead() {
		so.Mu.Lock()
		lowat := so.Rcv.Lowat
		so.Mu.Unlock()
		if lowat <= 1 {
			return 1
		}
	}
	return st.Buffered()
}

// wantsMore tells whether a receiver waits although something is there: on a
// stream, when there is less than the low-water mark or, with MSG_WAITALL, than
// the buffer can hold of what is asked for. Nobody waits beyond the end of a
// record. so.Mu is held.
func (so *Socket) wantsMore(flags int32, resid, buffered int, end bool) bool {
	if so.Flags&Atomic != 0 || end || flags&netbsd.MSG_DONTWAIT != 0 || buffered >= resid {
		return false
	}
	return buffered < so.Rcv.Lowat || flags&netbsd.MSG_WAITALL != 0 && resid <= so.Rcv.Hiwat
}
