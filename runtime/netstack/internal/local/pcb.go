package local

import (
	"bytes"
	"slices"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
	"github.com/abigen/abigen/runtime/netstack/internal/vfs"
)

// A pcb is a local socket (struct unpcb). d.mu guards it.
type pcb struct {
	socket.Unsupported
	d    *Domain
	so   *socket.Socket
	born time.Time
	ino  uint64 // given when somebody asks

	node *vfs.Node // its name
	addr []byte    // the name as a sockaddr; nil when it has none

	conn *pcb              // the other end
	refs map[*pcb]struct{} // datagram sockets that are connected to this one

	queue   []*pcb // of a listener: connections that wait to be accepted
	head    *pcb   // the listener in whose queue this one is
	pending atomic.Int32

	// What the receive buffer counted for when the other end last allowed for
	// it: the limits of a sender shrink by what its receiver has.
	count, mbcnt int

	wantCreds bool
	connWait  bool
	ids       *netbsd.Unpcbid // of the other end; nil: not known
	bound     *netbsd.Unpcbid // of who bound the name
}

// noName is the name of a socket that has none.
var noName = []byte{2, netbsd.AF_LOCAL}

func (p *pcb) name() []byte {
	if p.addr == nil {
		return noName
	}
	return p.addr
}

// path returns the path in a sockaddr: it ends at a zero byte or with the name.
func path(name []byte) string {
	b, _, _ := bytes.Cut(name[2:], []byte{0})
	return string(b)
}

// Bind gives the socket a name: EINVAL when it has one.
func (p *pcb) Bind(l *kern.Lwp, name []byte) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if p.node != nil {
		return netbsd.EINVAL
	}
	node, err := p.d.fs.BindSocket(l, path(name), p)
	if err != nil {
		return err
	}
	p.node, p.addr, p.bound = node, slices.Clone(name), ids(l)
	return nil
}

func ids(l *kern.Lwp) *netbsd.Unpcbid {
	c := l.Cred()
	return &netbsd.Unpcbid{PID: l.Proc.PID, EUID: c.EUID, EGID: c.EGID}
}

// Name returns the name of the socket.
func (p *pcb) Name(*kern.Lwp) ([]byte, error) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	return p.name(), nil
}

// PeerName returns the name of the other end.
func (p *pcb) PeerName(*kern.Lwp) ([]byte, error) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if p.conn == nil {
		return noName, nil
	}
	return p.conn.name(), nil
}

// ShutWrite ends the stream to the other end.
func (p *pcb) ShutWrite(*kern.Lwp) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	p.so.Mark(socket.CantSendMore)
	if p.conn != nil && p.so.Type != netbsd.SOCK_DGRAM {
		p.conn.so.Mark(socket.CantRcvMore)
	}
	return nil
}

// Ioctl knows no ioctl.
func (p *pcb) Ioctl(*kern.Lwp, uint64, []byte) error { return netbsd.EOPNOTSUPP }

// Stat tells how much the socket can send, and when it was made.
func (p *pcb) Stat(st *netbsd.Stat) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	p.so.Mu.Lock()
	size := p.so.Snd.Hiwat
	p.so.Mu.Unlock()
	if p.conn != nil && p.so.Type != netbsd.SOCK_DGRAM {
		p.conn.so.Mu.Lock()
		size += p.conn.so.Rcv.Count
		p.conn.so.Mu.Unlock()
	}
	if p.ino == 0 {
		p.d.ino++
		p.ino = p.d.ino
	}
	st.Blksize = int32(size)
	st.Dev = ^uint64(0) // NODEV
	st.Ino = p.ino
	st.Atim = kern.Timespec(p.born)
	st.Mtim, st.Ctim = st.Atim, st.Atim
	return nil
}
