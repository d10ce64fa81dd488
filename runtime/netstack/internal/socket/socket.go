package socket

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Socket is what all families' sockets have (struct socket). It is the open
// file as well. Domain, Type, Protocol and Flags do not change, and Proto is set
// before others see the socket.
type Socket struct {
	waiter.Queue

	Domain   int32
	Type     int32
	Protocol int32
	Proto    Protocol
	Flags    Flags
	Cred     *kern.Cred // of who made it

	layer *Layer
	procs *kern.Procs
	async atomic.Bool // O_ASYNC
	owner kern.Owner  // who gets SIGIO

	Mu      sync.Mutex
	Options int32 // SO_* that are on or off
	Linger  int32 // seconds, when SO_LINGER is on
	State   State
	Snd     Buffer
	Rcv     Buffer
	Backlog int          // so_qlimit
	OOBMark int          // bytes before the urgent one; 0: there is none ahead
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
)

// Notify wakes who waits for one of the events, and with O_ASYNC sends the owner
// SIGIO (sowakeup). so.Mu is not held.
func (so *Socket) Notify(mask waiter.EventMask) {
	so.Queue.Notify(mask)
	if so.async.Load() {
		for _, events := range [...]waiter.EventMask{waiter.ReadableEvents, waiter.WritableEvents} {
			if mask&events != 0 {
				so.signal(netbsd.SIGIO)
			}
		}
	}
}

// Urgent tells that urgent data came in (sohasoutofband). so.Mu is not held.
func (so *Socket) Urgent() {
	so.Queue.Notify(urgentEvents)
	so.signal(netbsd.SIGURG)
}

func (so *Socket) signal(sig netbsd.Signal) {
	if so.procs != nil {
		so.owner.Signal(so.procs, sig)
	}
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

// Refused marks so as no longer about to be connected, with the reason.
func (so *Socket) Refused(errno netbsd.Errno) {
	so.Mu.Lock()
	so.State &^= IsConnecting
	so.errno = errno
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// Disconnecting marks so as about to be disconnected: nothing more will come
// or can be sent.
func (so *Socket) Disconnecting() {
	so.Mu.Lock()
	so.State = so.State&^IsConnecting | IsDisconnecting | CantSendMore | CantRcvMore
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// Disconnected marks so as having been connected: nothing more will come or
// can be sent.
func (so *Socket) Disconnected() {
	so.Mu.Lock()
	so.State = so.State&^(IsConnected|IsConnecting|IsDisconnecting) | IsDisconnected | CantSendMore | CantRcvMore
	so.Mu.Unlock()
	so.Notify(waiter.AllEvents)
}

// Mark sets bits of the state, such as CantRcvMore, and wakes who waits for that.
func (so *Socket) Mark(bits State) {
	so.Mu.Lock()
	so.State |= bits
	so.Mu.Unlock()
	mask := waiter.AllEvents
	switch bits {
	case CantRcvMore:
		mask = waiter.ReadableEvents
	case CantSendMore:
		mask = waiter.WritableEvents
	}
	so.Notify(mask)
}

// Unmark clears bits of the state.
func (so *Socket) Unmark(bits State) {
	so.Mu.Lock()
	so.State &^= bits
	so.Mu.Unlock()
}

// Is tells whether one of the bits of the state is set.
func (so *Socket) Is(bits State) bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.State&bits != 0
}

// Option tells whether an option of SOL_SOCKET is on.
func (so *Socket) Option(bit int32) bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.Options&bit != 0
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
	return so.takeError()
}

// takeError is TakeError with so.Mu held.
func (so *Socket) takeError() netbsd.Errno {
	errno := so.errno
	so.errno = 0
	return errno
}
