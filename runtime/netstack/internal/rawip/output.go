package rawip

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

func (r *raw) SendOOB(*kern.Lwp, *socket.Outgoing) error { return netbsd.EOPNOTSUPP }

// Send sends a packet.
func (r *raw) Send(l *kern.Lwp, m *socket.Outgoing) error {
	o := r.pcb.Options()
	if r.is6() {
		return r.send6(l, m, &o)
	}
	return r.send4(m, &o)
}

// read takes the data of m into a packet that has headroom bytes in front.
func read(m *socket.Outgoing, headroom int) ([]byte, error) {
	b := make([]byte, headroom+m.Data.Resid)
	_, err := m.Data.Read(b[headroom:])
	return b, err
}

// send4 sends a packet over IPv4 (rip_send, rip_output).
func (r *raw) send4(m *socket.Outgoing, o *inet.Options) error {
	headroom := 0
	if !o.HeaderIncluded {
		headroom = inet.Headroom4(o)
	}
	b, err := read(m, headroom)
	if err != nil {
		return err
	}
	h := &inet.Out4{Protocol: r.protocol, TTL: netbsd.MAXTTL, Flags: netbsd.SO_BROADCAST}
	if h.Src, h.Dst, err = r.addresses4(m); err == nil && len(b) > netbsd.IP_MAXPACKET {
		err = netbsd.EMSGSIZE
	}
	if err == nil && o.HeaderIncluded {
		err = include(h, b)
	}
	if err != nil {
		return err
	}
	if r.so.Option(netbsd.SO_DONTROUTE) || m.Flags&netbsd.MSG_DONTROUTE != 0 {
		h.Flags |= netbsd.SO_DONTROUTE
	}
	err = r.p.net.Output4(h, o, b)
	if h.MTU != 0 {
		r.pcb.Change(func(o *inet.Options) { o.ErrorMTU = int(h.MTU) })
	}
	return err
}

func (r *raw) addresses4(m *socket.Outgoing) (src, dst netip.Addr, err error) {
	connected := r.so.Is(socket.IsConnected)
	switch {
	case len(m.Control) > 0:
		return src, dst, netbsd.EINVAL
	case m.Name != nil && connected:
		return src, dst, netbsd.EISCONN
	case m.Name != nil:
		return r.pcb.TowardRaw(m.Name, nil)
	case !connected:
		return src, dst, netbsd.ENOTCONN
	}
	return r.pcb.ConnectionRaw(nil)
}

// The IPv4 header as far as programs that write it themselves are concerned.
const (
	headerSize4 = netbsd.SizeofIP
	lengthAt    = 2
	offsetAt    = 6
	ttlAt       = 8
	protocolAt  = 9
	srcAt       = 12
	dstAt       = 16
)

// include takes over the header that b begins with (IP_HDRINCL). Its length and
// its fragment offset are in the byte order of the machine.
func include(h *inet.Out4, b []byte) error {
	if len(b) < headerSize4 || int(binary.NativeEndian.Uint16(b[lengthAt:])) != len(b) {
		return netbsd.EINVAL
	}
	swap(b)
	h.Complete = true
	h.TTL, h.Protocol = b[ttlAt], b[protocolAt]
	h.Src, h.Dst = netip.AddrFrom4([4]byte(b[srcAt:])), netip.AddrFrom4([4]byte(b[dstAt:]))
	return nil
}

// swap changes the byte order of those members of an IPv4 header that programs
// have in that of the machine.
func swap(b []byte) {
	binary.BigEndian.PutUint16(b[lengthAt:], binary.NativeEndian.Uint16(b[lengthAt:]))
	binary.BigEndian.PutUint16(b[offsetAt:], binary.NativeEndian.Uint16(b[offsetAt:]))
}

// send6 sends a packet over IPv6 (rip6_send, rip6_output).
func (r *raw) send6(l *kern.Lwp, m *socket.Outgoing, o *inet.Options) error {
	most := o.Headroom6() + len(m.Control) // extension headers may be among them
	size := m.Data.Resid
	b, err := read(m, most)
	if err != nil {
		return err
	}
	packet, h, err := r.addresses6(l, m, o, size)
	if err == nil {
		err = r.sum(h, b[most:])
	}
	if err != nil {
		return err
	}
	return r.p.net.Output6(h, o, &packet, b[most-packet.Headroom():])
}

func (r *raw) addresses6(l *kern.Lwp, m *socket.Outgoing, o *inet.Options, size int) (p inet.Packet6, h *inet.Out6, err error) {
	connected := r.so.Is(socket.IsConnected)
	switch {
	case connected && m.Name != nil:
		return p, nil, netbsd.EISCONN
	case !connected && m.Name == nil:
		return p, nil, netbsd.ENOTCONN
	case !connected && inet.Family(m.Name) != netbsd.AF_INET6:
		return p, nil, netbsd.EAFNOSUPPORT
	}
	if p, err = o.Messages(r.p.net, l, m.Control); err != nil {
		return p, nil, err
	}
	const icmp6Header = 8
	if r.icmp6() && size < icmp6Header {
		return p, nil, netbsd.ENOBUFS
	}
	h = &inet.Out6{Protocol: r.protocol, HopLimit: r.pcb.Hops()}
	if connected {
		h.Src, h.Dst, err = r.pcb.ConnectionRaw(&p)
	} else {
		h.Src, h.Dst, err = r.pcb.TowardRaw(m.Name, &p)
	}
	return p, h, err
}

// icmp6Checksum is where in an ICMPv6 message its checksum is.
const icmp6Checksum = 2

// sum puts the checksum into a packet, if the socket wants one.
func (r *raw) sum(h *inet.Out6, b []byte) error {
	off := int(r.checksum.Load())
	if r.icmp6() {
		off = icmp6Checksum
	}
	switch {
	case off == noChecksum:
		return nil
	case off < 0 || len(b) < off+2:
		return netbsd.EINVAL
	}
	b[off], b[off+1] = 0, 0
	binary.BigEndian.PutUint16(b[off:], inet.Sum(b, inet.PseudoSum(h.Src, h.Dst, h.Protocol, len(b))))
	return nil
}
