package bpf

import (
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
)

// peers lists the descriptors, the newest first, for netstat(1). The name goes on
// with the size of an element, of which less or more may be asked for than there
// is, and with how many there is room for at most.
func (dev *Device) peers(r *sysctl.Request) error {
	switch {
	case len(r.Name) == 1 && r.Name[0] == netbsd.CTL_QUERY:
		return r.Query()
	case len(r.Name) != 2:
		return netbsd.EINVAL
	case !r.Superuser():
		return netbsd.EPERM
	}
	size, most := r.Name[0], r.Name[1]
	if size < 1 || most < 0 {
		return netbsd.EINVAL
	}
	dev.mu.Lock()
	list := slices.Clone(dev.open)
	dev.mu.Unlock()
	slices.Reverse(list)
	room := min(r.OldLen/uint(size), uint(most))
	if r.Old == 0 {
		room = 0
	}
	for i, d := range list[:min(uint(len(list)), room)] {
		x := d.external()
		b := abi.AsBytes(&x)[:min(size, netbsd.SizeofBPFDExt)]
		if err := r.CopyOut(b, r.Old+abi.Addr(i)*abi.Addr(size)); err != nil {
			return err
		}
	}
	r.OldLen = uint(len(list)) * uint(size)
	return nil
}

// external is what programs are told of d.
func (d *descriptor) external() netbsd.BPFDExt {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := netbsd.BPFDExt{
		Bufsize: int32(d.size), Promisc: truth(d.promisc), State: uint8(d.poll), Immediate: truth(d.immediate != 0),
		Hdrcmplt: int32(truth(d.complete)), Direction: d.direction, PID: d.pid.Load(),
		Rcount: d.stats.received, Dcount: d.stats.dropped, Ccount: d.stats.captured, Locked: int32(truth(d.locked)),
	}
	if d.ifp != nil {
		copy(x.Ifname[:len(x.Ifname)-1], d.ifp.Name)
	}
	return x
}

func truth(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}
