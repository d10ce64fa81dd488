package bpf

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
)

// Number is the device's: the major number is 23.
const Number = 23 << 8

// The sizes of a buffer: what a descriptor begins with, and at first the largest it
// may ask for.
const (
	defaultBuffer = 32768
	maxBuffer     = netbsd.BPF_DFLTBUFSIZE
)

// A Device is /dev/bpf. Each descriptor of it is for itself.
type Device struct {
	ifs     *netif.Table
	release *kernel.Release
	maxSize *sysctl.Int // of a buffer

	// What all descriptors have counted, since the kernel began.
	received, dropped, captured atomic.Uint64

	mu   sync.Mutex
	open []*descriptor // the oldest first
}

// New makes the device.
func New(ifs *netif.Table, release *kernel.Release) *Device {
	return &Device{ifs: ifs, release: release, maxSize: sysctl.NewInt(maxBuffer, checkSize)}
}

func checkSize(v int32) error {
	if v < netbsd.BPF_MINBUFSIZE || v > netbsd.BPF_MAXBUFSIZE {
		return netbsd.EINVAL
	}
	return nil
}

// Node returns net.bpf.
func (dev *Device) Node() sysctl.Node {
	const constant, variable = netbsd.CTLFLAG_PERMANENT, netbsd.CTLFLAG_PERMANENT | netbsd.CTLFLAG_READWRITE
	return sysctl.Node{Number: sysctl.Any, Name: "bpf", Flags: constant, Children: []sysctl.Node{
		{Number: sysctl.Any, Name: "maxbufsize", Flags: variable, Value: dev.maxSize, Func: true},
		{Number: sysctl.Any, Name: "stats", Flags: constant, Value: sysctl.Struct(dev.stats)},
		{Number: sysctl.Any, Name: "peers", Flags: constant, Type: netbsd.CTLTYPE_STRUCT, Handler: dev.peers},
	}}
}

func (dev *Device) stats() []byte {
	s := netbsd.BPFStat{Recv: dev.received.Load(), Drop: dev.dropped.Load(), Capt: dev.captured.Load()}
	return abi.AsBytes(&s)
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
	dev.mu.Lock()
	defer dev.mu.Unlock()
	dev.open = append(dev.open, d)
	return d
}

// closed forgets a descriptor.
func (dev *Device) closed(d *descriptor) {
	dev.mu.Lock()
	defer dev.mu.Unlock()
	dev.open = slices.DeleteFunc(dev.open, func(o *descriptor) bool { return o == d })
}
