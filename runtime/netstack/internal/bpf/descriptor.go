package bpf

import (
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A descriptor is one of /dev/bpf (struct bpf_d).
type descriptor struct {
	waiter.Queue

	dev   *Device
	procs *kern.Procs
	clock hypercall.Clock
	cred  *kern.Cred
	born  time.Time
	owner kern.Owner   // told by SIGIO
	pid   atomic.Int32 // of who used it last

	setup sync.Mutex // held while an interface is chosen, or made promiscuous

	mu       sync.Mutex
	ifp      *netif.Ifnet // nil: none
	accessed time.Time
	modified time.Time

	buffers
	filter      filter
	writeFilter filter
	stats       bpfStat
	timeout     uint64 // of a read, in ticks; 0: none
	timer       hypercall.Timer
	poll        pollState

	immediate uint32 // not 0: a packet need not wait for others
	direction uint32 // which packets are seen, BPF_D_*
	feedback  uint32 // not 0: what is written comes in again
	complete  bool   // what is written has the source address
	promisc   bool   // the interface is promiscuous for this descriptor
	async     bool
	locked    bool // nothing is to be changed any more (BIOCLOCK)
}

var (
	_ kern.File = (*descriptor)(nil)
	_ netif.Tap = (*descriptor)(nil)
)

// bpfStat counts packets since the buffers were last emptied.
type bpfStat struct{ received, dropped, captured uint64 }

// A pollState tells what poll(2) has begun: the read timeout counts for it, too.
type pollState uint8

const (
	pollIdle pollState = iota
	pollWaiting
	pollTimedOut // what is in the store can be read
)

// attached returns the interface, nil when there is none.
func (d *descriptor) attached() *netif.Ifnet {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ifp
}

// attach chooses the interface (bpf_setif): ENXIO when there is none of that name.
// The buffers are empty then.
func (d *descriptor) attach(name string) error {
	d.setup.Lock()
	defer d.setup.Unlock()
	p := d.dev.ifs.ByName(name)
	if p == nil {
		return netbsd.ENXIO
	}
	d.mu.Lock()
	d.buffers.allocate()
	same := p == d.ifp
	d.reset()
	d.mu.Unlock()
	if same {
		return nil
	}
	d.detach()
	d.mu.Lock()
	d.ifp = p
	d.mu.Unlock()
	if !p.AddTap(d) {
		d.Departed(p)
		return netbsd.ENXIO
	}
	return nil
}

// detach leaves the interface. The caller has locked setup.
func (d *descriptor) detach() {
	d.mu.Lock()
	p, promisc := d.ifp, d.promisc
	d.ifp, d.promisc = nil, false
	d.mu.Unlock()
	if p == nil {
		return
	}
	p.RemoveTap(d)
	if promisc {
		_ = d.dev.ifs.SetPromiscuous(p, false) // fails when it is gone meanwhile
	}
}

// Departed forgets the interface, which goes.
func (d *descriptor) Departed(p *netif.Ifnet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ifp == p {
		d.ifp, d.promisc = nil, false
	}
}

// setPromiscuous does BIOCPROMISC.
func (d *descriptor) setPromiscuous() error {
	d.setup.Lock()
	defer d.setup.Unlock()
	d.mu.Lock()
	p, done := d.ifp, d.promisc
	d.mu.Unlock()
	switch {
	case p == nil:
		return netbsd.EINVAL
	case done:
		return nil
	}
	if err := d.dev.ifs.SetPromiscuous(p, true); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.promisc = d.ifp == p
	return nil
}

// reset empties the buffers and the counters (reset_d). The caller has locked mu.
func (d *descriptor) reset() {
	d.buffers.reset()
	d.stats = bpfStat{}
}

// Stat tells of the device, whose minor number is the process here.
func (d *descriptor) Stat(l *kern.Lwp, st *netbsd.Stat) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	pid := uint64(d.pid.Load())
	st.Dev = Number | pid&0xff | pid&0xfff00<<12
	st.Mode = netbsd.S_IFCHR
	st.Atim, st.Mtim = kern.Timespec(d.accessed), kern.Timespec(d.modified)
	st.Ctim = kern.Timespec(d.born)
	st.Birthtim = st.Ctim
	st.UID, st.GID = d.cred.EUID, d.cred.EGID
	return nil
}

// Restart wakes those who sleep.
func (d *descriptor) Restart() { d.Notify(waiter.EventInternal) }

// Close leaves the interface.
func (d *descriptor) Close(*kern.Lwp) {
	d.setup.Lock()
	defer d.setup.Unlock()
	d.detach()
	d.dev.closed(d)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle()
	d.buffers = buffers{}
}
