package rtsock

import (
	"encoding/binary"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// align is what the socket addresses of a message are aligned to, on every
// machine: RT_ROUNDUP of net/route.h.
const align = 8

// A Message is a routing message taken apart.
type Message struct {
	// Type is the RTM_* number of NetBSD 10, whichever version it is from.
	Type uint8

	// Header is a [*netbsd.RtMsghdr], [*netbsd.IfMsghdr], [*netbsd.IfaMsghdr]
	// or [*netbsd.IfAnnouncemsghdr]. Its length, version, type and mask of
	// addresses are those of the bytes it came from; Append makes its own.
	Header any

	// Addrs are the socket addresses by RTAX_*, each as long as its sa_len
	// says; nil when it is absent.
	Addrs [netbsd.RTAX_MAX][]byte
}

// Parse takes the first message of b apart, and returns what is behind it. The
// addresses are parts of b. A dump of sysctl is parsed by calling Parse until
// nothing is left.
//
// The rest is valid also with an error for a type of message that is not known
// here, which one may want to skip; with all others it is nil.
func Parse(v *Version, b []byte) (m *Message, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, abi.Truncated("rt_msghdr", "", len(b))
	}
	n := int(binary.NativeEndian.Uint16(b))
	switch {
	case n < 4:
		return nil, nil, abi.BadLength("rt_msghdr", "rtm_msglen", n)
	case n > len(b):
		return nil, nil, abi.Truncated("rt_msghdr", "rtm_msglen", n)
	case b[2] != netbsd.RTM_VERSION:
		return nil, nil, abi.NoCounterpart("rt_msghdr", "rtm_version", b[2])
	}
	b, rest = b[:n], b[n:]
	t, ok := v.messageType(b[3])
	if !ok {
		return nil, rest, abi.NoCounterpart("rt_msghdr", "rtm_type", b[3])
	}
	m = &Message{Type: t}
	var mask uint32
	switch t {
	case netbsd.RTM_ADD, netbsd.RTM_DELETE, netbsd.RTM_CHANGE, netbsd.RTM_GET, netbsd.RTM_LOSING,
		netbsd.RTM_REDIRECT, netbsd.RTM_MISS, netbsd.RTM_LOCK, netbsd.RTM_SETGATE, netbsd.RTM_LLINFO_UPD:
		h, err := header[netbsd.RtMsghdr]("rt_msghdr", b)
		if err != nil {
			return nil, nil, err
		}
		m.Header, mask, b = h, uint32(h.Addrs), b[netbsd.SizeofRtMsghdr:]
	case netbsd.RTM_NEWADDR, netbsd.RTM_DELADDR, netbsd.RTM_CHGADDR:
		if n < v.IfaSize {
			return nil, nil, abi.Truncated("ifa_msghdr", "", n)
		}
		h := v.ifaHeader(b)
		m.Header, mask, b = h, uint32(h.Addrs), b[v.IfaSize:]
	case netbsd.RTM_IFINFO:
		h, err := header[netbsd.IfMsghdr]("if_msghdr", b)
		if err != nil {
			return nil, nil, err
		}
		m.Header, mask, b = h, uint32(h.Addrs), b[netbsd.SizeofIfMsghdr:]
	case netbsd.RTM_IFANNOUNCE:
		h, err := header[netbsd.IfAnnouncemsghdr]("if_announcemsghdr", b)
		if err != nil {
			return nil, nil, err
		}
		m.Header = h
	default:
		return nil, rest, abi.NoCounterpart("rt_msghdr", "rtm_type", t)
	}
	if err := m.parseAddrs(mask, b); err != nil {
		return nil, nil, err
	}
	return m, rest, nil
}

// header returns the T that b begins with.
func header[T any](name string, b []byte) (*T, error) {
	h := new(T)
	dst := abi.AsBytes(h)
	if len(b) < len(dst) {
		return nil, abi.Truncated(name, "", len(b))
	}
	copy(dst, b)
	return h, nil
}

// parseAddrs draws the addresses of mask out of b, in the order of its bits.
func (m *Message) parseAddrs(mask uint32, b []byte) error {
	if mask>>netbsd.RTAX_MAX != 0 {
		return abi.NoCounterpart("rt_msghdr", "rtm_addrs", mask)
	}
	for i := range m.Addrs {
		if mask&(1<<i) == 0 {
			continue
		}
		if len(b) == 0 {
			return abi.Truncated("rt_msghdr", addrName(i), 0)
		}
		n := int(b[0])
		if n > len(b) {
			return abi.BadLength("sockaddr", "sa_len", n)
		}
		m.Addrs[i] = b[:n:n]
		b = b[min(roundup(n), len(b)):]
	}
	return nil
}

