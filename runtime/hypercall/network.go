package hypercall

import "github.com/abigen/abigen/netbsd"

// A Network has the devices behind a kernel's interfaces. Its method may be
// called from several goroutines at once.
type Network interface {
	// Open finds a device. driver is "shmif" or "virt"; linkstr is what
	// ifconfig's linkstr said, or for virt the interface's number, unless
	// there is one. ENXIO: there is no such device.
	Open(driver, linkstr string) (NetworkDevice, error)
}

// A NetworkFunc is a function as a [Network]. Nil has no devices.
type NetworkFunc func(driver, linkstr string) (NetworkDevice, error)

// Open calls f.
func (f NetworkFunc) Open(driver, linkstr string) (NetworkDevice, error) {
	if f == nil {
		return nil, &OpError{Op: "open", Driver: driver, Err: netbsd.ENXIO}
	}
	return f(driver, linkstr)
}

// A NetworkDevice moves Ethernet frames: what stands behind an interface of a
// kernel. Its methods may be called from several goroutines at once.
type NetworkDevice interface {
	// Start begins delivery: input is called with each frame that arrives,
	// which it must not keep, one at a time.
	Start(input func(frame []byte))

	// Send passes frames on, in order. It keeps none of them. A frame that
	// there is no room for is lost, as on any Ethernet; an error says that
	// the device itself no longer works.
	Send(frames ...[]byte) error

	// Close ends delivery: after it has returned, input is not called again.
	Close() error
}

// An MTUDevice is a [NetworkDevice] that has a say in how long frames may be.
type MTUDevice interface {
	NetworkDevice

	// MTU returns how long a packet may be, in bytes, without the Ethernet
	// header.
	MTU() int

	// SetMTU changes that: EINVAL when the device cannot have it.
	SetMTU(mtu int) error
}

// A LinkStateDevice is a [NetworkDevice] that knows whether somebody is at the
// other end.
type LinkStateDevice interface {
	NetworkDevice

	// LinkState returns whether that is so now, and has changed called when
	// it changes, one call at a time, until the device is closed. There is
	// one such function, the last.
	LinkState(changed func(up bool)) (up bool)
}
