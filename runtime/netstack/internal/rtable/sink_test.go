package rtable

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A NIC that packets are sent to for being dropped is none that the host's own
// addresses are reached by.
func TestSinksAreNoLoopback(t *testing.T) {
	for _, ep := range []stack.LinkEndpoint{blackhole{loopback.New()}, rejecter{LinkEndpoint: blackhole{loopback.New()}}} {
		if ep.Capabilities()&stack.CapabilityLoopback != 0 {
			t.Errorf("%T is a loopback", ep)
		}
	}
}