// roundup returns how many bytes of a message an address of n bytes takes. An
// empty one takes some, too.
func roundup(n int) int { return max(align, (n+align-1)&^(align-1)) }

// mask returns the bits of the addresses that are there.
func (m *Message) mask() int32 {
	var mask int32
	for i, sa := range m.Addrs {
		if sa != nil {
			mask |= 1 << i
		}
	}
	return mask
}

// Append appends m in the form of v to b.
func (m *Message) Append(v *Version, b []byte) ([]byte, error) {
	start := len(b)
	mask := m.mask()
	switch h := m.Header.(type) {
	case *netbsd.RtMsghdr:
		to := *h
		to.Addrs = mask
		b = append(b, abi.AsBytes(&to)...)
	case *netbsd.IfaMsghdr:
		to := *h
		to.Addrs = mask
		b = v.appendIfaHeader(b, &to)
	case *netbsd.IfMsghdr:
		to := *h
		to.Addrs = mask
		b = append(b, abi.AsBytes(&to)...)
	case *netbsd.IfAnnouncemsghdr:
		b = append(b, abi.AsBytes(h)...)
	}
	for i, sa := range m.Addrs {
		if sa == nil {
			continue
		}
		if len(sa) > math.MaxUint8 || len(sa) > 0 && int(sa[0]) != len(sa) {
			return nil, abi.BadLength("sockaddr", addrName(i), len(sa))
		}
		b = append(b, sa...)
		b = append(b, make([]byte, roundup(len(sa))-len(sa))...)
	}
	n := len(b) - start
	if n > math.MaxUint16 {
		return nil, abi.OutOfRange("rt_msghdr", "rtm_msglen", n)
	}
	if n < 4 {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
	}
	binary.NativeEndian.PutUint16(b[start:], uint16(n))
	b[start+2] = netbsd.RTM_VERSION
	b[start+3] = v.wireType(m.Type)
	return b, nil
}

// ifaHeader returns the struct ifa_msghdr of v that b begins with.
func (v *Version) ifaHeader(b []byte) *netbsd.IfaMsghdr {
	word := func(offset int) int32 {
		if offset < 0 {
			return 0
		}
		return int32(binary.NativeEndian.Uint32(b[offset:]))
	}
	return &netbsd.IfaMsghdr{
		Msglen:    binary.NativeEndian.Uint16(b),
		Version:   b[2],
		Type:      b[3],
		Index:     binary.NativeEndian.Uint16(b[v.IfaIndex:]),
		Flags:     word(v.IfaFlags),
		Addrs:     word(v.IfaAddrs),
		PID:       word(v.IfaPID),
		Addrflags: word(v.IfaAddrflags),
		Metric:    word(v.IfaMetric),
	}
}

// appendIfaHeader is the reverse of ifaHeader. What v has no member for is left
// out.
func (v *Version) appendIfaHeader(b []byte, h *netbsd.IfaMsghdr) []byte {
	to := make([]byte, v.IfaSize)
	word := func(offset int, value int32) {
		if offset >= 0 {
			binary.NativeEndian.PutUint32(to[offset:], uint32(value))
		}
	}
	binary.NativeEndian.PutUint16(to[v.IfaIndex:], h.Index)
	word(v.IfaFlags, h.Flags)
	word(v.IfaAddrs, h.Addrs)
	word(v.IfaPID, h.PID)
	word(v.IfaAddrflags, h.Addrflags)
	word(v.IfaMetric, h.Metric)
	return append(b, to...)
}

var addrNames = [netbsd.RTAX_MAX]string{
	netbsd.RTAX_DST: "RTA_DST", netbsd.RTAX_GATEWAY: "RTA_GATEWAY", netbsd.RTAX_NETMASK: "RTA_NETMASK",
	netbsd.RTAX_GENMASK: "RTA_GENMASK", netbsd.RTAX_IFP: "RTA_IFP", netbsd.RTAX_IFA: "RTA_IFA",
	netbsd.RTAX_AUTHOR: "RTA_AUTHOR", netbsd.RTAX_BRD: "RTA_BRD", netbsd.RTAX_TAG: "RTA_TAG",
}

// addrName returns what the address with the number i of RTAX_* is called.
func addrName(i int) string { return addrNames[i] }
