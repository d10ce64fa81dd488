package bpf

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// The headers of links: an Ethernet's, and with lo the address family.
const (
	etherHeader  = netbsd.ETHER_HDR_LEN
	familyHeader = 4
)

// linkOf returns the type of the interface's link (DLT_*), and the length of its
// header.
func linkOf(p *netif.Ifnet) (dlt uint32, header int) {
	if p.Loopback() {
		return netbsd.DLT_NULL, familyHeader
	}
	return netbsd.DLT_EN10MB, etherHeader
}

// Packet takes a packet of the interface (bpf_deliver).
func (d *descriptor) Packet(packet []byte, out bool) {
	if wake, async := d.take(packet, out); wake {
		d.wake(async)
	}
}

// take stores a packet that is wanted, and tells whether somebody is to be woken.
func (d *descriptor) take(packet []byte, out bool) (wake, async bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ifp == nil || !d.sees(out) {
		return false, false
	}
	d.stats.received++
	d.dev.received.Add(1)
	want := d.filter.run(packet)
	if want == 0 {
		return false, false
	}
	d.stats.captured++
	d.dev.captured.Add(1)
	_, link := linkOf(d.ifp)
	full, lost := d.buffers.add(packet, want, link, d.clock.Now())
	if lost {
		d.stats.dropped++
		d.dev.dropped.Add(1)
		return false, false
	}
	return full || d.immediate != 0 || d.poll == pollTimedOut, d.async
}

// sees tells whether packets of a direction are wanted.
func (d *descriptor) sees(out bool) bool {
	if !d.dev.release.BPFDirection {
		return !out || d.direction != 0
	}
	return d.direction == netbsd.BPF_D_INOUT || out == (d.direction == netbsd.BPF_D_OUT)
}

// wake wakes those who wait for packets, and sends SIGIO to the owner, if that is
// wanted.
func (d *descriptor) wake(async bool) {
	d.Notify(waiter.ReadableEvents)
	if async {
		d.owner.Signal(d.procs, netbsd.SIGIO)
	}
}
