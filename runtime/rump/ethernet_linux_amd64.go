package rump

import (
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
)

// ethernets are the devices behind the kernel's virt interfaces. Threads of the kernel
// send, and those are not Go's: they write each frame to one end of a socket pair,
// which is all they need to know, and a goroutine has the other end.
type ethernets struct {
	k       *local
	network hypercall.Network
	deliver uintptr // rump_virtif_virt_deliverpkt

	mu  sync.Mutex
	set map[uintptr]*ethernet // by handle
}

// An ethernet is one of them.
type ethernet struct {
	k       *local
	deliver uintptr
	device  hypercall.NetworkDevice
	ifp     uintptr  // what the kernel knows the interface by
	out     int      // the end that the kernel writes to
	in      *os.File // the other one

	// Of whoever delivers what arrives.
	process *process // in whose name that is done; nil before the first frame
	iov     unix.Iovec
}

// start has the device of each interface looked for in a network.
func (es *ethernets) start(s *symbols, k *local, network hypercall.Network) {
	deliver, err := purego.Dlsym(s.handle, "rump_virtif_virt_deliverpkt")
	if err != nil {
		return // the kernel has no such interfaces
	}
	es.k, es.network, es.deliver, es.set = k, network, deliver, map[uintptr]*ethernet{}
	host.ethernet = purego.NewCallback(es.change)
}

// What change is to do.
const (
	createEthernet uintptr = iota
	destroyEthernet
)

// change makes the device of the interface ifp, whose number is the string at a, and
// stores its handle, or gives up the device with the handle a. It returns an error
// number.
func (es *ethernets) change(what, a, ifp uintptr, handle *uintptr) uintptr {
	if what == destroyEthernet {
		es.destroy(a)
		return 0
	}
	h, err := es.create(cString(a), ifp)
	if err != nil {
		return uintptr(hypercall.Errno(err))
	}
	*handle = h
	return 0
}

// cString returns a string of the kernel's, the number of an interface.
func cString(at uintptr) string {
	const most = 16
	b := unsafe.Slice((*byte)(pointer(at)), most)
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

func (es *ethernets) create(number string, ifp uintptr) (handle uintptr, err error) {
	if es.k.down.Load() {
		return 0, netbsd.ENXIO
	}
	device, err := es.network.Open("virt", number)
	if err != nil {
		return 0, err
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(ends[0], true)
	}
	if err != nil {
		_ = device.Close()
		return 0, err
	}
	e := &ethernet{
		k: es.k, deliver: es.deliver, device: device, ifp: ifp,
		out: ends[1], in: os.NewFile(uintptr(ends[0]), "virt"+number),
	}
	handle = uintptr(e.out) + 1
	es.mu.Lock()
	es.set[handle] = e
	es.mu.Unlock()
	go e.send()
	device.Start(e.input)
	return handle, nil
}

// send passes on what the kernel sends until its end of the pair is closed.
func (e *ethernet) send() {
	defer e.in.Close()
	buf := make([]byte, hypercall.MaxFrame)
	for {
		n, err := e.in.Read(buf)
		if err != nil {
			return
		}
		_ = e.device.Send(buf[:n]) // what is lost is lost
	}
}

// The lengths of frames. The kernel has a line on its console for each one that is
// longer, and reads the header of shorter ones from nowhere.
const (
	shortestFrame = 14
	longestFrame  = 1514 + 4 // with a tag of a VLAN
)

// input delivers a frame.
func (e *ethernet) input(frame []byte) {
	if len(frame) < shortestFrame || len(frame) > longestFrame || e.k.up() != nil {
		return
	}
	if e.process == nil {
		p, err := e.k.newProcess(0, forkClean, kernel.ProcessOptions{Name: "virt"})
		if err != nil {
			return // there is no room for the frame either
		}
		e.process = p
	}
	e.iov.Base = &frame[0]
	e.iov.SetLen(len(frame))
	steps(e.process.control.lwp,
		step{fn: e.k.entry.schedule},
		step{fn: e.deliver, args: [4]uintptr{e.ifp, uintptr(unsafe.Pointer(&e.iov)), 1}},
		step{fn: e.k.entry.unschedule})
	runtime.KeepAlive(e)
	e.iov.Base = nil
}

// destroy closes a device. Then nothing is delivered any more.
func (es *ethernets) destroy(handle uintptr) {
	es.mu.Lock()
	e := es.set[handle]
	delete(es.set, handle)
	es.mu.Unlock()
	if e != nil {
		_ = e.device.Close()
		_ = unix.Close(e.out)
		if e.process != nil {
			go e.process.Exit() // not by this thread, which has come from the kernel
		}
	}
}

// stop closes the devices of a kernel that has halted. Threads of the kernel that go on
// write to their descriptors, by number.
func (es *ethernets) stop() {
	es.mu.Lock()
	defer es.mu.Unlock()
	for _, e := range es.set {
		_ = e.device.Close()
		_ = unix.Shutdown(e.out, unix.SHUT_RDWR)
	}
	clear(es.set)
}
