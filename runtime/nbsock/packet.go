package nbsock

import (
	"net"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// A PacketConn sends and receives datagrams: UDP, local ones of type
// SOCK_DGRAM, or IP packets of one protocol. With a peer, as Dial gives it, it
// is a net.Conn.
type PacketConn struct {
	*Socket
	path string // to remove on Close
}

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
)

// Read receives a datagram, of which what does not fit is lost.
func (c *PacketConn) Read(b []byte) (int, error) {
	n, err := c.readSome(b)
	if err != nil {
		return 0, c.opError("read", err)
	}
	return n, nil
}

// Write sends a datagram to the peer.
func (c *PacketConn) Write(b []byte) (int, error) {
	n, err := c.writeRecord(b)
	if err != nil {
		return 0, c.opError("write", err)
	}
	return n, nil
}

// ReadFrom implements net.PacketConn. Of an IPv4 packet, the header is taken
// off.
func (c *PacketConn) ReadFrom(b []byte) (n int, addr net.Addr, err error) {
	n, from, err := c.receive(b)
	if err != nil {
		return 0, nil, c.opError("read", err)
	}
	if c.typ == netbsd.SOCK_RAW && c.family == netbsd.AF_INET {
		n = stripHeader(b[:n])
	}
	return n, c.addr(from.bytes()), nil
}

// stripHeader removes an IPv4 header, and returns how many bytes are left.
func stripHeader(b []byte) int {
	if len(b) < 20 {
		return len(b)
	}
	header := int(b[0]&0x0f) * 4
	if header < 20 || header > len(b) {
		return len(b)
	}
	return copy(b, b[header:])
}

// ReadFromAddrPort is ReadFrom for UDP, and allocates nothing.
func (c *PacketConn) ReadFromAddrPort(b []byte) (n int, addr netip.AddrPort, err error) {
	n, from, err := c.receive(b)
	if err != nil {
		return 0, netip.AddrPort{}, c.opError("read", err)
	}
	return n, c.net.inetAddr(from.bytes()), nil
}

// WriteTo implements net.PacketConn.
func (c *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	name, err := c.name(addr)
	if err != nil {
		return 0, c.sendError(err, addr)
	}
	n, err := c.send(b, &name)
	if err != nil {
		return 0, c.sendError(err, addr)
	}
	return n, nil
}

// WriteToAddrPort is WriteTo for UDP.
func (c *PacketConn) WriteToAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	name, err := c.net.inetName(c.family, addr)
	if err != nil {
		return 0, c.sendError(err, net.UDPAddrFromAddrPort(addr))
	}
	n, err := c.send(b, &name)
	if err != nil {
		return 0, c.sendError(err, net.UDPAddrFromAddrPort(addr))
	}
	return n, nil
}

func (c *PacketConn) sendError(err error, to net.Addr) error {
	return &net.OpError{Op: "write", Net: c.network, Source: c.laddr, Addr: to, Err: err}
}

// ReadMsg receives a datagram with its control messages (cmsg(3)), and returns
// how long both are, and MSG_TRUNC or MSG_CTRUNC when one did not fit.
func (c *PacketConn) ReadMsg(b, control []byte) (n, controln int, flags int32, addr net.Addr, err error) {
	m := message{b, control}
	flags, from, err := c.receiveMessage(&m)
	if err != nil {
		return 0, 0, 0, nil, c.opError("read", err)
	}
	return len(m.data), len(m.control), flags, c.addr(from.bytes()), nil
}

// WriteMsg sends a datagram with control messages: to addr, or to the peer when
// it is nil.
func (c *PacketConn) WriteMsg(b, control []byte, addr net.Addr) (int, error) {
	to := c.raddr
	var name sockaddr
	if addr != nil {
		var err error
		if name, err = c.name(addr); err != nil {
			return 0, c.sendError(err, addr)
		}
		to = addr
	}
	n, err := c.sendMessage(&message{b, control}, &name)
	if err != nil {
		return 0, c.sendError(err, to)
	}
	return n, nil
}

// Close closes the socket, and removes the name of a local one.
func (c *PacketConn) Close() error {
	err := c.Socket.Close()
	if err == nil && c.path != "" {
		c.net.unlink(c.path)
	}
	return err
}
