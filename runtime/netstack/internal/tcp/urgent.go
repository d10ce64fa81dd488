package tcp

import (
	"io"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"

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
	active  atomic.Bool  // skip is not empty

	mu   sync.Mutex
	skip []int64 // offsets of bytes that reads leave out, in order
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
	u.have, u.had = !inline, false
	if !inline {
		u.data = data
		u.skip = append(u.skip, off)
		u.active.Store(true)
	}
	t.so.Mu.Lock()
	if t.so.OOBMark = int(off-in) - ahead; t.so.OOBMark == 0 {
		t.so.State |= socket.RcvAtMark
	}
	t.so.Mu.Unlock()
	u.mu.Unlock()
	t.so.Urgent()
}

// readUrgent reads as ReadStream does, and leaves out what was taken out of the
// stream.
func (t *tcpcb) readUrgent(e *endpoint, u *kern.Uio, n int, peek bool) (int, error) {
	s := &t.urgent
	s.mu.Lock()
	for len(s.skip) > 0 && s.skip[0] == s.in.Load() {
		if res, err := e.Read(new(once), tcpip.ReadOptions{}); err != nil || res.Count == 0 {
			s.mu.Unlock()
			return 0, nil // it is still on its way
		}
		s.skip = s.skip[1:]
		s.in.Add(1)
	}
	if len(s.skip) > 0 {
		n = min(n, int(s.skip[0]-s.in.Load()))
	}
	s.active.Store(len(s.skip) > 0)
	s.mu.Unlock()
	return t.read(e, u, n, peek)
}

// once is a writer that takes one byte.
type once bool

func (o *once) Write(p []byte) (int, error) {
	if *o || len(p) == 0 {
		return 0, io.ErrShortWrite
	}
	*o = true
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
	p := t.proto.Table.Lookup(t.pcb.Connection())
	if p == nil || !p.Connected() {
		return nil
	}
	peer, _ := p.So.Proto.(*tcpcb)
	return peer
}
