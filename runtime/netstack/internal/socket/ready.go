package socket

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// The events of poll(2) that a socket can have. There are no POLLERR and POLLHUP:
// an error makes a socket readable and writable.
const (
	readEvents   = netbsd.POLLIN | netbsd.POLLRDNORM
	writeEvents  = netbsd.POLLOUT | netbsd.POLLWRNORM
	urgentEvents = netbsd.POLLPRI | netbsd.POLLRDBAND
)

// Readiness returns which of the events of mask there are (sopoll).
func (so *Socket) Readiness(mask waiter.EventMask) waiter.EventMask {
	buffered, space, pending := so.levels()
	so.Mu.Lock()
	defer so.Mu.Unlock()
	var ready waiter.EventMask
	if buffered >= so.Rcv.Lowat || so.State&CantRcvMore != 0 || pending != 0 || so.errno != 0 {
		ready |= readEvents
	}
	if space >= so.Snd.Lowat && (so.State&IsConnected != 0 || so.Flags&ConnRequired == 0) ||
		so.State&CantSendMore != 0 || so.errno != 0 {
		ready |= writeEvents
	}
	if so.OOBMark != 0 || so.State&RcvAtMark != 0 {
		ready |= urgentEvents
	}
	return ready & mask
}

// levels returns how much can be received and sent, and how many connections
// wait to be accepted.
func (so *Socket) levels() (buffered, space, pending int) {
	if st, ok := so.Proto.(Stream); ok {
		return st.Buffered(), st.Space(), so.Proto.Pending()
	}
	pending = so.Proto.Pending()
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.Rcv.Count, so.Snd.Space(), pending
}

// space returns how much can be sent.
func (so *Socket) space() int {
	if st, ok := so.Proto.(Stream); ok {
		return st.Space()
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.Snd.Space()
}

// Filter returns the evaluator of EVFILT_READ or EVFILT_WRITE.
func (so *Socket) Filter(filter uint32) (kern.Filter, error) {
	switch filter {
	case netbsd.EVFILT_READ:
		if so.Option(netbsd.SO_ACCEPTCONN) {
			return so.listenFilter, nil
		}
		return so.readFilter, nil
	case netbsd.EVFILT_WRITE:
		return so.writeFilter, nil
	}
	return nil, netbsd.EINVAL
}

func (so *Socket) listenFilter(kn *kern.Knote) bool {
	kn.Data = int64(so.Proto.Pending())
	return kn.Data > 0
}

func (so *Socket) readFilter(kn *kern.Knote) bool {
	buffered, _, _ := so.levels()
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.fires(kn, buffered, CantRcvMore, so.Rcv.Lowat)
}

func (so *Socket) writeFilter(kn *kern.Knote) bool {
	_, space, _ := so.levels()
	so.Mu.Lock()
	defer so.Mu.Unlock()
	connected := so.State&IsConnected != 0 || so.Flags&ConnRequired == 0
	if !connected && so.State&CantSendMore == 0 && so.errno == 0 {
		kn.Data = int64(space)
		return false
	}
	return so.fires(kn, space, CantSendMore, so.Snd.Lowat)
}

// fires sets data to how much can be moved, and tells whether that is enough,
// or there is an error or, with the bit eof of the state, an end. so.Mu is held.
func (so *Socket) fires(kn *kern.Knote, data int, eof State, lowat int) bool {
	kn.Data = int64(data)
	switch {
	case so.State&eof != 0:
		kn.Flags |= netbsd.EV_EOF
		kn.Fflags = uint32(so.errno)
		return true
	case so.errno != 0:
		return true
	case kn.Sfflags&netbsd.NOTE_LOWAT != 0:
		return kn.Data >= kn.Sdata
	}
	return data >= lowat
}

// EventRegister adds an entry that is told of events.
func (so *Socket) EventRegister(e *waiter.Entry) error {
	so.Queue.EventRegister(e)
	return nil
}
