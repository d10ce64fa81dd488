package inet

import (
	"net/netip"
	"sync"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A Table holds the control blocks of one protocol, of both families: that of
// UDP, and that of TCP (struct inpcbtable).
type Table struct {
	Net *Net

	mu    sync.RWMutex
	all   *Pcb            // the first of a list, the youngest
	ports map[uint16]*Pcb // the first of a list, last bound first
	conns map[conn]*Pcb
	born  uint64
	next  [families][ranges]uint16 // ephemeral port to try first
}

// conn is what tells connections apart.
type conn struct {
	local, foreign netip.AddrPort
}

// NewTable adds a table, which is empty, to a network.
func NewTable(n *Net) *Table {
	t := &Table{Net: n, ports: map[uint16]*Pcb{}, conns: map[conn]*Pcb{}}
	n.tables = append(n.tables, t)
	return t
}

// A Pcb is a protocol control block: the names of a socket and its options for
// the network layer (struct inpcb, struct in6pcb).
type Pcb struct {
	So     *socket.Socket
	Family int32 // AF_INET or AF_INET6
	User   any   // what AttachUser was given

	table        *Table
	born         uint64 // blocks are counted
	laddr, faddr netip.Addr
	lport, fport uint16
	prev, next   *Pcb // with the same lport; nil at the ends
	young, old   *Pcb // in table.all; nil at the ends
	connected    bool // in table.conns
	accepted     bool // the other end began
	v6only       bool
	lowPort      bool // ephemeral ports are to be privileged ones

	mu sync.Mutex
	ip Options
}

// Attach makes a block for so, which has no names yet.
func (t *Table) Attach(so *socket.Socket) *Pcb { return t.AttachUser(so, nil) }

// AttachUser makes a block that leads back to what it is made for: so.Proto is
// not set yet when the first packets may find the block.
func (t *Table) AttachUser(so *socket.Socket, user any) *Pcb {
	p := &Pcb{So: so, Family: so.Domain, User: user, table: t, laddr: any4, faddr: any4}
	p.ip = t.Net.Params.options()
	if p.Family == netbsd.AF_INET6 {
		p.laddr, p.faddr = any6, any6
		p.v6only = t.Net.Params.V6Only.Load() != 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.born++
	p.born = t.born
	if p.old = t.all; p.old != nil {
		p.old.young = p
	}
	t.all = p
	return p
}

// Detach takes the block out of its table. Names can be asked for after that,
// but the ports are free.
func (p *Pcb) Detach() {
	p.leaveAll()
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unlink(p)
	t.forget(p)
}

// forget takes p out of the list of all blocks, unless it is not there any more. The table
// is locked.
func (t *Table) forget(p *Pcb) {
	switch {
	case p.young != nil:
		p.young.old = p.old
	case t.all == p:
		t.all = p.old
	default:
		return
	}
	if p.old != nil {
		p.old.young = p.young
	}
	p.young, p.old = nil, nil
}

// portHash is how many chains the kernel's table of ports has (TCBHASHSIZE). A
// block that was accepted stays in the chain of port 0, where it was put before it
// had a port: who looks for the port finds it only when that has the same chain.
const portHash = 128

// link puts p into the lists its names belong to, at their head; unlink takes
// it out. The table is locked.
func (t *Table) link(p *Pcb, connected bool) {
	t.unlink(p)
	if p.lport != 0 && (!p.accepted || p.lport%portHash == 0) {
		if p.next = t.ports[p.lport]; p.next != nil {
			p.next.prev = p
		}
		t.ports[p.lport] = p
	}
	if p.connected = connected; connected {
		t.conns[p.conn()] = p
	}
}

func (t *Table) unlink(p *Pcb) {
	if p.connected {
		if t.conns[p.conn()] == p {
			delete(t.conns, p.conn())
		}
		p.connected = false
	}
	switch {
	case p.prev != nil:
		p.prev.next = p.next
	case t.ports[p.lport] == p:
		if p.next == nil {
			delete(t.ports, p.lport)
		} else {
			t.ports[p.lport] = p.next
		}
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
}

func (p *Pcb) conn() conn {
	return conn{netip.AddrPortFrom(p.laddr, p.lport), netip.AddrPortFrom(p.faddr, p.fport)}
}

// Local returns the address and port of p's own end, and Foreign those of the
// other. The port is 0, and the address unspecified, when there is none.
func (p *Pcb) Local() (netip.Addr, uint16) {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	return p.laddr, p.lport
}

// Foreign returns the address and port p is connected to.
func (p *Pcb) Foreign() (netip.Addr, uint16) {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	return p.faddr, p.fport
}

// Name returns p's own name as a sockaddr (in_setsockaddr), and PeerName that of
// the other end.
func (p *Pcb) Name() []byte {
	addr, port := p.Local()
	return Sockaddr{Addr: addr, Port: port}.Bytes()
}

// PeerName returns the name of the other end as a sockaddr.
func (p *Pcb) PeerName() []byte {
	addr, port := p.Foreign()
	return Sockaddr{Addr: addr, Port: port}.Bytes()
}

// V6Only tells whether an AF_INET6 block leaves IPv4 to others.
func (p *Pcb) V6Only() bool {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	return p.v6only
}

// Each calls f for all blocks of the table, the youngest first, without any lock.
func (t *Table) Each(f func(*Pcb)) {
	t.mu.RLock()
	var list []*Pcb
	for p := t.all; p != nil; p = p.old {
		list = append(list, p)
	}
	t.mu.RUnlock()
	for _, p := range list {
		f(p)
	}
}
