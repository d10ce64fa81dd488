package sockin

import (
	"bytes"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A datagram is UDP's part of a socket.
type datagram struct {
	pcb

	room    atomic.Bool // the host may take a datagram
	stalled atomic.Bool // held waits for room
	closed  atomic.Bool

	fetching sync.Mutex
	held     *socket.Record // there is no room for it yet
	message  hypercall.SocketMessage
}

var _ socket.Fetcher = (*datagram)(nil)

// maxName and maxControl are what a datagram may come with.
const (
	maxName    = netbsd.SizeofSockaddrStorage
	maxControl = 4096
)

func attachDatagram(host hypercall.Sockets, so *socket.Socket) (socket.Protocol, error) {
	h, err := open(host, so)
	if err != nil {
		return nil, err
	}
	d := &datagram{pcb: pcb{so: so, host: h}}
	d.message = hypercall.SocketMessage{Name: make([]byte, 0, maxName), Control: make([]byte, 0, maxControl)}
	for _, name := range []int32{netbsd.SO_SNDBUF, netbsd.SO_RCVBUF} {
		if err := h.SetOption(netbsd.SOL_SOCKET, name, socket.IntValue(bufferSize)); err != nil {
			_ = h.Close()
			return nil, err
		}
	}
	if err := h.Watch(d.event); err != nil {
		_ = h.Close()
		return nil, err
	}
	return d, nil
}

// event fetches what has arrived, and wakes who waits to send.
func (d *datagram) event(ev hypercall.SocketEvents) {
	if ev&hypercall.SocketWritable != 0 {
		d.room.Store(true)
		d.so.Notify(waiter.WritableEvents)
	}
	if ev&(hypercall.SocketReadable|hypercall.SocketFailed) != 0 {
		d.Fetch()
	}
}

// Received goes on fetching when there is room again.
func (d *datagram) Received(*kern.Lwp) {
	if d.stalled.Load() {
		d.Fetch()
	}
}

// Fetch puts datagrams into the socket's buffer while there is room. The others wait
// in the host's, which drops what it has no room for. An error of an earlier datagram
// comes the same way, and is for the next call.
func (d *datagram) Fetch() {
	d.fetching.Lock()
	defer d.fetching.Unlock()
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	for range 64 { // the turn of other sockets comes then
		if d.so.Is(socket.CantRcvMore) || d.closed.Load() || !d.deliver() {
			return
		}
		n, err := d.host.ReceiveFrom(b[:], &d.message)
		switch errno := hypercall.Errno(err); errno {
		case 0:
			d.held = &socket.Record{Name: bytes.Clone(d.message.Name), Data: bytes.Clone(b[:n])}
			if len(d.message.Control) > 0 {
				d.held.Control = bytes.Clone(d.message.Control)
			}
		case netbsd.EWOULDBLOCK, netbsd.EBADF:
			return
		default:
			d.so.SetError(errno)
		}
	}
	_ = d.host.Rearm() // fails when it is closed
}

// deliver puts what is held into the socket's buffer. It returns false when that
// has to wait for room, of which Received tells. What would never fit is lost.
func (d *datagram) deliver() bool {
	if d.held == nil {
		return true
	}
	d.stalled.Store(true) // from here on Received comes to look
	if !d.fits(d.held) {
		return false
	}
	d.stalled.Store(false)
	d.so.Deliver(d.held) // counts it when it is lost
	d.held = nil
	return true
}

func (d *datagram) fits(r *socket.Record) bool {
	d.so.Mu.Lock()
	defer d.so.Mu.Unlock()
	return len(d.so.Rcv.Records) == 0 || len(r.Name)+len(r.Control)+len(r.Data) <= d.so.Rcv.Space()
}

// Connect sets where datagrams go and come from.
func (d *datagram) Connect(_ *kern.Lwp, name []byte) error {
	if err := d.checkPeer(name); err != nil {
		return err
	}
	if err := d.host.Connect(name); err != nil {
		return err
	}
	d.so.Connected()
	return nil
}

// Disconnect undoes that.
func (d *datagram) Disconnect(*kern.Lwp) error {
	if err := d.host.Disconnect(); err != nil {
		return err
	}
	d.so.Unmark(socket.IsConnected)
	return nil
}

// Send sends a datagram. It waits for room only on the host.
func (d *datagram) Send(l *kern.Lwp, m *socket.Outgoing) error {
	if m.Name != nil {
		if d.so.Is(socket.IsConnected) {
			return netbsd.EISCONN
		}
		if err := d.checkPeer(m.Name); err != nil {
			return err
		}
	}
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	size := m.Data.Resid
	if size > len(b) {
		return netbsd.EMSGSIZE
	}
	n, err := m.Data.Peek(b[:size])
	if n < size {
		return err
	}
	for {
		d.room.Store(false)
		_, err := d.host.Send(b[:n], m.Name, m.Control, m.Flags&netbsd.MSG_DONTROUTE)
		if err == nil {
			m.Data.Skip(n)
		}
		if hypercall.Errno(err) != netbsd.EWOULDBLOCK || d.so.Is(socket.NonBlocking) || m.Flags&netbsd.MSG_NBIO != 0 {
			return err
		}
		if err := l.Sleep(d.so, waiter.AllEvents, 0, d.room.Load); err != nil {
			return err
		}
	}
}

// SendOOB fails: there is no urgent datagram.
func (d *datagram) SendOOB(*kern.Lwp, *socket.Outgoing) error { return netbsd.EOPNOTSUPP }

// ShutWrite ends sending.
func (d *datagram) ShutWrite(*kern.Lwp) error {
	d.so.Mark(socket.CantSendMore)
	return d.shutdown(netbsd.SHUT_WR)
}

// ShutRead ends receiving.
func (d *datagram) ShutRead(*kern.Lwp) error { return d.shutdown(netbsd.SHUT_RD) }

// Close ends the socket.
func (d *datagram) Close(*kern.Lwp) {
	d.closed.Store(true)
	_ = d.host.Close()
}
