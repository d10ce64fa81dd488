package socket

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

var _ kern.File = (*Socket)(nil)

// Read receives (soo_read).
func (so *Socket) Read(l *kern.Lwp, _ *kern.OpenFile, u *kern.Uio) error {
	var in incoming
	return so.receive(l, u, &in)
}

// Write sends (soo_write).
func (so *Socket) Write(l *kern.Lwp, _ *kern.OpenFile, u *kern.Uio) error {
	return so.send(l, &outgoing{data: u})
}

// SetFlags follows O_NONBLOCK and O_ASYNC of the open file.
func (so *Socket) SetFlags(flags uint32) error {
	so.async.Store(flags&netbsd.O_ASYNC != 0)
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if so.State &^= NonBlocking; flags&netbsd.O_NONBLOCK != 0 {
		so.State |= NonBlocking
	}
	return nil
}

// Stat fills in what a socket has of a struct stat (soo_stat).
func (so *Socket) Stat(_ *kern.Lwp, st *netbsd.Stat) error {
	st.Mode = netbsd.S_IFSOCK
	return so.Proto.Stat(st)
}

// Restart wakes who sleeps on the socket.
func (so *Socket) Restart() { so.Notify(waiter.AllEvents) }

// Close ends the socket (soclose). One that is connected is disconnected first,
// and with SO_LINGER the call waits until it is. Who waits in poll(2) for
// something to read is woken, to find the descriptor gone.
func (so *Socket) Close(l *kern.Lwp) {
	if so.Is(IsConnected) {
		so.hangUp(l)
	}
	so.Proto.Close(l)
	so.Mu.Lock()
	rights := so.Rcv.flush()
	so.Mu.Unlock()
	so.Notify(waiter.ReadableEvents)
	so.Discard(l, rights)
}

func (so *Socket) hangUp(l *kern.Lwp) {
	if !so.Is(IsDisconnecting) && so.Disconnect(l) != nil {
		return
	}
	so.Mu.Lock()
	wait := so.Options&netbsd.SO_LINGER != 0 && so.State&(IsDisconnecting|NonBlocking) != IsDisconnecting|NonBlocking
	linger := ticks(int(so.Linger) * hz)
	so.Mu.Unlock()
	if wait {
		_ = l.Sleep(so, waiter.AllEvents, linger, func() bool { return !so.Is(IsConnected) }) // after a timeout it closes as well
	}
}
