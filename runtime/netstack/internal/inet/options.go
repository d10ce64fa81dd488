package inet

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Options are what a socket asks of the network layer. Those of both families
// are there, as an AF_INET6 socket may talk IPv4.
type Options struct {
	TTL    uint8 // IP_TTL
	TOS    uint8 // IP_TOS
	MinTTL uint8 // IP_MINTTL: packets with less are not for this socket
	Hop    int   // IPV6_UNICAST_HOPS; -1: as net.inet6.ip6.hlim says

	HeaderIncluded bool // IP_HDRINCL: the socket's packets begin with their IP header
	NoHeader       bool // SO_NOHEADER: packets are delivered without it
	ErrorMTU       int  // IP_ERRORMTU: what stopped a packet that must not be cut; -1: nothing did

	receive    receive
	route      []byte // IP_OPTIONS: the first hop, then the options as they go into packets
	portAlgo   int32  // IP_PORTALGO, IPV6_PORTALGO
	highPort   bool   // IPV6_PORTRANGE_HIGH, which is the same as the default
	faith      bool   // IPV6_FAITH, which does nothing
	multicast4 multicast4
	multicast6 multicast6
	sticky     *Packet6 // it is replaced, and not changed
}

// purge forgets an interface that is gone.
func (o *Options) purge(ifindex int) {
	m4, m6 := &o.multicast4, &o.multicast6
	if m4.ifindex == ifindex {
		m4.ifindex, m4.addr = 0, netip.Addr{}
	}
	if m6.ifindex == ifindex {
		m6.ifindex = 0
	}
	for _, groups := range []*[]group{&m4.groups, &m6.groups} {
		if there := func(g group) bool { return g.ifindex == ifindex }; slices.ContainsFunc(*groups, there) {
			*groups = slices.DeleteFunc(slices.Clone(*groups), there)
		}
	}
}

// receive are the options that ask for control messages with what is received.
type receive uint32

const (
	recvOpts receive = 1 << iota
	recvRetOpts
	recvDstAddr
	recvIf
	recvTTL
	recvPktinfo
	pktinfo

	recv6Pktinfo
	recv6HopLimit
	recv6Rthdr
	recv6Hopopts
	recv6Dstopts
	recv6RthdrDstopts
	recv6PathMTU
	recv6Tclass
)

// The ways to choose a port that can be set, and that which says nothing
// (PORTALGO_DEFAULT, which is what the 16 bits of inph_portalgo make of -1).
const (
	portAlgos       = 6
	portAlgoDefault = 0xffff
)

// options returns the options of a new socket.
func (p *Params) options() Options {
	return Options{
		TTL:        uint8(p.TTL.Load()),
		Hop:        -1,
		ErrorMTU:   -1,
		portAlgo:   portAlgoDefault,
		multicast4: newMulticast4,
		multicast6: multicast6{hops: uint8(p.GroupHops.Load()), loop: netbsd.IPV6_DEFAULT_MULTICAST_LOOP != 0},
		sticky:     &newPacket6,
	}
}

// Options returns a copy of p's options.
func (p *Pcb) Options() Options {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ip
}

// Change changes p's options.
func (p *Pcb) Change(f func(*Options)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.ip)
}

// MinTTL returns the least TTL of packets that p's socket receives.
func (p *Pcb) MinTTL() uint8 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ip.MinTTL
}

// Mapped returns the options for IPv4 packets of an AF_INET6 socket, which has
// only those for groups.
func (o *Options) Mapped() Options {
	return Options{multicast4: o.multicast4, sticky: &newPacket6}
}

// Option returns an option of the level IPPROTO_IP or IPPROTO_IPV6
// (ip_ctloutput, ip6_ctloutput): ENOPROTOOPT when there is no such option.
func (p *Pcb) Option(level, name int32) ([]byte, error) {
	switch {
	case p.Family == netbsd.AF_INET && level == netbsd.IPPROTO_IP:
		return p.option4(name)
	case p.Family == netbsd.AF_INET6 && level == netbsd.IPPROTO_IP && isMulticast4(name):
		return p.multicastOption4(name)
	case p.Family == netbsd.AF_INET6 && level == netbsd.IPPROTO_IPV6:
		return p.option6(name)
	}
	return nil, netbsd.ENOPROTOOPT
}

// SetOption sets an option of the level IPPROTO_IP or IPPROTO_IPV6: EINVAL for
// values of a wrong length or out of range.
func (p *Pcb) SetOption(l *kern.Lwp, level, name int32, value []byte) error {
	switch {
	case p.Family == netbsd.AF_INET && level == netbsd.IPPROTO_IP:
		return p.setOption4(name, value)
	case p.Family == netbsd.AF_INET && level == netbsd.SOL_SOCKET && name == netbsd.SO_NOHEADER:
		return nil // which is for raw sockets, is nothing to others
	case p.Family == netbsd.AF_INET6 && level == netbsd.IPPROTO_IP && isMulticast4(name):
		return p.setMulticast4(name, value)
	case p.Family == netbsd.AF_INET6 && level == netbsd.IPPROTO_IPV6:
		return p.setOption6(l, name, value)
	}
	return netbsd.ENOPROTOOPT
}

// Int returns the int that the value of an option is: EINVAL when it has
// another size.
func Int(value []byte) (int32, error) {
	if len(value) != 4 {
		return 0, netbsd.EINVAL
	}
	return int32(binary.NativeEndian.Uint32(value)), nil
}

// IntValue returns v as the value of an option.
func IntValue(v int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

func boolValue(v bool) []byte { return IntValue(int32(b2i(v))) }

// set turns an option that asks for control messages on or off.
func (p *Pcb) set(bit receive, value []byte) error {
	v, err := Int(value)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ip.receive &^= bit; v != 0 {
		p.ip.receive |= bit
	}
	return nil
}

// setPortAlgo chooses how ephemeral ports are found. All ways are the same
// here.
func (p *Pcb) setPortAlgo(value []byte) error {
	v, err := Int(value)
	if err != nil {
		return err
	}
	if v < 0 || v >= portAlgos {
		return netbsd.EINVAL
	}
	p.Change(func(o *Options) { o.portAlgo = v })
	return nil
}

func (p *Pcb) setLowPort(low bool) {
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	p.lowPort = low
}

func (p *Pcb) isLowPort() bool {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	return p.lowPort
}

func (p *Pcb) source6() Source6 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ip.sticky.source(p.ip.multicast6.ifindex)
}
