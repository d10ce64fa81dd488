package netif

import (
	"github.com/abigen/abigen/netbsd"
)

// A driver is what the kinds of interfaces differ in. Its methods are called
// with the table's conf held.
type driver interface {
	// initAddr prepares the interface for its first address
	// (SIOCINITIFADDR): it brings it up.
	initAddr(t *Table, p *Ifnet) error

	// start makes an interface run that is up, and stop undoes it (if_init,
	// if_stop).
	start(t *Table, p *Ifnet) error
	stop(t *Table, p *Ifnet)

	// setMulti joins or leaves the group of a sockaddr on the link.
	setMulti(name []byte, add bool) error

	// gate lets packets through, or not, as the flags say.
	gate(flags int32)

	// maxMTU and minMTU are what SIOCSIFMTU takes, and setMTU tells the
	// hardware, which may not want it.
	minMTU() uint32
	maxMTU() uint32
	setMTU(mtu uint32) error

	// output sends a packet that has its link header, as Ifnet.Output says.
	output(packet []byte, how Output) error

	// destroy is called before an interface goes, and close gives the
	// hardware back.
	destroy(t *Table, p *Ifnet)
	close()
}

// change replaces flags of an interface, and lets packets through as they say.
// Nobody is told.
func (t *Table) change(p *Ifnet, flags int32) {
	p.flags.Store(flags)
	p.drv.gate(flags)
}

// up brings an interface up and tells everybody (if_up). It gets IPv6 addresses
// of its own if it has none, and those that were detached are back.
func (t *Table) up(p *Ifnet) {
	t.change(p, p.Flags()|netbsd.IFF_UP)
	t.touch(p)
	t.tell(Event{What: Changed, Ifp: p})
	t.reattach(p, netbsd.AF_INET)
	t.attachIPv6(p)
	t.reattach(p, netbsd.AF_INET6)
}

// down takes an interface down and tells everybody (if_down).
func (t *Table) down(p *Ifnet) {
	t.change(p, p.Flags()&^netbsd.IFF_UP)
	t.touch(p)
	t.tell(Event{What: Changed, Ifp: p})
	t.detachAddrs(p, netbsd.AF_INET)
	t.detachAddrs(p, netbsd.AF_INET6)
}

// touch notes when an interface went up or down.
func (t *Table) touch(p *Ifnet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.data.lastchange = t.Stack.Clock().Now()
}

// setFlags does SIOCSIFFLAGS. That an interface comes up is told twice, as
// NetBSD does: with the flags as they were, and when all is done.
func (t *Table) setFlags(p *Ifnet, want int32) error {
	old := p.Flags()
	switch {
	case old&netbsd.IFF_UP != 0 && want&netbsd.IFF_UP == 0:
		t.down(p)
	case old&netbsd.IFF_UP == 0 && want&netbsd.IFF_UP != 0:
		t.up(p)
	}
	t.change(p, p.Flags()&netbsd.IFF_CANTCHANGE|want&^netbsd.IFF_CANTCHANGE)
	switch p.Flags() & (netbsd.IFF_UP | netbsd.IFF_RUNNING) {
	case netbsd.IFF_RUNNING:
		p.drv.stop(t, p)
	case netbsd.IFF_UP, netbsd.IFF_UP | netbsd.IFF_RUNNING:
		return p.drv.start(t, p)
	}
	return nil
}

// setMTU does SIOCSIFMTU.
func (t *Table) setMTU(p *Ifnet, mtu int32) error {
	if uint32(mtu) < p.drv.minMTU() || uint32(mtu) > p.drv.maxMTU() {
		return netbsd.EINVAL
	}
	if p.MTU() == uint32(mtu) {
		return nil
	}
	if err := p.drv.setMTU(uint32(mtu)); err != nil {
		return err
	}
	p.mtu.Store(uint32(mtu))
	p.ep.SetMTU(uint32(mtu))
	if p.Up() {
		return p.drv.start(t, p)
	}
	return nil
}

// finish ends a request to an interface that had these flags before.
func (t *Table) finish(p *Ifnet, before int32) {
	if after := p.Flags(); (before^after)&netbsd.IFF_UP != 0 && after&netbsd.IFF_UP != 0 {
		t.up(p)
	}
}
