package inet

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Control returns the control messages that p's socket asked for with an IPv4
// packet (ip_savecontrol).
func (p *Pcb) Control(in *Packet) []byte {
	c := p.timestamp()
	p.mu.Lock()
	want := p.ip.receive
	p.mu.Unlock()
	if want == 0 {
		return c
	}
	src, dst := in.Src.As4(), in.Dst.As4()
	if want&recvDstAddr != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, dst[:])
	}
	if want&recvPktinfo != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IP, netbsd.IP_RECVPKTINFO, pktinfo4(src, in.Ifindex))
	}
	if want&pktinfo != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo4(dst, in.Ifindex))
	}
	if want&recvIf != 0 {
		sdl := make([]byte, 8)
		sdl[0], sdl[1] = uint8(len(sdl)), netbsd.AF_LINK
		binary.NativeEndian.PutUint16(sdl[2:], uint16(in.Ifindex))
		c = socket.Message(c, netbsd.IPPROTO_IP, netbsd.IP_RECVIF, sdl)
	}
	if want&recvTTL != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IP, netbsd.IP_RECVTTL, []byte{in.TTL})
	}
	return c
}

// pktinfo4 returns a struct in_pktinfo.
func pktinfo4(a [4]byte, ifindex int) []byte {
	return binary.NativeEndian.AppendUint32(a[:], uint32(ifindex))
}

// timestamp returns the control message that SO_TIMESTAMP asks for, nil when it
// is off. The old option has one of another type, with seconds as they were.
func (p *Pcb) timestamp() []byte {
	opts := options(p.So)
	if opts&(netbsd.SO_TIMESTAMP|soOtimestamp) == 0 {
		return nil
	}
	now := p.table.Net.Stack.Clock().Now()
	if opts&soOtimestamp != 0 {
		tv := [2]int{int(now.Unix()), now.Nanosecond() / 1000} // two longs
		return socket.Message(nil, netbsd.SOL_SOCKET, scmOtimestamp, abi.AsBytes(&tv))
	}
	tv := netbsd.Timeval{Sec: now.Unix(), Usec: int32(now.Nanosecond() / 1000)}
	return socket.Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_TIMESTAMP, abi.AsBytes(&tv))
}

// The option and the message of NetBSD 5 and before, which the kernel still
// knows and headers do not (sys/compat/sys/socket.h).
const (
	soOtimestamp  = 0x0400
	scmOtimestamp = 2
)

// Control6 does what Control does, for an IPv6 packet (ip6_savecontrol), or one
// of IPv4 that an AF_INET6 socket receives.
func (p *Pcb) Control6(in *Packet) []byte {
	c := p.timestamp()
	p.mu.Lock()
	want := p.ip.receive
	p.mu.Unlock()
	if want == 0 || in.Dst.Is4() {
		return c
	}
	if want&recv6Pktinfo != 0 {
		dst, _ := Split(in.Dst)
		a := dst.As16()
		c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_PKTINFO, binary.NativeEndian.AppendUint32(a[:], uint32(in.Ifindex)))
	}
	if want&recv6HopLimit != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_HOPLIMIT, IntValue(int32(in.TTL)))
	}
	if want&recv6Tclass != 0 {
		c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_TCLASS, IntValue(int32(in.TOS)))
	}
	if want&recv6Hopopts != 0 {
		eachExtension(in.Header, func(header uint8, b []byte) {
			if header == netbsd.IPPROTO_HOPOPTS {
				c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_HOPOPTS, b)
			}
		})
	}
	if want&(recv6Dstopts|recv6Rthdr) != 0 {
		eachExtension(in.Header, func(header uint8, b []byte) {
			switch {
			case header == netbsd.IPPROTO_DSTOPTS && want&recv6Dstopts != 0:
				c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_DSTOPTS, b)
			case header == netbsd.IPPROTO_ROUTING && want&recv6Rthdr != 0:
				c = socket.Message(c, netbsd.IPPROTO_IPV6, netbsd.IPV6_RTHDR, b)
			}
		})
	}
	return c
}

// Control6Raw does what Control6 does, for raw sockets: SO_TIMESTAMP alone is not
// enough for them to get any.
func (p *Pcb) Control6Raw(in *Packet) []byte {
	if p.Options().receive == 0 {
		return nil
	}
	return p.Control6(in)
}

// eachExtension calls f for the extension headers behind an IPv6 header, up to
// the first that is of another kind.
func eachExtension(h []byte, f func(header uint8, b []byte)) {
	if len(h) < headerSize6 {
		return
	}
	next := h[6]
	for h = h[headerSize6:]; len(h) >= 8; {
		switch next {
		case netbsd.IPPROTO_HOPOPTS, netbsd.IPPROTO_DSTOPTS, netbsd.IPPROTO_ROUTING:
		default:
			return
		}
		size := (int(h[1]) + 1) * 8
		if size > len(h) {
			return
		}
		f(next, h[:size])
		next, h = h[0], h[size:]
	}
}

// Control messages are aligned, and so is the data in them.
const (
	cmsgAlign = netbsd.ALIGNBYTES + 1
	cmsgData  = (netbsd.SizeofCmsghdr + netbsd.ALIGNBYTES) &^ netbsd.ALIGNBYTES
)

// eachMessage calls f for the control messages of a level that a caller sends:
// EINVAL when the lengths in them make no sense. Those of other levels are
// skipped.
func eachMessage(control []byte, level uint32, f func(typ int32, data []byte) error) error {
	for len(control) > 0 {
		if len(control) < cmsgData {
			return netbsd.EINVAL
		}
		size := uint64(binary.NativeEndian.Uint32(control))
		if size == 0 || size > uint64(len(control)) {
			return netbsd.EINVAL
		}
		if binary.NativeEndian.Uint32(control[4:]) == level {
			if size < cmsgData {
				return netbsd.EINVAL
			}
			typ := int32(binary.NativeEndian.Uint32(control[8:]))
			if err := f(typ, control[cmsgData:size]); err != nil {
				return err
			}
		}
		control = control[min(uint64(len(control)), (size+cmsgAlign-1)&^(cmsgAlign-1)):]
	}
	return nil
}
