package bpf

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// Write sends a packet: ENXIO when no interface was chosen, EMSGSIZE when it is
// longer than the MTU or shorter than its header, EIO when it does not fit an mbuf
// cluster, EPERM when the filter for that does not let it through.
func (d *descriptor) Write(l *kern.Lwp, _ *kern.OpenFile, u *kern.Uio) error {
	d.mu.Lock()
	p, filter := d.ifp, d.writeFilter
	how := netif.Output{Complete: d.complete, Feedback: d.feedback != 0}
	if p != nil {
		d.modified = d.clock.Now()
	}
	d.mu.Unlock()
	if p == nil {
		return netbsd.ENXIO
	}
	if u.Resid == 0 {
		return nil
	}
	header, align := 0, 0
	if !p.Loopback() {
		header, align = etherHeader, 2
	}
	if u.Resid < header || uint64(u.Resid-header) > uint64(p.MTU()) {
		return netbsd.EMSGSIZE
	}
	if u.Resid+align > netbsd.MCLBYTES {
		return netbsd.EIO
	}
	b := make([]byte, u.Resid)
	if _, err := u.Read(b); err != nil {
		return err
	}
	if filter.run(b) == 0 {
		return netbsd.EPERM
	}
	return p.Output(b, how)
}
