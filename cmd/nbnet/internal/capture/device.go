package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// path is where the device is.
const path = "/dev/bpf"

// bufferSize is how much the kernel is asked to keep until it is read. It may have
// less room.
const bufferSize = 1 << 18

// patience is how long to wait for a packet before looking whether there still is
// an interface, of which the kernel says nothing by itself.
const patience = time.Second

// A device is a descriptor of bpf(4), and the memory of the thread that uses it:
// arguments of calls, then what is read.
type device struct {
	kernel.Thread
	mem  abi.Bytes
	fd   int32
	size int // of a read
}

// The layout of the memory.
const (
	argsAt   = 0x10000
	argsSize = 0x1000
	dataAt   = argsAt + argsSize
)

func open(ctx context.Context, p kernel.Process) (*device, error) {
	d := &device{mem: abi.Bytes{Base: argsAt, Data: make([]byte, argsSize+bufferSize)}}
	var err error
	if d.Thread, err = p.NewThread(&d.mem); err != nil {
		return nil, err
	}
	d.fd, err = syscalls.Open(ctx, d, d.put([]byte(path+"\x00")), netbsd.O_RDWR|netbsd.O_NONBLOCK, 0)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
		return nil, hint(err, netbsd.ENOENT, "the kernel has no bpf(4): start rump_server with -lrumpvfs -lrumpdev -lrumpdev_bpf, too")
	}
	return d, nil
}

// put copies an argument into memory, where the one before it was.
func (d *device) put(b []byte) abi.Addr {
	copy(d.mem.Data[:argsSize], b)
	return argsAt
}

// ioctl makes one, and leaves in arg what the kernel answered.
func (d *device) ioctl(ctx context.Context, cmd uint, arg []byte) error {
	a := d.put(arg)
	_, err := syscalls.Ioctl(ctx, d, d.fd, cmd, a)
	copy(arg, d.mem.Data)
	return err
}

func (d *device) set(ctx context.Context, cmd uint, v uint32) (uint32, error) {
	arg := binary.NativeEndian.AppendUint32(nil, v)
	err := d.ioctl(ctx, cmd, arg)
	return binary.NativeEndian.Uint32(arg), err
}

// attach begins to see packets. It returns the type of their link.
func (d *device) attach(ctx context.Context, opt Options) (link uint32, err error) {
	size, err := d.set(ctx, netbsd.BIOCSBLEN, bufferSize)
	if err != nil {
		return 0, err
	}
	d.size = int(min(size, bufferSize))
	if _, err := d.set(ctx, netbsd.BIOCIMMEDIATE, 1); err != nil {
		return 0, err
	}
	if opt.Snaplen > 0 {
		if err := d.limit(ctx, uint32(opt.Snaplen)); err != nil {
			return 0, err
		}
	}
	var r netbsd.Ifreq
	if len(opt.Interface) >= len(r.Name) {
		return 0, netbsd.ENXIO
	}
	copy(r.Name[:], opt.Interface)
	if err := d.ioctl(ctx, netbsd.BIOCSETIF, abi.AsBytes(&r)); err != nil {
		return 0, hint(err, netbsd.ENXIO, `"nbnet ifconfig -l" lists the interfaces`)
	}
	if opt.Promiscuous {
		if err := d.ioctl(ctx, netbsd.BIOCPROMISC, nil); err != nil {
			return 0, err
		}
	}
	return d.set(ctx, netbsd.BIOCGDLT, 0)
}

// limit makes a filter of one instruction, that takes n bytes of each packet.
func (d *device) limit(ctx context.Context, n uint32) error {
	in := netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K, K: n}
	const programAt = argsAt + argsSize/2
	copy(d.mem.Data[programAt-argsAt:], abi.AsBytes(&in))
	return d.ioctl(ctx, netbsd.BIOCSETF, abi.AsBytes(&netbsd.BPFProgram{Len: 1, Insns: programAt}))
}

// read returns the records that there are: EAGAIN when there are none.
func (d *device) read(ctx context.Context) ([]byte, error) {
	n, err := syscalls.Read(ctx, d, d.fd, dataAt, uint(d.size))
	if err != nil {
		return nil, err
	}
	return d.mem.Data[argsSize:][:n], nil
}

// wait waits until there are records, or for some time. The error is that of an
// interface that is no longer there.
func (d *device) wait(ctx context.Context) error {
	p := netbsd.Pollfd{FD: d.fd, Events: netbsd.POLLIN}
	n, err := syscalls.Poll(ctx, d, d.put(abi.AsBytes(&p)), 1, int32(patience.Milliseconds()))
	if err != nil || n > 0 {
		return err
	}
	var r netbsd.Ifreq
	if err := d.ioctl(ctx, netbsd.BIOCGETIF, abi.AsBytes(&r)); errors.Is(err, netbsd.EINVAL) {
		return errGone
	} else if err != nil {
		return err
	}
	return nil
}

var errGone = errors.New("the interface is gone")

func (d *device) stats(ctx context.Context) (Stats, error) {
	var s netbsd.BPFStat
	err := d.ioctl(ctx, netbsd.BIOCGSTATS, abi.AsBytes(&s))
	return Stats{Received: s.Recv, Dropped: s.Drop}, err
}
