package rawip

import (
	"encoding/binary"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
)

// icmp does with an ICMP message what gVisor does not (icmp_input), and tells
// whether it is for raw sockets as well: requests that the kernel answers are
// not.
func (p *Protocol) icmp(in *inet.Packet, pkt *stack.PacketBuffer) bool {
	m := bytesOf(pkt)[len(in.Header):]
	if len(m) < netbsd.ICMP_MINLEN || inet.Sum(m, 0) != 0 {
		return false
	}
	group := in.Dst.IsMulticast() || p.net.Broadcast(in)
	switch m[0] {
	case netbsd.ICMP_UNREACH, netbsd.ICMP_PARAMPROB:
		if errno := unreachable4(m[0], m[1]); errno != 0 {
			p.failed4(m, errno)
		}
	case netbsd.ICMP_ECHO:
		if group && p.net.Params.EchoGroups.Load() == 0 {
			return true
		}
		p.answer(in, m, netbsd.ICMP_ECHOREPLY)
		return false
	case netbsd.ICMP_TSTAMP:
		if len(m) < netbsd.ICMP_TSLEN || group && p.net.Params.EchoGroups.Load() == 0 {
			return true
		}
		p.stamp(m)
		p.answer(in, m, netbsd.ICMP_TSTAMPREPLY)
		return false
	case netbsd.ICMP_MASKREQ:
		mask := p.net.Mask4(in)
		if p.net.Params.MaskReply.Load() == 0 || len(m) < netbsd.ICMP_MASKLEN || mask == nil {
			return true
		}
		copy(m[body:], mask)
		p.answer(in, m, netbsd.ICMP_MASKREPLY)
		return false
	}
	return true
}

// answered tells gVisor that it need not answer requests for echo.
func answered(stack.TransportEndpointID, *stack.PacketBuffer) bool { return true }

// unreachable4 returns the error that a message means to who sent the packet:
// 0 when there is none.
func unreachable4(typ, code uint8) netbsd.Errno {
	if typ == netbsd.ICMP_PARAMPROB {
		if code > 1 {
			return 0
		}
		return netbsd.ENOPROTOOPT
	}
	switch {
	case code == netbsd.ICMP_UNREACH_PROTOCOL || code == netbsd.ICMP_UNREACH_PORT:
		return netbsd.ECONNREFUSED
	case code == netbsd.ICMP_UNREACH_NEEDFRAG:
		return netbsd.EMSGSIZE
	case code <= netbsd.ICMP_UNREACH_PREC_CUTOFF:
		return netbsd.EHOSTUNREACH
	}
	return 0
}

// quote is where the packet begins that a message is about.
const quote = 8

// failed4 tells the protocol of the packet that m quotes.
func (p *Protocol) failed4(m []byte, errno netbsd.Errno) {
	b := m[quote:]
	if len(b) < headerSize4 {
		return
	}
	size := int(b[0]&15) * 4
	dst := netip.AddrFrom4([4]byte(b[dstAt:]))
	const ports = 8
	if size < headerSize4 || len(b) < size+ports || dst.IsMulticast() {
		return
	}
	p.net.Inputs.Fail(b[protocolAt], &inet.Unreachable{
		Src:       netip.AddrFrom4([4]byte(b[srcAt:])),
		Dst:       dst,
		Errno:     errno,
		Transport: b[size:],
	})
}

// body is where the data of a request begins.
const body = 8

// stamp puts the time into a timestamp request: milliseconds since midnight UTC.
func (p *Protocol) stamp(m []byte) {
	const receive, transmit = body + 4, body + 8
	now := p.net.Stack.Clock().Now().UTC()
	ms := uint32(now.Sub(now.Truncate(24*time.Hour)) / time.Millisecond)
	binary.BigEndian.PutUint32(m[receive:], ms)
	binary.BigEndian.PutUint32(m[transmit:], ms)
}

// answer sends the request m back as a message of another type.
func (p *Protocol) answer(in *inet.Packet, m []byte, typ uint8) {
	b := make([]byte, headerSize4+len(m))
	a := b[headerSize4:]
	copy(a, m)
	a[0], a[2], a[3] = typ, 0, 0
	binary.BigEndian.PutUint16(a[2:], inet.Sum(a, 0))
	p.Reflected[typ&(icmpTypes-1)].Add(1)
	p.net.Reflect4(in, in.TOS, b)
}

// icmpTypes is more than there are types of answers.
const icmpTypes = 32
