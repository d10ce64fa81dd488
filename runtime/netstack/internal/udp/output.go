package udp

import (
	"encoding/binary"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Where in a UDP header what is.
const (
	headerSize = netbsd.SizeofUdphdr
	dstPort    = 2
	length     = 4
	checksum   = 6
)

// Send sends a datagram.
func (u *udp) Send(l *kern.Lwp, m *socket.Outgoing) error {
	if u.so.Domain == netbsd.AF_INET6 {
		return u.send6(l, m)
	}
	return u.send4(l, m)
}

func (u *udp) SendOOB(*kern.Lwp, *socket.Outgoing) error { return netbsd.EOPNOTSUPP }

// read takes the data of m into a packet that has headroom bytes in front of the
// UDP header.
func read(m *socket.Outgoing, headroom int) ([]byte, error) {
	b := make([]byte, headroom+headerSize+m.Data.Resid)
	_, err := m.Data.Read(b[headroom+headerSize:])
	return b, err
}

// put writes the UDP header of a packet, whose checksum is that of the
// pseudo-header alone so far.
func put(b []byte, n inet.Names) {
	binary.BigEndian.PutUint16(b, n.Src.Port())
	binary.BigEndian.PutUint16(b[dstPort:], n.Dst.Port())
	binary.BigEndian.PutUint16(b[length:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[checksum:], inet.PseudoSum(n.Src.Addr(), n.Dst.Addr(), netbsd.IPPROTO_UDP, len(b)))
}

// send4 sends a datagram of an AF_INET socket (udp_send, udp_output).
func (u *udp) send4(l *kern.Lwp, m *socket.Outgoing) error {
	o := u.pcb.Options()
	headroom := inet.Headroom4(&o)
	b, err := read(m, headroom)
	if err != nil {
		return err
	}
	h := inet.Out4{Protocol: netbsd.IPPROTO_UDP, TTL: o.TTL, TOS: o.TOS, Flags: u.flags4(m)}
	n, err := u.names4(l, m, &h)
	if err != nil {
		return err
	}
	return u.output4(b, headroom, n, &h, &o)
}

// names4 finds the ends of a datagram, and what control messages say about it.
func (u *udp) names4(l *kern.Lwp, m *socket.Outgoing, h *inet.Out4) (inet.Names, error) {
	if len(m.Control) > 0 && !u.p.pktinfo {
		return inet.Names{}, netbsd.EINVAL
	}
	connected := u.so.Is(socket.IsConnected)
	var n inet.Names
	var err error
	switch {
	case m.Name == nil && !connected:
		return n, netbsd.ENOTCONN
	case m.Name == nil:
		n = u.pcb.Connection()
	case connected:
		return n, netbsd.EISCONN
	default:
		n, err = u.pcb.Toward(l, m.Name, h.Flags)
	}
	if err == nil && len(m.Control) > 0 {
		err = h.Messages(u.p.net, &n, m.Control)
	}
	return n, err
}

// output4 gives a datagram to IPv4, in the packet b that has room for that in
// front.
func (u *udp) output4(b []byte, headroom int, n inet.Names, h *inet.Out4, o *inet.Options) error {
	if len(b) > netbsd.IP_MAXPACKET {
		return netbsd.EMSGSIZE
	}
	datagram := b[headroom:]
	put(datagram, n)
	h.Src, h.Dst, h.Local = n.Src.Addr(), n.Dst.Addr(), u.p.local
	if h.Checksum = checksum; u.p.Params.Checksum.Load() == 0 {
		h.Checksum = 0
		binary.BigEndian.PutUint16(datagram[checksum:], 0)
	}
	u.p.Counts[0].sent.Add(1)
	return u.p.net.Output4(h, o, b)
}

// flags4 returns the options of SOL_SOCKET that IPv4 looks at. MSG_DONTROUTE is
// one of them for a single packet.
func (u *udp) flags4(m *socket.Outgoing) int32 {
	const flags = netbsd.SO_DONTROUTE | netbsd.SO_BROADCAST
	u.so.Mu.Lock()
	f := u.so.Options & flags
	u.so.Mu.Unlock()
	if m.Flags&netbsd.MSG_DONTROUTE != 0 {
		f |= netbsd.SO_DONTROUTE
	}
	return f
}

// send6 sends a datagram of an AF_INET6 socket, over IPv4 if the address is a
// mapped one (udp6_output).
func (u *udp) send6(l *kern.Lwp, m *socket.Outgoing) error {
	o := u.pcb.Options()
	most := o.Headroom6() + len(m.Control) // extension headers may be among them
	b, err := read(m, most)
	if err != nil {
		return err
	}
	packet, n, err := u.names6(l, m, &o)
	if err != nil {
		return err
	}
	if n.Dst.Addr().Is4() {
		plain := o.Mapped()
		headroom := inet.Headroom4(&plain)
		return u.output4(b[most-headroom:], headroom, n, &inet.Out4{Protocol: netbsd.IPPROTO_UDP, TTL: u.pcb.Hops(), Flags: u.flags4(m)}, &plain)
	}
	put(b[most:], n)
	u.p.Counts[1].sent.Add(1)
	return u.p.net.Output6(&inet.Out6{
		Src:      n.Src.Addr(),
		Dst:      n.Dst.Addr(),
		Protocol: netbsd.IPPROTO_UDP,
		HopLimit: u.pcb.Hops(),
		Checksum: checksum,
		Local:    u.p.local,
	}, &o, &packet, b[most-packet.Headroom():])
}

// names6 finds the ends of a datagram, and what control messages say about it.
func (u *udp) names6(l *kern.Lwp, m *socket.Outgoing, o *inet.Options) (p inet.Packet6, n inet.Names, err error) {
	if m.Name != nil && inet.Family(m.Name) != netbsd.AF_INET6 {
		return p, n, netbsd.EAFNOSUPPORT
	}
	if p, err = o.Messages(u.p.net, l, m.Control); err != nil {
		return p, n, err
	}
	if m.Name != nil {
		n, err = u.pcb.Toward6(l, m.Name, &p)
		return p, n, err
	}
	if !u.pcb.Connected() {
		return p, n, netbsd.ENOTCONN
	}
	n = u.pcb.Connection()
	if n.Dst.Addr().Is4() && u.pcb.V6Only() {
		return p, n, netbsd.EINVAL
	}
	return p, n, nil
}
