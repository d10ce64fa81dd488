package main

import (
	"context"
	"errors"
	"net"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A way is one of those that are compared: sockets on 127.0.0.1 of a stack.
type way struct {
	name         string
	dial         func(ctx context.Context, to net.Addr) (net.Conn, error)
	listen       func() (net.Listener, error)
	listenPacket func() (net.PacketConn, error)
	close        func()
}

const local = "127.0.0.1:0"

// Buffers are how large the buffers of a TCP socket are at first, and may grow
// to, in bytes.
type buffers struct{ size, limit int }

// The defaults of NetBSD (net.inet.tcp.sendspace, sendbuf_max), and of gVisor.
var (
	netbsdBuffers = buffers{32 << 10, 256 << 10}
	gvisorBuffers = buffers{1 << 20, 4 << 20}
)

// newWays returns them in the order of the columns: ours, gonet, the host. The
// first two have the same buffers.
func newWays(b buffers) ([]way, error) {
	ours, err := embedded(b)
	if err != nil {
		return nil, err
	}
	g, err := gonetWay(b)
	if err != nil {
		ours.close()
		return nil, err
	}
	return []way{ours, g, host()}, nil
}

func host() way {
	return way{
		name: "host",
		dial: func(ctx context.Context, to net.Addr) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, to.Network(), to.String())
		},
		listen:       func() (net.Listener, error) { return net.Listen("tcp", local) },
		listenPacket: func() (net.PacketConn, error) { return net.ListenPacket("udp", local) },
		close:        func() {},
	}
}

// gonetWay is a gVisor stack like the one in the embedded kernel, with a loopback
// interface that has the MTU of lo0.
func gonetWay(b buffers) (way, error) {
	const nic = 1
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol},
		HandleLocal:        true,
	})
	timeWait := tcpip.TCPTimeWaitTimeoutOption(2 * time.Second) // net.inet.tcp.mslt.loopback, twice
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4 << 10, Default: b.size, Max: b.limit}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4 << 10, Default: b.size, Max: b.limit}
	for _, opt := range []tcpip.SettableTransportProtocolOption{&timeWait, &send, &receive} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, opt); err != nil {
			return way{}, errors.New(err.String())
		}
	}
	link := loopback.New()
	link.SetMTU(33624)
	addr := tcpip.AddrFrom4([4]byte{127, 0, 0, 1})
	if err := s.CreateNIC(nic, link); err != nil {
		return way{}, errors.New(err.String())
	}
	prefix := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: addr.WithPrefix()}
	if err := s.AddProtocolAddress(nic, prefix, stack.AddressProperties{}); err != nil {
		return way{}, errors.New(err.String())
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	full := func(a net.Addr) tcpip.FullAddress {
		f := tcpip.FullAddress{NIC: nic, Addr: addr}
		switch a := a.(type) {
		case *net.TCPAddr:
			f.Port = uint16(a.Port)
		case *net.UDPAddr:
			f.Port = uint16(a.Port)
		}
		return f
	}
	return way{
		name: "gonet",
		dial: func(ctx context.Context, to net.Addr) (net.Conn, error) {
			return gonet.DialContextTCP(ctx, s, full(to), ipv4.ProtocolNumber)
		},
		listen: func() (net.Listener, error) { return gonet.ListenTCP(s, full(nil), ipv4.ProtocolNumber) },
		listenPacket: func() (net.PacketConn, error) {
			a := full(nil)
			return gonet.DialUDP(s, &a, nil, ipv4.ProtocolNumber)
		},
		close: s.Destroy,
	}, nil
}

// embedded is the embedded kernel, through package nbsock.
func embedded(b buffers) (way, error) {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return way{}, err
	}
	if err := limitBuffers(k, b); err != nil {
		return way{}, errors.Join(err, k.Close())
	}
	return through("nbsock", k)
}

// onHost is an embedded kernel whose sockets are the host's, through package
// nbsock.
func onHost() (way, error) {
	k, err := netstack.New(netstack.Config{Sockin: new(sockin.Host)})
	if err != nil {
		return way{}, err
	}
	return through("sockin", k)
}

// through is a kernel's sockets through package nbsock.
func through(name string, k kernel.Kernel) (way, error) {
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		return way{}, errors.Join(err, k.Close())
	}
	return way{
		name: name,
		dial: func(ctx context.Context, to net.Addr) (net.Conn, error) {
			return n.DialContext(ctx, to.Network(), to.String())
		},
		listen:       func() (net.Listener, error) { return n.Listen("tcp", local) },
		listenPacket: func() (net.PacketConn, error) { return n.ListenPacket("udp", local) },
		close: func() {
			n.Close()
			k.Close()
		},
	}, nil
}

func limitBuffers(k kernel.Kernel, b buffers) error {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, v := range []struct {
		name  string
		value int
	}{
		{"kern.sbmax", b.limit},
		{"net.inet.tcp.sendbuf_max", b.limit}, {"net.inet.tcp.recvbuf_max", b.limit},
		{"net.inet.tcp.sendspace", b.size}, {"net.inet.tcp.recvspace", b.size},
	} {
		if err := c.SetInt(context.Background(), v.name, int32(v.value)); err != nil {
			return err
		}
	}
	return nil
}
