package inet

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Names are those of the two ends of a datagram. Both are of one family, that
// which the packet has.
type Names struct {
	Src, Dst netip.AddrPort
}

// Toward returns the names of a datagram that p's socket, which is not
// connected, sends to name. It gives p a port if it has none. flags may be
// SO_DONTROUTE. The errors are those of Connect.
func (p *Pcb) Toward(l *kern.Lwp, name []byte, flags int32) (Names, error) {
	sa, laddr, err := p.toward4(name, flags)
	if err != nil {
		return Names{}, err
	}
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	dst := netip.AddrPortFrom(sa.Addr, sa.Port)
	if t.connection(netip.AddrPortFrom(laddr, p.lport), dst) != nil {
		return Names{}, netbsd.EADDRINUSE
	}
	if null(p.laddr) && p.lport == 0 {
		if err := t.bindAny(l, p); err != nil {
			return Names{}, err
		}
	}
	return Names{netip.AddrPortFrom(laddr, p.lport), dst}, nil
}

// Connection returns the names of a datagram that goes to the other end.
func (p *Pcb) Connection() Names {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	return Names{
		netip.AddrPortFrom(p.laddr.Unmap(), p.lport),
		netip.AddrPortFrom(p.faddr.Unmap(), p.fport),
	}
}

// Toward6 does for an AF_INET6 socket what Toward does for one of AF_INET
// (udp6_output). o is what options and control messages say. EISCONN: it is
// connected, whatever its socket believes.
func (p *Pcb) Toward6(l *kern.Lwp, name []byte, o *Packet6) (Names, error) {
	sa, err := decode6(name)
	if err == nil {
		sa.Addr, err = p.table.Net.embed(sa)
	}
	if err != nil {
		return Names{}, err
	}
	laddr, _ := p.Local()
	faddr, _ := p.Foreign()
	switch {
	case sa.Port == 0:
		return Names{}, netbsd.EADDRNOTAVAIL
	case faddr != any6:
		return Names{}, netbsd.EISCONN
	}
	var src netip.Addr
	if sa.Addr.Is4In6() {
		src, err = p.mappedSource(laddr, sa.Addr)
	} else {
		src, sa.Addr, err = p.source6For(laddr, sa.Addr, sa.Scope == 0, o)
	}
	if err != nil {
		return Names{}, err
	}
	port, err := p.anyPort(l)
	if err != nil {
		return Names{}, err
	}
	return Names{netip.AddrPortFrom(src.Unmap(), port), netip.AddrPortFrom(sa.Addr.Unmap(), sa.Port)}, nil
}

// mappedSource returns the address that a datagram to an IPv4-mapped one comes
// from.
func (p *Pcb) mappedSource(laddr, dst netip.Addr) (netip.Addr, error) {
	switch {
	case p.V6Only(), laddr != any6 && !laddr.Is4In6():
		return laddr, netbsd.EINVAL
	case laddr == any6:
		return p.table.Net.Source4(dst.Unmap(), Source{Options: options(p.So)})
	}
	return laddr, nil
}

// source6For returns the address that a packet to another comes from, and that
// other one: with the scope of the interface that the packet leaves by when it is
// ambiguous.
func (p *Pcb) source6For(laddr, to netip.Addr, ambiguous bool, o *Packet6) (src, dst netip.Addr, err error) {
	n := p.table.Net
	src, ifindex, err := n.Source6(to, laddr, o.source(p.Options().multicast6.ifindex))
	if ambiguous && ifindex != 0 {
		scoped, err := n.scope(to, ifindex)
		if err != nil {
			return src, to, err
		}
		to = scoped
	}
	return src, to, err
}

// anyPort gives p a port if it has none, and returns it.
func (p *Pcb) anyPort(l *kern.Lwp) (uint16, error) {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.lport == 0 {
		if err := t.setPort(l, p); err != nil {
			return 0, err
		}
		t.link(p, false)
	}
	return p.lport, nil
}

// Messages returns what the options say about a packet over IPv6, with what
// control messages add: EINVAL for such that are malformed.
func (o *Options) Messages(n *Net, l *kern.Lwp, control []byte) (Packet6, error) {
	return o.sticky.messages(n, l, control)
}

// Hops returns the hop limit of packets that p's socket sends (in6_selecthlim).
func (p *Pcb) Hops() uint8 {
	if h := p.Options().Hop; h >= 0 {
		return uint8(h)
	}
	return uint8(p.table.Net.Params.HopLimit.Load())
}
