package tcp

import (
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// urgent is what a socket knows of urgent data (the t_oobflags of struct tcpcb,
// so_oobmark). gVisor has no urgent pointer, neither in what it sends nor in
// what it receives. Within one kernel, the sender tells the receiver which byte of
// the stream is urgent; from elsewhere, and to elsewhere, it is a byte as any other.
type urgent struct {
	in, out atomic.Int64 // bytes of the stream that were read and written
	active  atomic.Bool  // a byte is ahead that reads stop at or leave out, or was just reached

	mu   sync.Mutex
	stop int64   // reads stop before this byte: the mark; nothing ahead when it is not beyond in
	skip []int64 // bytes that are not for the stream, in order
	have bool    // data can be received
	had  bool    // and has been
	data byte
}

// skipped counts the bytes among the next n that reads will not see.
func (u *urgent) skipped(n int) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	end := u.in.Load() + int64(n)
	count := 0
	for _, off := range u.skip {
		if off < end {
			count++
		}
	}
	return count
}

// urgentData tells t that the byte at an offset of what it receives is urgent
// (the part of tcp_input that looks at the urgent pointer).
func (t *tcpcb) urgentData(off int64, data byte) {
	u := &t.urgent
	u.mu.Lock()
	in := u.in.Load()
	if off < in || t.discard.Load() {
		u.mu.Unlock()
		return
	}
	inline := t.so.Option(netbsd.SO_OOBINLINE)
	ahead := 0
	for _, s := range u.skip {
		if s < off {
			ahead++
		}
	}
	u.stop, u.have, u.had = off, !inline, false
	if !inline {
		u.data = data
		u.skip = append(u.skip, off)
	}
	u.active.Store(true)
	t.so.Mu.Lock()
	if t.so.OOBMark = int(off-in) - ahead; t.so.OOBMark == 0 {
		t.so.State |= socket.RcvAtMark
	}
	t.so.Mu.Unlock()
	u.mu.Unlock()
	t.so.Notify(waiter.EventPri | netbsd.POLLRDBAND)
}

// readUrgent reads as ReadStream does, up to the mark, and leaves out what was
// taken out of the stream.
func (t *tcpcb) readUrgent(e *endpoint, u *kern.Uio, n int, peek bool) (int, error) {
	s := &t.urgent
	s.mu.Lock()
	for len(s.skip) > 0 && s.skip[0] == s.in.Load() {
		one := once{}
		if _, err := e.Read(&one, tcpip.ReadOptions{}); err != nil || !one.done {
			s.mu.Unlock()
			return 0, nil // it is still on its way
		}
		s.skip = slices.Delete(s.skip, 0, 1)
		s.in.Add(1)
	}
	in := s.in.Load()
	if len(s.skip) > 0 {
		n = min(n, int(s.skip[0]-in))
	}
	if s.stop > in {
		n = min(n, int(s.stop-in))
	}
	s.mu.Unlock()
	moved, err := t.read(e, u, n, peek)
	if moved > 0 && !peek {
		t.advance(moved)
	}
	return moved, err
}

// advance moves the mark nearer by n bytes that were read.
func (t *tcpcb) advance(n int) {
	s := &t.urgent
	s.mu.Lock()
	defer s.mu.Unlock()
	t.so.Mu.Lock()
	defer t.so.Mu.Unlock()
	t.so.State &^= socket.RcvAtMark
	if t.so.OOBMark > 0 {
		if t.so.OOBMark -= n; t.so.OOBMark <= 0 {
			t.so.OOBMark = 0
			t.so.State |= socket.RcvAtMark
		}
	}
	s.active.Store(len(s.skip) > 0 || t.so.OOBMark > 0 || t.so.State&socket.RcvAtMark != 0)
}

// once is a writer that takes one byte.
type once struct{ done bool }

func (o *once) Write(p []byte) (int, error) {
	if o.done || len(p) == 0 {
		return 0, io.ErrShortWrite
	}
	o.done = true
	if len(p) > 1 {
		return 1, io.ErrShortWrite
	}
	return 1, nil
}

// ReceiveOOB receives the urgent byte (tcp_recvoob): EINVAL when there is none.
func (t *tcpcb) ReceiveOOB(_ *kern.Lwp, u *kern.Uio, peek bool) error {
	if err := t.alive(); err != nil {
		return err
	}
	s := &t.urgent
	t.so.Mu.Lock()
	mark := t.so.OOBMark != 0 || t.so.State&socket.RcvAtMark != 0
	inline := t.so.Options&netbsd.SO_OOBINLINE != 0
	t.so.Mu.Unlock()
	s.mu.Lock()
	switch {
	case !mark || inline || s.had:
		s.mu.Unlock()
		return netbsd.EINVAL
	case !s.have:
		s.mu.Unlock()
		return netbsd.EWOULDBLOCK
	}
	b := [1]byte{s.data}
	if !peek {
		s.have, s.had = false, true
	}
	s.mu.Unlock()
	if u.Resid == 0 {
		return nil
	}
	_, err := u.Write(b[:])
	return err
}

// SendOOB sends data whose last byte is urgent (tcp_sendoob).
func (t *tcpcb) SendOOB(_ *kern.Lwp, m *socket.Outgoing) error {
	if err := t.alive(); err != nil {
		return err
	}
	if len(m.Control) != 0 {
		return netbsd.EINVAL
	}
	e := t.ep.Load()
	if e == nil {
		return netbsd.ENOTCONN
	}
	if m.Data.Resid == 0 {
		return nil
	}
	p := urgentPayload{Uio: m.Data, from: t, off: t.urgent.out.Load()}
	n, terr := e.Write(&p, tcpip.WriteOptions{})
	if terr != nil {
		return t.writeError(e, terr)
	}
	t.urgent.out.Add(n)
	return nil
}

// An urgentPayload is urgent data on its way to gVisor. When its last byte has
// been read, which is before the peer can see it, the peer is told.
type urgentPayload struct {
	*kern.Uio
	from *tcpcb
	off  int64 // of the next byte in the stream
}

// Read takes bytes from the caller's memory, as gVisor asks for them.
func (p *urgentPayload) Read(b []byte) (int, error) {
	n, err := p.Uio.Read(b)
	p.off += int64(n)
	if n > 0 && p.Resid == 0 {
		if peer := p.from.peer(); peer != nil {
			peer.urgentData(p.off-1, b[n-1])
		}
	}
	return n, err
}

// peer returns the other end of the connection, when it is in this kernel.
func (t *tcpcb) peer() *tcpcb {
	addr, port := t.pcb.Local()
	src := netip.AddrPortFrom(addr.Unmap(), port)
	addr, port = t.pcb.Foreign()
	dst := netip.AddrPortFrom(addr.Unmap(), port)
	p := t.proto.Table.Lookup(dst, src)
	if p == nil || !p.Connected() {
		return nil
	}
	peer, _ := p.So.Proto.(*tcpcb)
	return peer
}
