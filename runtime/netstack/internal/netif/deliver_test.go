package netif

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// dispatcher panics as gVisor does.
type dispatcher struct {
	stack.NetworkDispatcher
	value any
}

func (d dispatcher) DeliverNetworkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer) {
	panic(d.value)
}

func TestDeliver(t *testing.T) {
	p := new(Ifnet)
	p.deliver(dispatcher{value: "unrecognized tcpip forwarding error: endpoint is in invalid state"}, 0, nil)
	if n := p.data.iqdrops.Load(); n != 1 {
		t.Errorf("%d packets counted as lost", n)
	}
	defer func() {
		if recover() == nil {
			t.Error("another panic is hidden")
		}
	}()
	p.deliver(dispatcher{value: "something else"}, 0, nil)
}
