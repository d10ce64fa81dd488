package inet

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// reuse are the options that let names be shared.
const reuse = netbsd.SO_REUSEADDR | netbsd.SO_REUSEPORT

// Bind gives p a name of its own (in_pcbbind, in6_pcbbind): EINVAL when it has
// one, or the name's length is wrong, EADDRNOTAVAIL when the address is nobody's
// here, EADDRINUSE and EACCES for ports.
func (p *Pcb) Bind(l *kern.Lwp, name []byte) error {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Family == netbsd.AF_INET {
		return t.bind4(l, p, name)
	}
	return t.bind6(l, p, name)
}

// BindAny gives p a free port, and no address: what listen, connect and sendto
// do to a socket that has no name.
func (p *Pcb) BindAny(l *kern.Lwp) error {
	t := p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bindAny(l, p)
}

func (t *Table) bindAny(l *kern.Lwp, p *Pcb) error {
	if p.lport != 0 || !null(p.laddr) {
		return netbsd.EINVAL
	}
	if p.Family == netbsd.AF_INET && !t.Net.hasAddr4() {
		return netbsd.EADDRNOTAVAIL
	}
	if p.Family == netbsd.AF_INET6 {
		p.laddr = any6
	}
	if err := t.setPort(l, p); err != nil {
		return err
	}
	t.link(p, false)
	return nil
}

func (t *Table) bind4(l *kern.Lwp, p *Pcb, name []byte) error {
	if !t.Net.hasAddr4() {
		return netbsd.EADDRNOTAVAIL
	}
	if p.lport != 0 || !null(p.laddr) {
		return netbsd.EINVAL
	}
	sa, err := decode4(name)
	if err != nil {
		return err
	}
	if !sa.Addr.IsMulticast() && !null(sa.Addr) && !t.Net.bindable4(sa.Addr) {
		return netbsd.EADDRNOTAVAIL
	}
	p.laddr = sa.Addr
	if err := t.bindPort4(l, p, sa); err != nil {
		p.laddr = any4
		return err
	}
	return nil
}

func (t *Table) bindPort4(l *kern.Lwp, p *Pcb, sa Sockaddr) error {
	if sa.Port == 0 {
		if err := t.setPort(l, p); err != nil {
			return err
		}
		t.link(p, false)
		return nil
	}
	opts := options(p.So)
	shared := opts & netbsd.SO_REUSEPORT
	if sa.Addr.IsMulticast() && opts&reuse != 0 {
		shared = reuse // for a group either option will do
	}
	wild := opts&reuse == 0
	if sa.Port < netbsd.IPPORT_RESERVED && !l.Superuser() {
		return netbsd.EACCES
	}
	if other := t.port6(netip.AddrFrom16(sa.Addr.As16()), sa.Port, wild); taken(other, shared) {
		return netbsd.EADDRINUSE
	}
	if p.So.Cred.EUID != 0 && !sa.Addr.IsMulticast() && t.stolen(p, sa) {
		return netbsd.EADDRINUSE
	}
	if taken(t.port4(sa.Addr, sa.Port, wild), shared) {
		return netbsd.EADDRINUSE
	}
	p.lport = sa.Port
	t.link(p, false)
	return nil
}

// taken tells whether other, which has the port already, does not share it.
func taken(other *Pcb, shared int32) bool {
	return other != nil && options(other.So)&shared == 0
}

// stolen tells whether the port is another user's, who did not offer it to all.
func (t *Table) stolen(p *Pcb, sa Sockaddr) bool {
	other := t.port4(sa.Addr, sa.Port, true)
	if other == nil || other.So.Cred.EUID == p.So.Cred.EUID {
		return false
	}
	return !null(sa.Addr) || !null(other.laddr) || options(other.So)&netbsd.SO_REUSEPORT == 0
}

func (t *Table) bind6(l *kern.Lwp, p *Pcb, name []byte) error {
	if p.lport != 0 || !null(p.laddr) {
		return netbsd.EINVAL
	}
	sa, err := decode6(name)
	if err != nil {
		return err
	}
	if sa.Addr, err = t.Net.embed(sa); err != nil {
		return err
	}
	switch a := sa.Addr; {
	case a.Is4In6() && p.v6only:
		return netbsd.EINVAL
	case null(a), a.IsMulticast():
	case a.Is4In6():
		if u := a.Unmap(); !u.IsMulticast() && !t.Net.bindable4(u) {
			return netbsd.EADDRNOTAVAIL
		}
	default:
		if !t.Net.bindable6(a) {
			return netbsd.EADDRNOTAVAIL
		}
	}
	p.laddr = sa.Addr
	if err := t.bindPort6(l, p, sa); err != nil {
		p.laddr = any6
		return err
	}
	return nil
}

func (t *Table) bindPort6(l *kern.Lwp, p *Pcb, sa Sockaddr) error {
	if sa.Port == 0 {
		if err := t.setPort(l, p); err != nil {
			return err
		}
		t.link(p, false)
		return nil
	}
	opts := options(p.So)
	if sa.Port < netbsd.IPV6PORT_RESERVED && !l.Superuser() {
		return netbsd.EACCES
	}
	shared := opts & netbsd.SO_REUSEPORT
	if sa.Addr.IsMulticast() && opts&reuse != 0 {
		shared = reuse
	}
	wild := p.wild6(opts)
	if sa.Addr.Is4In6() && taken(t.port4(sa.Addr.Unmap(), sa.Port, wild), shared) {
		return netbsd.EADDRINUSE
	}
	if taken(t.port6(sa.Addr, sa.Port, wild), shared) {
		return netbsd.EADDRINUSE
	}
	p.lport = sa.Port
	t.link(p, false)
	return nil
}

// wild6 tells whether wildcards count when the port of an AF_INET6 socket is
// looked for.
func (p *Pcb) wild6(opts int32) bool {
	return opts&reuse == 0 && (p.So.Flags&socket.ConnRequired == 0 || opts&netbsd.SO_ACCEPTCONN == 0)
}

func options(so *socket.Socket) int32 {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.Options
}
