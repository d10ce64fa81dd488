package netstack

import (
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/raw"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
)

// New boots a kernel. It must be closed when it is no longer needed.
func New(cfg Config) (*Kernel, error) {
	if cfg.Release == nil {
		cfg.Release = kernel.NetBSD10
	}
	k := &Kernel{release: cfg.Release, stack: newStack()}
	vars, err := sysctl.New(sysctl.Config{Release: cfg.Release, Hostname: cfg.Hostname})
	if err != nil {
		k.stack.Destroy()
		return nil, err
	}
	k.table, err = newTable(
		kern.Sysents(),
		vars.Sysents(),
	)
	if err != nil {
		k.stack.Destroy()
		return nil, err
	}
	return k, nil
}

func newStack() *stack.Stack {
	return stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
		RawFactory:         raw.EndpointFactory{},
		HandleLocal:        true,
	})
}
