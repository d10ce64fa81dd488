package sockin

import (
	"encoding/binary"
	"sync"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A pcb is what streams and datagrams have in common.
type pcb struct {
	socket.Unsupported

	so   *socket.Socket
	host hypercall.Socket
}

// check looks at a name the way in_pcbbind and in6_pcbbind do, before the host sees
// it.
func (p *pcb) check(name []byte) error {
	want := netbsd.SizeofSockaddrIn
	if p.so.Domain == netbsd.AF_INET6 {
		want = netbsd.SizeofSockaddrIn6
	}
	switch {
	case int32(name[1]) != p.so.Domain:
		return netbsd.EAFNOSUPPORT
	case len(name) != want:
		return netbsd.EINVAL
	}
	return nil
}

// checkPeer looks at the name of another end, which must have a port.
func (p *pcb) checkPeer(name []byte) error {
	if err := p.check(name); err != nil {
		return err
	}
	if binary.BigEndian.Uint16(name[2:]) == 0 {
		return netbsd.EADDRNOTAVAIL
	}
	return nil
}

func (p *pcb) Bind(_ *kern.Lwp, name []byte) error {
	if err := p.check(name); err != nil {
		return err
	}
	return p.host.Bind(name)
}

func (p *pcb) Name(*kern.Lwp) ([]byte, error)     { return p.host.Name() }
func (p *pcb) PeerName(*kern.Lwp) ([]byte, error) { return p.host.PeerName() }

// Option gets an option of the host.
func (p *pcb) Option(_ *kern.Lwp, level, name int32) ([]byte, error) {
	return p.host.Option(level, name)
}

// SetOption sets an option of the host. Of those of SOL_SOCKET, which the socket
// has as well, it gets the ones that are about the network: the others have
// done what they do.
func (p *pcb) SetOption(_ *kern.Lwp, level, name int32, value []byte) error {
	if level == netbsd.SOL_SOCKET {
		switch name {
		case netbsd.SO_REUSEADDR, netbsd.SO_REUSEPORT, netbsd.SO_KEEPALIVE, netbsd.SO_DONTROUTE, netbsd.SO_BROADCAST,
			netbsd.SO_OOBINLINE, netbsd.SO_TIMESTAMP, netbsd.SO_SNDBUF, netbsd.SO_RCVBUF:
		default:
			return netbsd.ENOPROTOOPT
		}
	}
	return p.host.SetOption(level, name, value)
}

// shutdown ends a direction on the host, which it may have done by itself.
func (p *pcb) shutdown(how int32) error {
	err := p.host.Shutdown(how)
	if hypercall.Errno(err) == netbsd.ENOTCONN {
		return nil
	}
	return err
}

// A buffer is where data is on its way between the host and a caller's memory.
type buffer [1 << 16]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}
