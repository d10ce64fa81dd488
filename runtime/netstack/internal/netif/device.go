package netif

import (
	"errors"
	"math"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// open finds a device. Whoever provides it decides about the errno, if the
// error is one.
func (t *Table) open(driver, linkstr string) (hypercall.NetworkDevice, error) {
	if t.Link == nil {
		return nil, netbsd.ENXIO
	}
	dev, err := t.Link(driver, linkstr)
	if err != nil {
		return nil, deviceErrno(err)
	}
	if dev == nil {
		return nil, netbsd.ENXIO
	}
	return dev, nil
}

func deviceErrno(err error) error {
	if errno, ok := errors.AsType[netbsd.Errno](err); ok {
		return errno
	}
	return netbsd.ENXIO
}

// plug puts a device behind the interface, which has the MTU of the device from
// then on, if that has one.
func (e *ether) plug(t *Table, dev hypercall.NetworkDevice) {
	e.dev.Store(&dev)
	if d, ok := dev.(hypercall.MTUDevice); ok {
		if mtu := d.MTU(); mtu >= etherMinMTU && mtu <= math.MaxUint16 {
			e.ifp.mtu.Store(uint32(mtu))
			e.SetMTU(uint32(mtu))
		}
	}
	if d, ok := dev.(hypercall.LinkStateDevice); ok {
		up := d.LinkState(func(up bool) {
			e.link.Store(linkState(up))
			// Not here: the device may be about to be closed, with
			// conf held, and waits for this call.
			go t.linkChanged(e, &dev)
		})
		e.link.CompareAndSwap(netbsd.LINK_STATE_UNKNOWN, linkState(up)) // unless it has changed already
		e.linkTold = e.link.Load()
	}
	if d, ok := dev.(hypercall.OffloadDevice); ok && d.StartOffload(e.inputOffload) {
		e.offload.Store(&d)
		return
	}
	dev.Start(e.input)
}

func (e *ether) close() {
	e.offload.Store(nil)
	if dev := e.dev.Swap(nil); dev != nil {
		_ = (*dev).Close() // what was on its way is lost, as on any Ethernet
		e.link.Store(netbsd.LINK_STATE_UNKNOWN)
	}
}

func linkState(up bool) int32 {
	if up {
		return netbsd.LINK_STATE_UP
	}
	return netbsd.LINK_STATE_DOWN
}

// linkChanged tells everybody that somebody is at the other end of the link, or
// nobody any more, in which case the addresses are detached: who comes next may
// have one of them (if_link_state_change).
func (t *Table) linkChanged(e *ether, dev *hypercall.NetworkDevice) {
	t.conf.Lock()
	defer t.conf.Unlock()
	p, now := e.ifp, e.link.Load()
	if t.gone(p) || e.dev.Load() != dev || e.linkTold == now {
		return
	}
	e.linkTold = now
	t.tell(Event{What: Changed, Ifp: p})
	for _, family := range []int32{netbsd.AF_INET, netbsd.AF_INET6} {
		if now == netbsd.LINK_STATE_DOWN {
			t.detachAddrs(p, family)
		} else {
			t.reattach(p, family)
		}
	}
}

// noLink tells whether it is known that nobody is at the other end.
func (p *Ifnet) noLink() bool {
	e, ok := p.drv.(*ether)
	return ok && e.link.Load() == netbsd.LINK_STATE_DOWN
}

// maxMTU is Ethernet's, unless the device can tell.
func (e *ether) maxMTU() uint32 {
	if _, ok := e.device().(hypercall.MTUDevice); ok {
		return math.MaxUint16
	}
	return etherMTU
}

func (e *ether) setMTU(mtu uint32) error {
	if d, ok := e.device().(hypercall.MTUDevice); ok {
		if err := d.SetMTU(int(mtu)); err != nil {
			return deviceErrno(err)
		}
	}
	return nil
}

// device returns the device, nil when there is none.
func (e *ether) device() hypercall.NetworkDevice {
	if dev := e.dev.Load(); dev != nil {
		return *dev
	}
	return nil
}
