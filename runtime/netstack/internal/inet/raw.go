package inet

import (
	"errors"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// BindRaw gives the block of a raw socket an address of its own (rip_bind,
// rip6_bind): as often as one likes, and to 0.0.0.0 or :: for any.
func (p *Pcb) BindRaw(name []byte) error {
	n := p.table.Net
	if p.Family == netbsd.AF_INET {
		sa, err := decode4(name)
		if err != nil {
			return err
		}
		if sa.Addr != any4 && !n.bindable4(sa.Addr) {
			return netbsd.EADDRNOTAVAIL
		}
		p.table.setLocal(p, sa.Addr)
		return nil
	}
	sa, err := decode6(name)
	if errors.Is(err, netbsd.EAFNOSUPPORT) {
		return netbsd.EADDRNOTAVAIL
	}
	if err == nil {
		sa.Addr, err = n.embed(sa)
	}
	if err != nil {
		return err
	}
	if sa.Addr != any6 {
		ifa := n.local6(sa.Addr)
		if ifa == nil || !n.bindable6(sa.Addr) || ifa.Flags()&netbsd.IN6_IFF_DEPRECATED != 0 {
			return netbsd.EADDRNOTAVAIL
		}
	}
	p.table.setLocal(p, sa.Addr)
	return nil
}

// padded returns a name as a sockaddr of size bytes. Raw sockets never look at
// how long names are.
func padded(name []byte, size int) []byte {
	b := make([]byte, size)
	copy(b, name)
	return b
}

// ConnectRaw sets the address of the other end: of an AF_INET6 socket the own
// one, too (rip_connect, rip6_connect).
func (p *Pcb) ConnectRaw(name []byte) error {
	src, dst, err := p.TowardRaw(name, nil)
	if err != nil {
		return err
	}
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	p.laddr, p.faddr = src, dst
	return nil
}

// TowardRaw returns the addresses that a packet to name has: that of its source
// may be 0.0.0.0 still. o is what options and control messages say about it, nil
// for the options of the socket.
func (p *Pcb) TowardRaw(name []byte, o *Packet6) (src, dst netip.Addr, err error) {
	laddr, _ := p.Local()
	if p.Family == netbsd.AF_INET {
		sa, err := decode4(padded(name, netbsd.SizeofSockaddrIn))
		return laddr, sa.Addr, err
	}
	sa, err := decode6(padded(name, netbsd.SizeofSockaddrIn6))
	if err == nil {
		sa.Addr, err = p.table.Net.embed(sa)
	}
	if err != nil {
		return src, dst, err
	}
	if o == nil {
		o = p.Options().sticky
	}
	return p.source6For(laddr, sa.Addr, sa.Scope == 0, o)
}

// ConnectionRaw returns the addresses of a packet to the other end, after a look
// at the way there.
func (p *Pcb) ConnectionRaw(o *Packet6) (src, dst netip.Addr, err error) {
	laddr, _ := p.Local()
	faddr, _ := p.Foreign()
	if p.Family == netbsd.AF_INET {
		return laddr, faddr, nil
	}
	return p.source6For(laddr, faddr, false, o)
}

// DisconnectRaw takes the address of the other end away.
func (p *Pcb) DisconnectRaw() {
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	if p.faddr = any4; p.Family == netbsd.AF_INET6 {
		p.faddr = any6
	}
}

// Wanting calls f for the blocks of raw sockets that do not exclude a packet by
// their addresses, without any lock.
func (t *Table) Wanting(family int32, src, dst netip.Addr, f func(*Pcb)) {
	t.mu.RLock()
	var list []*Pcb
	for p := t.all; p != nil; p = p.old {
		if p.Family == family && (null(p.laddr) || p.laddr == dst) && (null(p.faddr) || p.faddr == src) {
			list = append(list, p)
		}
	}
	t.mu.RUnlock()
	for _, p := range list {
		f(p)
	}
}
