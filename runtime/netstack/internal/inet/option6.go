package inet

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// receive6 are the options of IPPROTO_IPV6 that ask for control messages.
var receive6 = map[int32]receive{
	netbsd.IPV6_RECVPKTINFO:  recv6Pktinfo,
	netbsd.IPV6_RECVHOPLIMIT: recv6HopLimit,
	netbsd.IPV6_RECVRTHDR:    recv6Rthdr,
	netbsd.IPV6_RECVHOPOPTS:  recv6Hopopts,
	netbsd.IPV6_RECVDSTOPTS:  recv6Dstopts,
	ipv6RecvRthdrDstopts:     recv6RthdrDstopts,
	netbsd.IPV6_RECVPATHMTU:  recv6PathMTU,
	netbsd.IPV6_RECVTCLASS:   recv6Tclass,
}

// ipv6RecvRthdrDstopts is IPV6_RECVRTHDRDSTOPTS, which only the kernel's own
// header has.
const ipv6RecvRthdrDstopts = 41

// privileged6 are those of them that only the superuser may set: extension
// headers cost time.
const privileged6 = recv6Hopopts | recv6Dstopts | recv6RthdrDstopts

func (p *Pcb) option6(name int32) ([]byte, error) {
	if isMulticast6(name) {
		return p.multicastOption6(name)
	}
	o := p.Options()
	if bit, ok := receive6[name]; ok {
		return boolValue(o.receive&bit != 0), nil
	}
	switch name {
	case netbsd.IPV6_UNICAST_HOPS:
		return IntValue(int32(o.Hop)), nil
	case netbsd.IPV6_FAITH:
		return boolValue(o.faith), nil
	case netbsd.IPV6_V6ONLY:
		return boolValue(p.V6Only()), nil
	case netbsd.IPV6_PORTALGO:
		return IntValue(o.portAlgo), nil
	case netbsd.IPV6_PORTRANGE:
		switch {
		case o.highPort:
			return IntValue(netbsd.IPV6_PORTRANGE_HIGH), nil
		case p.isLowPort():
			return IntValue(netbsd.IPV6_PORTRANGE_LOW), nil
		}
		return IntValue(netbsd.IPV6_PORTRANGE_DEFAULT), nil
	case netbsd.IPV6_PATHMTU:
		return p.pathMTU()
	}
	return o.sticky.option(name)
}

func (p *Pcb) setOption6(l *kern.Lwp, name int32, value []byte) error {
	if isMulticast6(name) {
		return p.setMulticast6(l, name, value)
	}
	if bit, ok := receive6[name]; ok {
		if bit&privileged6 != 0 && !l.Superuser() {
			return netbsd.EPERM
		}
		if bit == recv6PathMTU && p.So.Type == netbsd.SOCK_STREAM {
			_, err := Int(value)
			return err
		}
		return p.set(bit, value)
	}
	switch name {
	case netbsd.IPV6_PORTALGO:
		return p.setPortAlgo(value)
	case netbsd.IPV6_UNICAST_HOPS, netbsd.IPV6_FAITH, netbsd.IPV6_V6ONLY, netbsd.IPV6_PORTRANGE:
		v, err := Int(value)
		if err != nil {
			return err
		}
		return p.setInt6(name, v)
	}
	return p.setSticky(l, name, value)
}

func (p *Pcb) setInt6(name, v int32) error {
	switch name {
	case netbsd.IPV6_UNICAST_HOPS:
		if v < -1 || v > netbsd.MAXTTL {
			return netbsd.EINVAL
		}
		p.Change(func(o *Options) { o.Hop = int(v) })
	case netbsd.IPV6_FAITH:
		p.Change(func(o *Options) { o.faith = v != 0 })
	case netbsd.IPV6_V6ONLY:
		return p.setV6Only(v != 0)
	case netbsd.IPV6_PORTRANGE:
		switch v {
		case netbsd.IPV6_PORTRANGE_DEFAULT, netbsd.IPV6_PORTRANGE_HIGH, netbsd.IPV6_PORTRANGE_LOW:
			p.Change(func(o *Options) { o.highPort = v == netbsd.IPV6_PORTRANGE_HIGH })
			p.setLowPort(v == netbsd.IPV6_PORTRANGE_LOW)
		default:
			return netbsd.EINVAL
		}
	}
	return nil
}

// setV6Only can be done before p has a name only.
func (p *Pcb) setV6Only(on bool) error {
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	if p.lport != 0 || p.laddr != any6 {
		return netbsd.EINVAL
	}
	p.v6only = on
	return nil
}

// pathMTU returns a struct ip6_mtuinfo with the MTU of the way to the other end,
// in the byte order of the machine and without its name, as NetBSD does.
func (p *Pcb) pathMTU() ([]byte, error) {
	if !connected(p.So) {
		return nil, netbsd.ENOTCONN
	}
	dst, _ := p.Foreign()
	mtu, err := p.table.Net.pathMTU(dst)
	if err != nil {
		return nil, err
	}
	var info netbsd.IP6Mtuinfo
	b := abi.AsBytes(&info)
	binary.NativeEndian.PutUint32(b[netbsd.SizeofSockaddrIn6:], min(mtu, netbsd.IPV6_MAXPACKET))
	return b, nil
}

func connected(so *socket.Socket) bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.State&socket.IsConnected != 0
}
