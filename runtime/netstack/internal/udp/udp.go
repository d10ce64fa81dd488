package udp

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// udp is the protocol's part of a socket.
type udp struct {
	socket.Unsupported

	p   *Protocol
	so  *socket.Socket
	pcb *inet.Pcb
}

var _ socket.Protocol = (*udp)(nil)

func (u *udp) Bind(l *kern.Lwp, name []byte) error { return u.pcb.Bind(l, name) }

// Connect sets the other end. An AF_INET6 socket must not have one.
func (u *udp) Connect(l *kern.Lwp, name []byte) error {
	if u.so.Domain == netbsd.AF_INET6 && u.pcb.Connected() {
		return netbsd.EISCONN
	}
	if err := u.pcb.Connect(l, name); err != nil {
		return err
	}
	u.so.Connected()
	return nil
}

// Disconnect takes the other end away, and the own address with it.
func (u *udp) Disconnect(*kern.Lwp) error {
	if u.so.Domain == netbsd.AF_INET6 && !u.pcb.Connected() {
		return netbsd.ENOTCONN
	}
	u.so.Unmark(socket.IsConnected)
	u.pcb.Disconnect()
	u.pcb.ClearLocal()
	return nil
}

func (u *udp) ShutWrite(*kern.Lwp) error {
	u.so.Mark(socket.CantSendMore)
	return nil
}

func (u *udp) Name(*kern.Lwp) ([]byte, error)     { return u.pcb.Name(), nil }
func (u *udp) PeerName(*kern.Lwp) ([]byte, error) { return u.pcb.PeerName(), nil }

// Option reads an option of the network layer. UDP's own cannot be read.
func (u *udp) Option(_ *kern.Lwp, level, name int32) ([]byte, error) {
	if level == netbsd.IPPROTO_UDP {
		return nil, netbsd.EINVAL
	}
	return u.pcb.Option(level, name)
}

// SetOption sets an option of the network layer, or UDP_ENCAP, which AF_INET
// sockets take but which does nothing without IPsec.
func (u *udp) SetOption(l *kern.Lwp, level, name int32, value []byte) error {
	if level != netbsd.IPPROTO_UDP {
		return u.pcb.SetOption(l, level, name, value)
	}
	if u.so.Domain == netbsd.AF_INET6 {
		return netbsd.EINVAL
	}
	if name != netbsd.UDP_ENCAP {
		return netbsd.ENOPROTOOPT
	}
	switch v, err := inet.Int(value); {
	case err != nil:
		return err
	case v != 0 && v != netbsd.UDP_ENCAP_ESPINUDP && v != netbsd.UDP_ENCAP_ESPINUDP_NON_IKE:
		return netbsd.EINVAL
	}
	return nil
}

func (u *udp) Close(*kern.Lwp) { u.pcb.Detach() }
