// Package link is the sockets of AF_LINK, which are good for ioctls about
// hardware addresses and nothing else. It has the place of link_proto.c.
package link

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Domain returns AF_LINK.
func Domain() socket.Domain {
	return socket.Domain{
		Family: netbsd.AF_LINK,
		Switch: []socket.Protosw{{Type: netbsd.SOCK_DGRAM, Flags: socket.Atomic | socket.Addr, Attach: attach}},
	}
}

// attach gives the socket no buffers: nothing is ever sent or received.
func attach(*kern.Lwp, *socket.Socket, int32) (socket.Protocol, error) { return protocol{}, nil }

type protocol struct{ socket.Unsupported }

func (protocol) ShutWrite(*kern.Lwp) error { return netbsd.EOPNOTSUPP }
func (protocol) Stat(*netbsd.Stat) error   { return netbsd.EOPNOTSUPP }
