package tcp

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Buffered counts the bytes that can be read.
func (t *tcpcb) Buffered() int {
	e := t.ep.Load()
	if e == nil || t.discard.Load() {
		return 0
	}
	n, _ := received(e.Endpoint)
	if t.urgent.active.Load() {
		n -= t.urgent.skipped(n)
	}
	return n
}

// Space counts the bytes that can be written. The buffer of a socket that did
// not ask for a size grows (SB_AUTOSIZE); that is seen only when it would be full.
func (t *tcpcb) Space() int {
	t.so.Mu.Lock()
	hiwat, lowat := t.so.Snd.Hiwat, t.so.Snd.Lowat
	t.so.Mu.Unlock()
	e := t.ep.Load()
	if e == nil {
		return hiwat
	}
	used := unacknowledged(e.Endpoint)
	space := hiwat - used
	if space >= lowat {
		return space
	}
	if room := int(e.SocketOptions().GetSendBufferSize()) - used; room > space {
		return room
	}
	if 2*lowat > hiwat {
		t.awaitSpace(e, lowat)
	}
	return space
}

// Unsent counts the bytes that the peer has not acknowledged.
func (t *tcpcb) Unsent() int {
	if e := t.ep.Load(); e != nil {
		return unacknowledged(e.Endpoint)
	}
	return 0
}

// ReadStream moves at most n bytes that have arrived to u.
func (t *tcpcb) ReadStream(u *kern.Uio, n int, peek bool) (int, error) {
	e := t.ep.Load()
	n = min(n, u.Resid)
	if e == nil || n <= 0 || t.discard.Load() {
		return 0, nil
	}
	if t.urgent.active.Load() {
		return t.readUrgent(e, u, n, peek)
	}
	return t.read(e, u, n, peek)
}

// read copies without the endpoint's lock, as a caller's memory may take its
// time: first it looks what there is, and in the end it takes what was copied.
// In between nobody else takes anything, since receivers take turns.
func (t *tcpcb) read(e *endpoint, u *kern.Uio, n int, peek bool) (int, error) {
	v := views.Get().(*view)
	defer v.release()
	v.left = n
	if _, terr := e.Read(v, tcpip.ReadOptions{Peek: true}); terr != nil {
		return 0, t.readError(e, terr)
	}
	moved := 0
	var err error
	for _, p := range v.pieces {
		n, werr := u.Write(p)
		if moved += n; werr != nil {
			err = werr
			break
		}
	}
	if moved == 0 || peek {
		return moved, err
	}
	v.left, v.taken = moved, true
	if _, terr := e.Read(v, tcpip.ReadOptions{}); terr != nil {
		return moved, nil // drained, as the socket was shut down meanwhile
	}
	t.urgent.in.Add(int64(moved))
	return moved, err
}

// readError returns what a failed read means. The end of the connection shows
// in the state of the socket.
func (t *tcpcb) readError(e *endpoint, terr tcpip.Error) error {
	switch terr.(type) {
	case *tcpip.ErrWouldBlock, *tcpip.ErrClosedForReceive, *tcpip.ErrNotConnected:
		return nil
	case *tcpip.ErrBadBuffer:
		return netbsd.EFAULT
	}
	t.end(e, t.errno(terr))
	return nil
}

// WriteStream takes at most n bytes from u, as many as there is room for.
func (t *tcpcb) WriteStream(u *kern.Uio, n int) (int, error) {
	e := t.ep.Load()
	if e == nil {
		return 0, netbsd.ENOTCONN
	}
	n = min(n, u.Resid)
	rest := u.Resid - n
	u.Resid = n
	written, terr := e.Write(u, tcpip.WriteOptions{})
	u.Resid += rest
	if terr != nil {
		return 0, t.writeError(e, terr)
	}
	t.urgent.out.Add(written)
	return int(written), nil
}

// writeError returns what a failed write means. When the connection is over,
// its error stays in the socket for others.
func (t *tcpcb) writeError(e *endpoint, terr tcpip.Error) error {
	switch terr.(type) {
	case *tcpip.ErrWouldBlock:
		return netbsd.EWOULDBLOCK
	case *tcpip.ErrBadBuffer:
		return netbsd.EFAULT
	case *tcpip.ErrClosedForSend:
		return netbsd.EPIPE
	}
	t.end(e, t.errno(terr))
	return netbsd.EPIPE
}

// Send is for what WriteStream does not do: there are no control messages in
// TCP, and nothing to do for no data.
func (t *tcpcb) Send(_ *kern.Lwp, m *socket.Outgoing) error {
	if err := t.alive(); err != nil {
		return err
	}
	if len(m.Control) != 0 {
		return netbsd.EINVAL
	}
	return nil
}
