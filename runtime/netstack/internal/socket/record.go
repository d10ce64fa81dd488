package socket

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Record is one datagram, or a piece of a stream.
type Record struct {
	Name    []byte           // sender; nil when the protocol has no addresses
	Rights  []*kern.OpenFile // of a SCM_RIGHTS message; nil when there is none
	Control []byte           // other control messages, each padded as CMSG_SPACE says
	Data    []byte
	End     bool // a record ends here (MSG_EOR)

	mbufs chain // of Data
}

// rightsSpace is what a SCM_RIGHTS message counts for while it waits: the kernel
// keeps pointers to files in it.
func (r *Record) rightsSpace() int {
	if r.Rights == nil {
		return 0
	}
	return cmsgSpace(8 * len(r.Rights))
}

// size is what a record counts for in a buffer.
func (r *Record) size() int {
	return len(r.Name) + r.rightsSpace() + len(r.Control) + len(r.Data)
}

// headCost is the memory of what a record has in front of its data.
func (r *Record) headCost() int {
	cost := 0
	if r.Name != nil {
		cost += mbufSize
	}
	if r.Rights != nil {
		cost += mbufSize + r.rightsSpace()
	}
	for c := r.Control; len(c) > 0; cost += mbufSize {
		_, c = nextMessage(c)
	}
	return cost
}

// dropHead takes away what is in front of the data, because somebody received
// it. so.Mu is held.
func (so *Socket) dropHead(r *Record) {
	so.Rcv.Count -= r.size() - len(r.Data)
	so.Rcv.Mbcnt -= r.headCost()
	r.Name, r.Rights, r.Control = nil, nil, nil
}

// drop takes the first record away. so.Mu is held.
func (so *Socket) drop(r *Record) {
	so.Rcv.Count -= r.size()
	so.Rcv.Mbcnt -= r.headCost() + r.mbufs.cost()
	so.pop()
}

// isEmpty tells whether there is no record.
func (so *Socket) isEmpty() bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return len(so.Rcv.Records) == 0
}

func (so *Socket) pop() {
	so.Rcv.Records[0] = nil
	if so.Rcv.Records = so.Rcv.Records[1:]; len(so.Rcv.Records) == 0 {
		so.Rcv.Records = nil
	}
}

// push appends a record that there is room for. so.Mu is held.
func (so *Socket) push(r *Record) {
	so.Rcv.Records = append(so.Rcv.Records, r)
	so.Rcv.Count += r.size()
	so.Rcv.Mbcnt += r.headCost() + r.mbufs.cost()
}

// Deliver appends a datagram for the receiver and wakes it (sbappendaddr). It
// returns false when the buffer has no room, which SO_OVERFLOWED counts, or
// the socket takes no more; the caller still owns r then.
func (so *Socket) Deliver(r *Record) bool {
	if r.mbufs == nil {
		r.mbufs = packet(len(r.Data), len(r.Data)+clusterSize)
	}
	so.Mu.Lock()
	if so.State&CantRcvMore != 0 || r.size() > so.Rcv.Space() {
		so.Rcv.Overflowed++
		so.Mu.Unlock()
		return false
	}
	so.push(r)
	so.Mu.Unlock()
	so.Notify(waiter.ReadableEvents)
	return true
}

// Append adds data to a socket whose buffer the sender watches over: a record
// of its own if it has a head or the protocol is of records, and otherwise
// more of the stream. space is what the sender had free. It fails with ENOBUFS,
// and r still belongs to the caller, when a record with a head does not fit.
func (so *Socket) Append(r *Record, space int) error {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if so.Flags&Atomic != 0 {
		for i, m := range packet(len(r.Data), space) {
			if i == 0 {
				r.mbufs = chain{m}
				continue
			}
			r.mbufs.add(m)
		}
	} else {
		r.mbufs = chain{piece(len(r.Data), space)}
	}
	switch {
	case r.Rights != nil || r.Control != nil:
		if r.size() > so.Rcv.Space() {
			return netbsd.ENOBUFS
		}
		so.push(r)
	case so.Flags&Atomic != 0:
		so.push(r)
	default:
		so.extend(r)
	}
	return nil
}

// extend adds the one mbuf of r to a stream (sbappend). so.Mu is held.
func (so *Socket) extend(r *Record) {
	n := len(so.Rcv.Records)
	if n == 0 || so.Rcv.Records[n-1].End {
		if len(r.Data) > 0 || r.End {
			so.push(r)
		}
		return
	}
	last := so.Rcv.Records[n-1]
	last.Data = append(last.Data, r.Data...)
	last.End = r.End
	so.Rcv.Count += len(r.Data)
	so.Rcv.Mbcnt += last.mbufs.add(r.mbufs[0])
}

// Piece returns how many of n bytes a stream's sender passes on at once, when
// it has space bytes free.
func Piece(n, space int) int { return piece(n, space).n }
