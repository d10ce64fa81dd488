package inet

import (
	"slices"

	"github.com/abigen/abigen/netbsd"
)

// receive4 are the options of IPPROTO_IP that ask for control messages.
var receive4 = map[int32]receive{
	netbsd.IP_RECVOPTS:    recvOpts,
	netbsd.IP_RECVRETOPTS: recvRetOpts,
	netbsd.IP_RECVDSTADDR: recvDstAddr,
	netbsd.IP_RECVIF:      recvIf,
	netbsd.IP_RECVTTL:     recvTTL,
	netbsd.IP_RECVPKTINFO: recvPktinfo,
	netbsd.IP_PKTINFO:     pktinfo,
}

func (p *Pcb) option4(name int32) ([]byte, error) {
	if isMulticast4(name) {
		return p.multicastOption4(name)
	}
	if name == netbsd.IP_PORTRANGE {
		if p.isLowPort() {
			return IntValue(netbsd.IP_PORTRANGE_LOW), nil
		}
		return IntValue(netbsd.IP_PORTRANGE_DEFAULT), nil
	}
	o := p.Options()
	switch name {
	case netbsd.IP_OPTIONS, netbsd.IP_RETOPTS:
		return slices.Clone(o.route), nil
	case netbsd.IP_TOS:
		return IntValue(int32(o.TOS)), nil
	case netbsd.IP_TTL:
		return IntValue(int32(o.TTL)), nil
	case netbsd.IP_MINTTL:
		return IntValue(int32(o.MinTTL)), nil
	case netbsd.IP_ERRORMTU:
		return IntValue(int32(o.ErrorMTU)), nil
	case netbsd.IP_PORTALGO:
		return IntValue(o.portAlgo), nil
	}
	if bit, ok := receive4[name]; ok {
		return boolValue(o.receive&bit != 0), nil
	}
	return nil, netbsd.ENOPROTOOPT
}

func (p *Pcb) setOption4(name int32, value []byte) error {
	if bit, ok := receive4[name]; ok {
		return p.set(bit, value)
	}
	switch name {
	case netbsd.IP_OPTIONS:
		return p.setRoute(value)
	case netbsd.IP_PORTALGO:
		return p.setPortAlgo(value)
	case netbsd.IP_TOS, netbsd.IP_TTL, netbsd.IP_MINTTL, netbsd.IP_PORTRANGE:
		v, err := Int(value)
		if err != nil {
			return err
		}
		return p.setInt4(name, v)
	}
	if isMulticast4(name) {
		return p.setMulticast4(name, value)
	}
	return netbsd.ENOPROTOOPT
}

func (p *Pcb) setInt4(name, v int32) error {
	switch name {
	case netbsd.IP_TOS:
		p.Change(func(o *Options) { o.TOS = uint8(v) })
	case netbsd.IP_TTL:
		p.Change(func(o *Options) { o.TTL = uint8(v) })
	case netbsd.IP_MINTTL:
		if v <= 0 || v > netbsd.MAXTTL {
			return netbsd.EINVAL
		}
		p.Change(func(o *Options) { o.MinTTL = uint8(v) })
	case netbsd.IP_PORTRANGE:
		switch v {
		case netbsd.IP_PORTRANGE_DEFAULT, netbsd.IP_PORTRANGE_HIGH, netbsd.IP_PORTRANGE_LOW:
			p.setLowPort(v == netbsd.IP_PORTRANGE_LOW)
		default:
			return netbsd.EINVAL
		}
	}
	return nil
}

// The places in an IP option (RFC 791, 3.1).
const (
	optionLength  = 1
	optionPointer = 2
	hop           = 4 // bytes of an address
)

// setRoute sets the options that packets carry (ip_pcbopts). They are kept
// behind the address of the first hop, which is taken out of a source route:
// 0.0.0.0 without one. EINVAL leaves none.
func (p *Pcb) setRoute(value []byte) error {
	route, err := parseRoute(value)
	p.Change(func(o *Options) { o.route = route })
	return err
}

func parseRoute(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b)%4 != 0 {
		return nil, netbsd.EINVAL
	}
	route := make([]byte, hop, hop+len(b))
	for len(b) > 0 {
		n := 1
		if b[0] != netbsd.IPOPT_EOL && b[0] != netbsd.IPOPT_NOP {
			if len(b) <= optionLength || b[optionLength] <= optionLength || int(b[optionLength]) > len(b) {
				return nil, netbsd.EINVAL
			}
			n = int(b[optionLength])
		}
		option := b[:n]
		b = b[n:]
		if source := option[0] == netbsd.IPOPT_LSRR || option[0] == netbsd.IPOPT_SSRR; source {
			const first = optionPointer + 1
			if n < first+hop {
				return nil, netbsd.EINVAL
			}
			copy(route, option[first:first+hop])
			option = append([]byte{option[0], uint8(n - hop), option[optionPointer]}, option[first+hop:]...)
		}
		if len(route)+len(option) > hop+netbsd.MAX_IPOPTLEN {
			return nil, netbsd.EINVAL
		}
		route = append(route, option...)
		if option[0] == netbsd.IPOPT_EOL {
			break
		}
	}
	return route, nil
}
