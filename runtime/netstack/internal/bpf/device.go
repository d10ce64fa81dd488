package bpf

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// Number is the device's: the major number is 23.
const Number = 23 << 8

// The sizes of a buffer: what a descriptor begins with, and the largest it may ask
// for (net.bpf.maxbufsize).
const (
	defaultBuffer = 32768
	maxBuffer     = netbsd.BPF_DFLTBUFSIZE
)

// A Device is /dev/bpf. Each descriptor of it is for itself.
type Device struct {
	Interfaces *netif.Table
	Release    *kernel.Release
}

// Open returns a new descriptor, which sees no interface yet.
func (dev *Device) Open(l *kern.Lwp) kern.File {
	now := l.Clock().Now()
	d := &descriptor{
		dev: dev, procs: l.Proc.Procs(), clock: l.Clock(), cred: l.Cred(),
		born: now, accessed: now, modified: now,
		buffers: buffers{size: defaultBuffer}, direction: netbsd.BPF_D_INOUT,
	}
	d.pid.Store(l.Proc.PID)
	return d
}
