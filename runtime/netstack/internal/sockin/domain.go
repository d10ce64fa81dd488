package sockin

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// bufferSize is what a socket's buffers hold, so that the longest datagram fits.
const bufferSize = 1 << 16

// Domains returns those of IPv4 and IPv6.
func Domains(host hypercall.Sockets) []socket.Domain {
	protocols := []socket.Protosw{{
		Type:     netbsd.SOCK_STREAM,
		Protocol: netbsd.IPPROTO_TCP,
		Flags:    socket.ConnRequired | socket.WantRcvd | socket.Listen,
		Attach: func(_ *kern.Lwp, so *socket.Socket, _ int32) (socket.Protocol, error) {
			return attachStream(host, so)
		},
	}, {
		Type:     netbsd.SOCK_DGRAM,
		Protocol: netbsd.IPPROTO_UDP,
		Flags:    socket.Atomic | socket.Addr | socket.WantRcvd,
		Attach: func(_ *kern.Lwp, so *socket.Socket, _ int32) (socket.Protocol, error) {
			return attachDatagram(host, so)
		},
	}}
	return []socket.Domain{
		{Family: netbsd.AF_INET, Switch: protocols},
		{Family: netbsd.AF_INET6, Switch: protocols},
	}
}

// open makes the host's socket for so.
func open(host hypercall.Sockets, so *socket.Socket) (hypercall.Socket, error) {
	if err := so.Reserve(bufferSize, bufferSize); err != nil {
		return nil, err
	}
	return host.Open(so.Domain, so.Type)
}
