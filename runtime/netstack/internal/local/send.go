package local

import (
	"io"
	"slices"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Send passes a record on, or as much of a stream as there is room for.
func (p *pcb) Send(l *kern.Lwp, m *socket.Outgoing) error {
	var rights []*kern.OpenFile
	if m.Control != nil {
		var err error
		if rights, err = p.internalize(l, m.Control); err != nil {
			return err
		}
	}
	var err error
	if p.so.Type == netbsd.SOCK_DGRAM {
		rights, err = p.sendDatagram(l, m, rights)
	} else {
		rights, err = p.sendConnected(l, m, rights)
	}
	p.so.Discard(l, rights) // those that nobody got
	return err
}

// take reads n bytes of what is sent.
func take(m *socket.Outgoing, n int) ([]byte, error) {
	data := make([]byte, n)
	if n == 0 {
		return data, nil
	}
	_, err := io.ReadFull(m.Data, data)
	return data, err
}

// sendDatagram sends to the socket that is named, or to the one p is connected to.
// ENOBUFS: it has no room. It returns the files that were not sent.
func (p *pcb) sendDatagram(l *kern.Lwp, m *socket.Outgoing, rights []*kern.OpenFile) ([]*kern.OpenFile, error) {
	data, err := take(m, m.Data.Resid)
	if err != nil {
		return rights, err
	}
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	q := p.conn
	switch connected := p.so.Is(socket.IsConnected); {
	case m.Name != nil && connected:
		return rights, netbsd.EISCONN
	case m.Name != nil:
		if q, err = p.find(l, m.Name); err != nil {
			return rights, err
		}
	case !connected:
		return rights, netbsd.ENOTCONN
	case q == nil:
		return rights, netbsd.ECONNREFUSED
	}
	r := &socket.Record{Name: p.name(), Data: data, Rights: rights, End: m.Flags&netbsd.MSG_EOR != 0}
	if q.wantCreds {
		r.Control = credentials(l)
	}
	if !q.so.Deliver(r) {
		return rights, netbsd.ENOBUFS
	}
	p.d.sent(rights)
	return nil, nil
}

// sendConnected sends to the other end: a record, or pieces of a stream until the
// buffer is full.
func (p *pcb) sendConnected(l *kern.Lwp, m *socket.Outgoing, rights []*kern.OpenFile) ([]*kern.OpenFile, error) {
	p.so.Mu.Lock()
	space := p.so.Snd.Space() - len(m.Control)
	p.so.Mu.Unlock()
	for {
		n := m.Data.Resid
		if p.so.Type == netbsd.SOCK_STREAM {
			n = socket.Piece(n, max(space, 0))
		}
		data, err := take(m, n)
		if err != nil {
			return rights, err
		}
		r := &socket.Record{Data: data, Rights: rights, End: m.Flags&netbsd.MSG_EOR != 0 && m.Data.Resid == 0}
		if err := p.pass(l, r, space); err != nil {
			return rights, err
		}
		rights = nil
		if space -= n; m.Data.Resid == 0 || space <= 0 {
			return nil, nil
		}
	}
}

// pass puts a record into the buffer of the other end, and takes what it counts
// for from the limits of the sender. One with descriptors that does not fit is
// lost.
func (p *pcb) pass(l *kern.Lwp, r *socket.Record, space int) error {
	p.d.mu.Lock()
	if p.so.Is(socket.CantSendMore) {
		p.d.mu.Unlock()
		return netbsd.EPIPE
	}
	q := p.conn
	if q == nil {
		p.d.mu.Unlock()
		return netbsd.ENOTCONN
	}
	if q.wantCreds {
		q.wantCreds = false // once
		r.Control = credentials(l)
	}
	rights := r.Rights // r is the receiver's once it is in the buffer
	var lost []*kern.OpenFile
	if q.so.Append(r, space) != nil {
		lost = rights
	} else {
		p.d.sent(rights)
	}
	q.balance()
	p.d.mu.Unlock()
	q.so.Notify(waiter.ReadableEvents)
	p.so.Discard(l, lost)
	return nil
}

// Received gives the sender the room that the receiver has made.
func (p *pcb) Received(*kern.Lwp) {
	p.d.mu.Lock()
	q := p.conn
	if q != nil {
		p.balance()
	}
	p.d.mu.Unlock()
	if q != nil {
		q.so.Notify(waiter.WritableEvents)
	}
}

// balance changes the limits of the other end's send buffer by as much as the
// receive buffer of p has changed. d.mu is held.
func (p *pcb) balance() {
	p.so.Mu.Lock()
	count, mbcnt := p.so.Rcv.Count, p.so.Rcv.Mbcnt
	p.so.Mu.Unlock()
	s := p.conn.so
	s.Mu.Lock()
	s.Snd.Hiwat += p.count - count
	s.Snd.Mbmax += p.mbcnt - mbcnt
	s.Mu.Unlock()
	p.count, p.mbcnt = count, mbcnt
}

// credentials returns a SCM_CREDS message with the ids of the caller.
func credentials(l *kern.Lwp) []byte {
	c := l.Cred()
	sc := netbsd.Sockcred{
		PID: l.Proc.PID, UID: c.UID, EUID: c.EUID, GID: c.GID, EGID: c.EGID,
		Ngroups: int32(len(c.Groups)),
	}
	if len(c.Groups) > 0 {
		sc.Groups[0] = c.Groups[0]
	}
	b := slices.Clone(abi.AsBytes(&sc))
	for i := 1; i < len(c.Groups); i++ {
		b = append(b, abi.AsBytes(&c.Groups[i])...)
	}
	return socket.Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_CREDS, b)
}
