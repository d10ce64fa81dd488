package local

import (
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// level is that of the options of local sockets.
const level = 0

// SetOption sets LOCAL_CREDS or LOCAL_CONNWAIT.
func (p *pcb) SetOption(_ *kern.Lwp, lev, name int32, value []byte) error {
	if lev != level || name != netbsd.LOCAL_CREDS && name != netbsd.LOCAL_CONNWAIT {
		return netbsd.ENOPROTOOPT
	}
	n, err := socket.Int(value)
	if err != nil {
		return err
	}
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if name == netbsd.LOCAL_CREDS {
		p.wantCreds = n != 0
	} else {
		p.connWait = n != 0
	}
	return nil
}

// Option gets LOCAL_CREDS or LOCAL_PEEREID, which is EINVAL when nobody is known to
// be at the other end. LOCAL_CONNWAIT can only be set.
func (p *pcb) Option(_ *kern.Lwp, lev, name int32) ([]byte, error) {
	if lev != level {
		return nil, netbsd.ENOPROTOOPT
	}
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	switch name {
	case netbsd.LOCAL_PEEREID:
		if p.ids == nil {
			return nil, netbsd.EINVAL
		}
		return slices.Clone(abi.AsBytes(p.ids)), nil
	case netbsd.LOCAL_CREDS:
		if p.wantCreds {
			return socket.IntValue(1), nil
		}
		return socket.IntValue(0), nil
	}
	return nil, netbsd.ENOPROTOOPT
}
