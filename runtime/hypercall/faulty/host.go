package faulty

import (
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
)

// New returns a host that is h with the faults of a plan. Members of h that are nil
// are those of the machine. Delays are by h's clock, which has no faults.
func New(h *hypercall.Host, plan Plan) *hypercall.Host {
	h = system.Complete(h)
	f := &faults{plan, h.Clock}
	return &hypercall.Host{
		Clock:   h.Clock,
		Random:  random{h.Random, f},
		Params:  params{h.Params, f},
		Console: console{h.Console, f},
		Files:   files{h.Files, f},
		Network: network{h.Network, f},
	}
}

type random struct {
	hypercall.Random
	*faults
}

func (r random) Read(p []byte) (int, error) {
	n, err := r.begin(Op{"random", "read", ""}, len(p))
	if err != nil {
		return 0, err
	}
	return r.Random.Read(p[:n])
}

type params struct {
	hypercall.Params
	*faults
}

func (p params) Param(name string) (string, error) {
	if err := p.do(Op{"params", "param", name}); err != nil {
		return "", err
	}
	return p.Params.Param(name)
}

type console struct {
	hypercall.Console
	*faults
}

func (c console) Write(p []byte) (int, error) {
	n, err := c.begin(Op{"console", "write", ""}, len(p))
	if err != nil {
		return 0, err
	}
	return c.Console.Write(p[:n])
}

type network struct {
	hypercall.Network
	*faults
}

func (n network) Open(driver, linkstr string) (hypercall.NetworkDevice, error) {
	if err := n.do(Op{driver, "open", linkstr}); err != nil {
		return nil, err
	}
	dev, err := n.Network.Open(driver, linkstr)
	if err != nil {
		return nil, err
	}
	return wrap(dev, &device{dev, n.faults, Op{driver, "send", linkstr}}), nil
}

// A device is a network device that may fail to send.
type device struct {
	hypercall.NetworkDevice
	*faults
	op Op
}

// Send has frames lost that are more than the fault's Max.
func (d *device) Send(frames ...[]byte) error {
	n, err := d.begin(d.op, len(frames))
	if err != nil {
		return err
	}
	return d.NetworkDevice.Send(frames[:n]...)
}

// wrap returns outer with what inner has besides the methods that all devices
// have, and that is not a matter of single frames.
func wrap(inner, outer hypercall.NetworkDevice) hypercall.NetworkDevice {
	mtu, hasMTU := inner.(hypercall.MTUDevice)
	state, hasState := inner.(hypercall.LinkStateDevice)
	switch {
	case hasMTU && hasState:
		return struct {
			hypercall.NetworkDevice
			mtuMethods
			stateMethods
		}{outer, mtu, state}
	case hasMTU:
		return struct {
			hypercall.NetworkDevice
			mtuMethods
		}{outer, mtu}
	case hasState:
		return struct {
			hypercall.NetworkDevice
			stateMethods
		}{outer, state}
	}
	return outer
}

type mtuMethods interface {
	MTU() int
	SetMTU(mtu int) error
}

type stateMethods interface {
	LinkState(changed func(up bool)) (up bool)
}
