package tcp

import (
	"errors"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// end takes note that e is over, once: the control block goes, and the socket
// is told (tcp_close, tcp_drop). The error is that of the endpoint, unless errno
// is not 0.
func (t *tcpcb) end(e *endpoint, errno netbsd.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ep.Load() != e {
		return
	}
	if err := e.LastError(); errno == 0 {
		errno = t.errno(err)
	}
	t.kill(errno)
}

// kill does what end says. t.mu is held.
func (t *tcpcb) kill(errno netbsd.Errno) {
	if t.dead.Load() {
		return
	}
	if e := t.ep.Load(); e != nil {
		e.stopInit()
	}
	t.pcb.Detach()
	if !t.closed {
		if errno != 0 {
			t.so.SetError(errno)
		}
		t.so.Disconnected()
	}
	t.dead.Store(true)
}

// errno returns NetBSD's name for what ended a connection. gVisor calls a reset
// differently when the peer had sent its FIN before.
func (t *tcpcb) errno(err tcpip.Error) netbsd.Errno {
	switch err.(type) {
	case nil:
		return 0
	case *tcpip.ErrAborted, *tcpip.ErrConnectionAborted:
		return netbsd.ECONNRESET
	}
	var errno netbsd.Errno
	if !errors.As(inet.Errno(err), &errno) {
		return 0
	}
	return errno
}

// ShutWrite sends a FIN, after all that was written (tcp_shutdown). Without a
// connection that is the end of the socket.
func (t *tcpcb) ShutWrite(*kern.Lwp) error {
	if err := t.alive(); err != nil {
		return err
	}
	t.so.Mark(socket.CantSendMore)
	t.finish(t.so.Is(socket.CantRcvMore))
	return nil
}

// finish is the user's end of the connection (tcp_usrclosed). With await,
// somebody waits for the peer to have the FIN.
func (t *tcpcb) finish(await bool) {
	e := t.ep.Load()
	switch s := t.state(); {
	case s <= netbsd.TCPS_SYN_SENT:
		t.mu.Lock()
		t.kill(0)
		t.mu.Unlock()
		if e != nil {
			e.Close()
		}
		return
	case s >= netbsd.TCPS_FIN_WAIT_2:
		t.so.Disconnected()
	default:
		_ = e.Shutdown(tcpip.ShutdownWrite) // fails when the connection has just ended, of which NotifyEvent tells
		if await && !e.fin.Load() {
			go t.awaitFin()
		}
	}
}

// awaitFin marks the socket as disconnected when the peer has our FIN: what
// receives nothing more does not wait for that of the peer. Of this gVisor sends
// no event.
func (t *tcpcb) awaitFin() {
	for pause := time.Millisecond; ; pause = min(2*pause, time.Second) {
		switch s := t.state(); {
		case s >= netbsd.TCPS_FIN_WAIT_2:
			t.so.Disconnected()
			return
		case s != netbsd.TCPS_FIN_WAIT_1:
			return
		}
		time.Sleep(pause)
	}
}

// ShutRead drops what has arrived, and what will (sorflush).
func (t *tcpcb) ShutRead(*kern.Lwp) error {
	t.discard.Store(true)
	if e := t.ep.Load(); e != nil && t.state() >= netbsd.TCPS_ESTABLISHED {
		e.drain()
	}
	return nil
}

// Disconnect begins to end the connection (tcp_disconnect1): with a FIN, or
// with a reset when SO_LINGER says so.
func (t *tcpcb) Disconnect(*kern.Lwp) error {
	if err := t.alive(); err != nil {
		return err
	}
	t.disconnect()
	return nil
}

func (t *tcpcb) disconnect() {
	e := t.ep.Load()
	switch {
	case t.state() < netbsd.TCPS_ESTABLISHED:
		t.finish(false)
	case t.lingerZero():
		t.reset(e)
	default:
		t.so.Disconnecting()
		t.discard.Store(true)
		t.finish(t.so.Option(netbsd.SO_LINGER))
		e.drain()
	}
}

// lingerZero tells whether closing is to throw away what was not sent.
func (t *tcpcb) lingerZero() bool {
	t.so.Mu.Lock()
	defer t.so.Mu.Unlock()
	return t.so.Options&netbsd.SO_LINGER != 0 && t.so.Linger == 0
}

// reset ends the connection with a RST (tcp_drop).
func (t *tcpcb) reset(e *endpoint) {
	t.mu.Lock()
	t.kill(0)
	t.mu.Unlock()
	e.drain()
	e.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
	e.Close()
}

// Close ends the socket (tcp_detach). The connection, and with it the control
// block, stays until the peer has agreed to its end.
func (t *tcpcb) Close(*kern.Lwp) {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	if t.alive() == nil {
		t.disconnect()
	}
	if e := t.ep.Load(); e != nil {
		e.drain() // for gVisor, data that nobody read is a reason for a reset
		e.Close()
	}
}
