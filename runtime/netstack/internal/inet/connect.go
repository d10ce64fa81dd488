package inet

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Connect gives p the name of another end, and of its own what is missing
// (in_pcbconnect, in6_pcbconnect): EADDRNOTAVAIL for port 0, for a group that a
// stream should reach, and when no source address is found; EADDRINUSE when
// there is such a connection already.
func (p *Pcb) Connect(l *kern.Lwp, name []byte) error {
	if p.Family == netbsd.AF_INET {
		return p.connect4(l, name)
	}
	return p.connect6(l, name)
}

func (p *Pcb) connect4(l *kern.Lwp, name []byte) error {
	sa, laddr, err := p.toward4(name, options(p.So))
	if err != nil {
		return err
	}
	return p.table.connect(l, p, laddr, sa)
}

// toward4 checks a destination, and returns it and the address that packets to
// it come from. flags may be SO_DONTROUTE.
func (p *Pcb) toward4(name []byte, flags int32) (sa Sockaddr, laddr netip.Addr, err error) {
	if sa, err = decode4(name); err != nil {
		return sa, laddr, err
	}
	if sa.Port == 0 || sa.Addr.IsMulticast() && p.So.Type == netbsd.SOCK_STREAM {
		return sa, laddr, netbsd.EADDRNOTAVAIL
	}
	n := p.table.Net
	sa.Addr = n.wellKnown4(sa.Addr)
	if laddr, _ = p.Local(); null(laddr) {
		laddr, err = n.Source4(sa.Addr, Source{Options: flags, MulticastIf: p.Options().multicast4.ifindex})
	}
	return sa, laddr, err
}

func (p *Pcb) connect6(l *kern.Lwp, name []byte) error {
	sa, err := decode6(name)
	if err != nil {
		return err
	}
	if sa.Port == 0 || sa.Addr.IsMulticast() && p.So.Type == netbsd.SOCK_STREAM {
		return netbsd.EADDRNOTAVAIL
	}
	n := p.table.Net
	if sa.Addr, err = n.embed(sa); err != nil {
		return err
	}
	laddr, _ := p.Local()
	if sa.Addr.Is4In6() {
		switch {
		case p.V6Only():
			return netbsd.EINVAL
		case laddr == any6:
			laddr = mapped
			p.table.setLocal(p, mapped)
		case !laddr.Is4In6():
			return netbsd.EINVAL
		}
		if laddr == mapped {
			src, err := n.Source4(sa.Addr.Unmap(), Source{Options: options(p.So)})
			if err != nil {
				return err
			}
			laddr = netip.AddrFrom16(src.As16())
		}
		return p.table.connect(l, p, laddr, sa)
	}
	if laddr.Is4In6() {
		return netbsd.EINVAL
	}
	src, ifindex, err := n.Source6(sa.Addr, laddr, p.source6())
	if err != nil {
		return err
	}
	if sa.Scope == 0 {
		if sa.Addr, err = n.scope(sa.Addr, ifindex); err != nil {
			return err
		}
	}
	if laddr == any6 {
		laddr = src
	}
	return p.table.connect(l, p, laddr, sa)
}

// setLocal changes the address of a block that has none to the other form of
// none.
func (t *Table) setLocal(p *Pcb, addr netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.laddr = addr
}

// connect puts both names into p, which was bound to laddr or not at all.
func (t *Table) connect(l *kern.Lwp, p *Pcb, laddr netip.Addr, sa Sockaddr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	foreign := netip.AddrPortFrom(sa.Addr, sa.Port)
	if t.connection(netip.AddrPortFrom(laddr, p.lport), foreign) != nil {
		return netbsd.EADDRINUSE
	}
	if null(p.laddr) && p.lport == 0 {
		if err := t.bindAny(l, p); err != nil {
			return err
		}
	}
	t.unlink(p)
	p.laddr, p.faddr, p.fport = laddr, sa.Addr, sa.Port
	t.link(p, true)
	return nil
}

// Disconnect takes the name of the other end away. The own name stays.
func (p *Pcb) Disconnect() {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unlink(p)
	if p.faddr, p.fport = any4, 0; p.Family == netbsd.AF_INET6 {
		p.faddr = any6
	}
	t.link(p, false)
}

// ClearLocal makes the own address the wildcard again, and keeps the port: what
// a datagram socket does that loses its connection.
func (p *Pcb) ClearLocal() {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	connected := p.connected
	t.unlink(p)
	if p.laddr = any4; p.Family == netbsd.AF_INET6 {
		p.laddr = any6
	}
	t.link(p, connected)
}

// Accepted makes the block of a connection that somebody else began, with the
// names of both ends: those of the listening block's family.
func (p *Pcb) Accepted(local, foreign netip.AddrPort) {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Family == netbsd.AF_INET6 {
		local, foreign = map4(local), map4(foreign)
	}
	t.unlink(p)
	p.laddr, p.lport = local.Addr(), local.Port()
	p.faddr, p.fport = foreign.Addr(), foreign.Port()
	p.accepted = true
	t.link(p, true)
}

// Connected tells whether p has the name of another end.
func (p *Pcb) Connected() bool {
	_, port := p.Foreign()
	return port != 0
}
