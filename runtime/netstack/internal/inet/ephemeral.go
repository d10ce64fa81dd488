package inet

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// The families and the ranges that ports are handed out for.
const (
	family4 = iota
	family6
	families
)

const (
	highPorts = iota
	lowPorts
	ranges
)

// setPort gives p a free port, from its range downward, beginning below the one
// that was given last (RFC 6056, 3.3.1; portalgo.c): EACCES when the range is
// that of the superuser, EAGAIN when all ports are taken.
func (t *Table) setPort(l *kern.Lwp, p *Pcb) error {
	if p.lowPort && !l.Superuser() {
		return netbsd.EACCES
	}
	lo, hi, next := t.portRange(p)
	for range int(hi) - int(lo) + 1 {
		port := *next
		if port < lo || port > hi {
			port = hi
		}
		*next = port - 1
		if t.free(l, p, port) {
			p.lport = port
			return nil
		}
	}
	return netbsd.EAGAIN
}

func (t *Table) portRange(p *Pcb) (lo, hi uint16, next *uint16) {
	r, family, which := &t.Net.Params.Ports4, family4, highPorts
	if p.Family == netbsd.AF_INET6 {
		r, family = &t.Net.Params.Ports6, family6
	}
	lo, hi = uint16(r.AnonMin.Load()), uint16(r.AnonMax.Load())
	if p.lowPort {
		which = lowPorts
		lo, hi = uint16(r.LowMin.Load()), uint16(r.LowMax.Load())
	}
	return min(lo, hi), max(lo, hi), &t.next[family][which]
}

// free tells whether nobody has the port, as far as p would mind.
func (t *Table) free(l *kern.Lwp, p *Pcb, port uint16) bool {
	if port == 0 {
		return false
	}
	if p.Family == netbsd.AF_INET {
		return t.port4(p.laddr, port, true) == nil
	}
	wild := p.wild6(options(p.So))
	if p.laddr.Is4In6() {
		return t.port4(p.laddr.Unmap(), port, wild) == nil
	}
	return t.port6(p.laddr, port, wild) == nil
}
