package netif

import (
	"errors"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// An end is a device with an MTU and a link state.
type end struct {
	mtu     int
	changed func(up bool)
}

func (e *end) Start(func([]byte))   {}
func (e *end) Send(...[]byte) error { return nil }
func (e *end) Close() error         { return nil }
func (e *end) MTU() int             { return e.mtu }

func (e *end) SetMTU(mtu int) error {
	if mtu > 9000 {
		return &hypercall.OpError{Op: "set MTU", Driver: "virt", Err: netbsd.EPERM}
	}
	e.mtu = mtu
	return nil
}

func (e *end) LinkState(changed func(bool)) bool {
	e.changed = changed
	return false
}

// A device decides about the MTU, and its link state is the interface's.
func TestDevice(t *testing.T) {
	dev := &end{mtu: 4000}
	tab := New(stack.New(stack.Options{}))
	tab.Drivers = []string{"virt"}
	tab.Link = func(string, string) (hypercall.NetworkDevice, error) { return dev, nil }
	told := make(chan int32, 1)
	tab.Notify = func(e Event) {
		if e.What == Changed && e.Ifp.Data().LinkState == netbsd.LINK_STATE_UP {
			told <- e.Ifp.Data().LinkState
		}
	}
	tab.conf.Lock()
	if err := tab.create("virt0"); err != nil {
		t.Fatal(err)
	}
	p := tab.ByName("virt0")
	if d := p.Data(); p.MTU() != 4000 || d.LinkState != netbsd.LINK_STATE_DOWN {
		t.Errorf("MTU %d, link state %d", p.MTU(), d.LinkState)
	}
	for _, tt := range []struct {
		set, mtu int
		err      error
	}{{9000, 9000, nil}, {9001, 9000, netbsd.EPERM}, {1500, 1500, nil}, {45, 1500, netbsd.EINVAL}, {65536, 1500, netbsd.EINVAL}} {
		if err := tab.setMTU(p, int32(tt.set)); !errors.Is(err, tt.err) || int(p.MTU()) != tt.mtu || dev.mtu != tt.mtu {
			t.Errorf("set to %d: %v, %d, device %d", tt.set, err, p.MTU(), dev.mtu)
		}
	}
	dev.changed(true) // as it may be, by whom conf's holder waits for
	tab.conf.Unlock()
	select {
	case <-told:
	case <-time.After(time.Minute):
		t.Error("nobody was told")
	}
	tab.Close()
	dev.changed(false) // too late: nobody is told
}
