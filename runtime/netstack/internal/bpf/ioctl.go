package bpf

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Ioctl does BIOC*, FIONREAD, and those that set the owner: EINVAL for others.
func (d *descriptor) Ioctl(l *kern.Lwp, _ *kern.OpenFile, cmd uint64, data []byte) error {
	d.pid.Store(l.Proc.PID)
	d.mu.Lock()
	d.idle()
	locked := d.locked
	d.mu.Unlock()
	if locked && !allowedWhenLocked(cmd) {
		return netbsd.EPERM
	}
	switch cmd {
	case netbsd.BIOCSETF, netbsd.BIOCSETWF:
		return d.setFilter(l, cmd, data)
	case netbsd.BIOCPROMISC:
		return d.setPromiscuous()
	case netbsd.BIOCSETIF:
		var r netbsd.Ifreq
		copy(abi.AsBytes(&r), data)
		name := abi.AsBytes(&r.Name)[:netbsd.IFNAMSIZ-1]
		return d.attach(string(name[:abi.StringLen(name)]))
	case netbsd.BIOCGETIF, netbsd.BIOCGDLT, netbsd.BIOCGDLTLIST, netbsd.BIOCSDLT:
		return d.linkIoctl(l, cmd, data)
	case netbsd.FIOSETOWN, netbsd.TIOCSPGRP, netbsd.FIOGETOWN, netbsd.TIOCGPGRP:
		return d.ownerIoctl(l, cmd, data)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if cmd&netbsd.IOC_IN != 0 {
		return d.set(cmd, data)
	}
	return d.get(cmd, data)
}

// allowedWhenLocked tells what BIOCLOCK leaves: what changes neither interface nor
// filters.
func allowedWhenLocked(cmd uint64) bool {
	switch cmd {
	case netbsd.BIOCGBLEN, netbsd.BIOCFLUSH, netbsd.BIOCGDLT, netbsd.BIOCGDLTLIST, netbsd.BIOCGETIF, netbsd.BIOCGRTIMEOUT,
		netbsd.BIOCGSTATS, netbsd.BIOCVERSION, netbsd.BIOCGHDRCMPLT, netbsd.FIONREAD, netbsd.BIOCLOCK, netbsd.BIOCSRTIMEOUT,
		netbsd.BIOCIMMEDIATE, netbsd.TIOCGPGRP:
		return true
	}
	return false
}

// set does the commands that set a number. The caller has locked mu.
func (d *descriptor) set(cmd uint64, data []byte) error {
	if cmd == netbsd.BIOCSRTIMEOUT {
		return d.setTimeout(data)
	}
	if len(data) != 4 {
		return netbsd.EINVAL
	}
	v := binary.NativeEndian.Uint32(data)
	switch cmd {
	case netbsd.BIOCSBLEN:
		if d.ifp != nil {
			return netbsd.EINVAL
		}
		d.size = min(max(v, netbsd.BPF_MINBUFSIZE), uint32(d.dev.maxSize.Load()))
		binary.NativeEndian.PutUint32(data, d.size)
	case netbsd.BIOCIMMEDIATE:
		d.immediate = v & 0xff // a u_char
	case netbsd.BIOCSHDRCMPLT:
		d.complete = v != 0
	case netbsd.BIOCSDIRECTION: // and BIOCSSEESENT
		if d.dev.release.BPFDirection && v > netbsd.BPF_D_OUT {
			return netbsd.EINVAL
		}
		d.direction = v
	case netbsd.BIOCSFEEDBACK:
		d.feedback = v
	default:
		return netbsd.EINVAL
	}
	return nil
}

// setTimeout does BIOCSRTIMEOUT. A time that is less than a tick is one.
func (d *descriptor) setTimeout(data []byte) error {
	var tv netbsd.Timeval
	copy(abi.AsBytes(&tv), data)
	d.timeout = uint64(tv.Sec*hz + int64(tv.Usec)/tick.Microseconds())
	if d.timeout == 0 && tv.Usec != 0 {
		d.timeout = 1
	}
	return nil
}

// get does the commands that ask, and those without an argument. The caller has
// locked mu.
func (d *descriptor) get(cmd uint64, data []byte) error {
	var v uint32
	switch cmd {
	case netbsd.BIOCFLUSH:
		d.reset()
		return nil
	case netbsd.BIOCLOCK:
		if !d.dev.release.BPFDirection {
			return netbsd.EINVAL
		}
		d.locked = true
		return nil
	case netbsd.BIOCGRTIMEOUT:
		tv := netbsd.Timeval{Sec: int64(d.timeout / hz)}
		setLong(&tv.Usec, int64(d.timeout%hz)*tick.Microseconds())
		copy(data, abi.AsBytes(&tv))
		return nil
	case netbsd.BIOCGSTATS:
		s := netbsd.BPFStat{Recv: d.stats.received, Drop: d.stats.dropped, Capt: d.stats.captured}
		copy(data, abi.AsBytes(&s))
		return nil
	case netbsd.BIOCGSTATSOLD:
		s := netbsd.BPFStatOld{Recv: uint32(d.stats.received), Drop: uint32(d.stats.dropped)}
		copy(data, abi.AsBytes(&s))
		return nil
	case netbsd.BIOCVERSION:
		copy(data, abi.AsBytes(&netbsd.BPFVersion{Major: netbsd.BPF_MAJOR_VERSION, Minor: netbsd.BPF_MINOR_VERSION}))
		return nil
	case netbsd.FIONREAD:
		v = uint32(d.used + d.held)
	case netbsd.BIOCGBLEN:
		v = d.size
	case netbsd.BIOCGHDRCMPLT:
		if d.complete {
			v = 1
		}
	case netbsd.BIOCGDIRECTION: // and BIOCGSEESENT
		v = d.direction
	case netbsd.BIOCGFEEDBACK:
		v = d.feedback
	default:
		return netbsd.EINVAL
	}
	binary.NativeEndian.PutUint32(data, v)
	return nil
}

// setFilter does BIOCSETF, which empties the buffers, and BIOCSETWF. Whatever is
// wrong with the program, or the memory it is in, is EINVAL.
func (d *descriptor) setFilter(l *kern.Lwp, cmd uint64, data []byte) error {
	if cmd == netbsd.BIOCSETWF && !d.dev.release.BPFDirection {
		return netbsd.EINVAL
	}
	var prog netbsd.BPFProgram
	copy(abi.AsBytes(&prog), data)
	if prog.Len > netbsd.BPF_MAXINSNS {
		return netbsd.EINVAL
	}
	var f filter
	if prog.Len != 0 {
		f = make(filter, prog.Len)
		if l.CopyIn(kern.SliceBytes(f), prog.Insns) != nil || !f.validate() {
			return netbsd.EINVAL
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if cmd == netbsd.BIOCSETWF {
		d.writeFilter = f
		return nil
	}
	d.filter = f
	d.reset()
	return nil
}

// linkIoctl does the commands about the interface and its link: EINVAL when there
// is no interface.
func (d *descriptor) linkIoctl(l *kern.Lwp, cmd uint64, data []byte) error {
	p := d.attached()
	if p == nil {
		return netbsd.EINVAL
	}
	dlt, _ := linkOf(p)
	switch cmd {
	case netbsd.BIOCGETIF:
		copy(data[:netbsd.IFNAMSIZ], p.Name+"\x00")
	case netbsd.BIOCGDLT:
		binary.NativeEndian.PutUint32(data, dlt)
	case netbsd.BIOCSDLT:
		if binary.NativeEndian.Uint32(data) != dlt {
			return netbsd.EINVAL
		}
	case netbsd.BIOCGDLTLIST:
		var list netbsd.BPFDltlist
		copy(abi.AsBytes(&list), data)
		if list.List != 0 {
			if list.Len < 1 {
				return netbsd.ENOMEM
			}
			if err := kern.Out(l, &dlt, list.List); err != nil {
				return err
			}
		}
		list.Len = 1
		copy(data, abi.AsBytes(&list))
	}
	return nil
}

// ownerIoctl does the commands that set and ask who SIGIO goes to. For two of them
// the number is a process group's.
func (d *descriptor) ownerIoctl(l *kern.Lwp, cmd uint64, data []byte) error {
	id := int32(binary.NativeEndian.Uint32(data))
	switch cmd {
	case netbsd.FIOSETOWN:
		return d.owner.Set(l, id)
	case netbsd.TIOCSPGRP:
		if id < 0 {
			return netbsd.EINVAL
		}
		return d.owner.Set(l, -id)
	case netbsd.FIOGETOWN:
		id = d.owner.ID()
	case netbsd.TIOCGPGRP:
		id = -d.owner.ID()
	}
	binary.NativeEndian.PutUint32(data, uint32(id))
	return nil
}
