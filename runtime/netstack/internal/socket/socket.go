package socket

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Socket is what all families' sockets have (struct socket). Type, Protosw
// and Protocol do not change.
type Socket struct {
	waiter.Queue

	Domain   int32
	Type     int32
	Protocol int32
	Proto    Protocol
	Flags    Flags
	Cred     *kern.Cred // of who made it

	Mu      sync.Mutex
	Options int32 // SO_* that are on or off
	Linger  netbsd.Linger
	State   State
	Snd     Buffer
	Rcv     Buffer
	Backlog int           // so_qlimit
	errno   netbsd.Errno // so_error
}

// State are the bits of so_state.
type State uint16

// The bits of sys/socketvar.h, with its values.
const (
	IsConnected     State = netbsd.SS_ISCONNECTED
	IsConnecting    State = netbsd.SS_ISCONNECTING
	IsDisconnecting State = netbsd.SS_ISDISCONNECTING
	CantSendMore    State = netbsd.SS_CANTSENDMORE
	CantRcvMore     State = netbsd.SS_CANTRCVMORE
	RcvAtMark       State = netbsd.SS_RCVATMARK
	IsDisconnected  State = netbsd.SS_ISDISCONNECTED
	NonBlocking     State = netbsd.SS_NBIO
	Async           State = 0x4000 // SS_ASYNC
)

// A Buffer is one direction of a socket (struct sockbuf). For a [Stream] only
// the limits count, and Records stays empty.
type Buffer struct {
	Hiwat   int           // bytes it may hold (SO_RCVBUF, SO_SNDBUF)
	Lowat   int           // bytes that make it ready (SO_RCVLOWAT, SO_SNDLOWAT)
	Timeout time.Duration // of a blocked call; 0: none

	Records []*Record
	Count   int // bytes the records count for, addresses and control data included
}

// A Record is one datagram, or a piece of a stream.
type Record struct {
	Name    []byte // sender; nil when the protocol has no addresses
	Control []byte // control messages, each padded as CMSG_SPACE says
	Rights  []*kern.OpenFile
	Data    []byte
	End     bool  // a record ends here (MSG_EOR)
	Flags   int32 // MSG_BCAST, MSG_MCAST
}

// Connected marks so as connected and wakes who waits for that.
func (so *Socket) Connected() {
	so.Mu.Lock()
	so.State = so.State&^(IsConnecting|IsDisconnecting) | IsConnected
	so.Mu.Unlock()
	so.Notify(waiter.ReadableEvents | waiter.WritableEvents)
}

// Connecting marks so as about to be connected.
func (so *Socket) Connecting() {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	so.State = so.State&^(IsConnected|IsDisconnecting) | IsConnecting
}

// Disconnected marks so as having been connected: nothing more will come or
// can be sent.
func (so *Socket) Disconnected() {
	so.Mu.Lock()
	so.State = so.State&^(IsConnected|IsConnecting|IsDisconnecting) | IsDisconnected | CantSendMore | CantRcvMore
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// Mark sets bits of the state, such as CantRcvMore, and wakes everybody.
func (so *Socket) Mark(bits State) {
	so.Mu.Lock()
	so.State |= bits
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// SetError leaves an error for the next call and wakes who waits.
func (so *Socket) SetError(errno netbsd.Errno) {
	so.Mu.Lock()
	so.errno = errno
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// TakeError returns the error that SetError left, 0 when there is none, and
// clears it.
func (so *Socket) TakeError() netbsd.Errno {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	errno := so.errno
	so.errno = 0
	return errno
}

// size is what a record counts for in a buffer.
func (r *Record) size() int { return len(r.Name) + len(r.Control) + len(r.Data) }

// Deliver appends a record for the receiver and wakes it. It returns false,
// and does nothing, when the buffer has no room or the socket takes no more
// (sbappendaddr).
func (so *Socket) Deliver(r *Record) bool {
	so.Mu.Lock()
	if so.State&CantRcvMore != 0 || so.Rcv.Count+r.size() > so.Rcv.Hiwat {
		so.Mu.Unlock()
		return false
	}
	so.Rcv.Records = append(so.Rcv.Records, r)
	so.Rcv.Count += r.size()
	so.Mu.Unlock()
	so.Notify(waiter.ReadableEvents)
	return true
}
