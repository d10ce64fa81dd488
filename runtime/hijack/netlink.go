//go:build linux && (amd64 || arm64)

package hijack

import (
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
	"github.com/abigen/abigen/runtime/hijack/netlink"
)

// Sockets of AF_NETLINK have a placeholder like those of datagrams. In the place of
// the kernel's descriptor is a netlink.Conn.

// netlinkServer returns what has the netlink sockets, which is made for the first
// of them.
func (s *supervisor) netlinkServer() (*netlink.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.netlink == nil {
		n, err := netlink.New(s.kernel)
		if err != nil {
			return nil, err
		}
		s.netlink = n
	}
	return s.netlink, nil
}

// netlinkSocket makes a socket of AF_NETLINK.
func (c *call) netlinkSocket(typ, protocol int32) (int64, error) {
	if t := typ & 0xf; t != linux.SOCK_RAW && t != linux.SOCK_DGRAM {
		return 0, unix.ESOCKTNOSUPPORT
	}
	server, err := c.sup.netlinkServer()
	if err != nil {
		return 0, err
	}
	conn, err := server.Open(protocol)
	if err != nil {
		return 0, err
	}
	at := &descriptor{netlink: conn, owner: procmem.Leader(c.PID)}
	so, fd, err := c.sup.adopt(kind{linux.AF_NETLINK, typ & 0xf, protocol}, at, typ&linux.SOCK_NONBLOCK != 0)
	if err != nil {
		conn.Close()
		return 0, err
	}
	defer unix.Close(fd)
	so.begin()
	return c.pass(so, fd, typ&linux.SOCK_CLOEXEC != 0)
}

// askNetlink has done what messages of a program ask for.
func (so *socket) askNetlink(b []byte, to *linux.SockaddrNl) error {
	at := so.at.Load()
	return at.netlink.Send(b, to, at.owner)
}

// netlinkOut does what the program asks for by plain writes, until it has closed the
// socket.
func (so *socket) netlinkOut() {
	for {
		buf, n, err := so.end.Read()
		switch {
		case err == nil:
			if err := so.askNetlink(buf[:n], nil); err != nil {
				so.setError(errno(err))
			}
			pair.Put(buf)
		case errors.Is(err, io.EOF) && so.end.Hangup():
			so.closed()
			return
		case errors.Is(err, io.EOF):
		case errors.Is(err, pair.ErrWoken):
			so.end.Calm()
		default:
			so.closed()
			return
		}
	}
}

// netlinkIn moves what there is to be received to the program. It has a reference
// of its own.
func (so *socket) netlinkIn() {
	defer so.release()
	conn := so.at.Load().netlink
	for {
		d, err := conn.Receive(so.ctx)
		switch {
		case errors.Is(err, linux.ENOBUFS):
			so.setError(linux.ENOBUFS)
			continue
		case err != nil:
			return
		}
		from := d.From()
		if so.deliver(d.Data, &about{name: append([]byte(nil), abi.AsBytes(&from)...)}) != nil {
			return
		}
	}
}

// dispatchNetlink makes a call about a netlink socket.
func (c *call) dispatchNetlink(so *socket, fd *file) (int64, error) {
	switch c.Number {
	case unix.SYS_BIND, unix.SYS_CONNECT:
		return 0, c.netlinkAddress(so)
	case unix.SYS_GETSOCKNAME:
		name := so.at.Load().netlink.Name()
		return 0, c.returnBytes(abi.AsBytes(&name), c.Args[1], c.Args[2])
	case unix.SYS_GETPEERNAME:
		name := so.at.Load().netlink.PeerName()
		return 0, c.returnBytes(abi.AsBytes(&name), c.Args[1], c.Args[2])
	case unix.SYS_SETSOCKOPT:
		return 0, c.setNetlinkOption(so, fd)
	case unix.SYS_GETSOCKOPT:
		return 0, c.netlinkOption(so)
	case unix.SYS_SENDTO:
		m, err := c.plainMessage()
		if err != nil {
			return 0, err
		}
		m.name, m.nameRoom = c.Args[4], c.int(5)
		return c.sendNetlink(so, m)
	case unix.SYS_SENDMSG:
		m, err := c.messageAt(c.Args[1])
		if err != nil {
			return 0, err
		}
		return c.sendNetlink(so, m)
	case unix.SYS_RECVFROM:
		return c.recvfrom(so, fd)
	case unix.SYS_RECVMSG:
		return c.recvmsg(so, fd)
	case unix.SYS_RECVMMSG:
		return c.recvmmsg(so, fd)
	}
	return 0, unix.EOPNOTSUPP
}

// netlinkName reads a struct sockaddr_nl.
func (c *call) netlinkName(addr uint64, length int32) (a linux.SockaddrNl, err error) {
	if length < linux.SizeofSockaddrNl {
		return a, unix.EINVAL
	}
	return a, c.read(abi.AsBytes(&a), addr)
}

func (c *call) netlinkAddress(so *socket) error {
	at := so.at.Load()
	if c.Number == unix.SYS_CONNECT && c.int(2) >= 2 && c.int(2) < linux.SizeofSockaddrNl {
		var family [2]byte
		if err := c.read(family[:], c.Args[1]); err != nil {
			return err
		}
		if binary.NativeEndian.Uint16(family[:]) == linux.AF_UNSPEC {
			return at.netlink.Connect(linux.SockaddrNl{}, at.owner)
		}
	}
	a, err := c.netlinkName(c.Args[1], c.int(2))
	switch {
	case err != nil:
		return err
	case c.Number == unix.SYS_CONNECT:
		return at.netlink.Connect(a, at.owner)
	}
	return at.netlink.Bind(a, at.owner)
}

func (c *call) sendNetlink(so *socket, m *message) (int64, error) {
	if e := so.takeError(); e != 0 {
		return 0, unix.Errno(e)
	}
	var to *linux.SockaddrNl
	if m.name != 0 && m.nameRoom != 0 {
		a, err := c.netlinkName(m.name, m.nameRoom)
		if err != nil {
			return 0, err
		}
		to = &a
	}
	buf := pair.Get()
	defer pair.Put(buf)
	data, err := c.gather(m, buf[:])
	if err != nil {
		return 0, err
	}
	return int64(len(data)), so.askNetlink(data, to)
}

// returnBytes gives a caller the value of an argument that has its length behind
// a pointer: a name, cut to what there is room for, with its full length.
func (c *call) returnBytes(b []byte, addr, lengthAddr uint64) error {
	room, err := c.readInt(lengthAddr)
	if err != nil {
		return err
	}
	if room < 0 {
		return unix.EINVAL
	}
	if err := c.write(b[:min(len(b), int(room))], addr); err != nil {
		return err
	}
	n := int32(len(b))
	return c.write(abi.AsBytes(&n), lengthAddr)
}

func (c *call) setNetlinkOption(so *socket, fd *file) error {
	level, name, length := c.int(1), c.int(2), c.int(4)
	if length < 0 {
		return unix.EINVAL
	}
	value := make([]byte, min(int(length), maxOption))
	if err := c.read(value, c.Args[3]); err != nil {
		return err
	}
	if level == linux.SOL_SOCKET && (name == linux.SO_RCVTIMEO || name == linux.SO_SNDTIMEO) {
		return so.setTimeout(fd, name, value)
	}
	return so.at.Load().netlink.SetOption(level, name, value)
}

func (c *call) netlinkOption(so *socket) error {
	level, name := c.int(1), c.int(2)
	if level == linux.SOL_SOCKET && (name == linux.SO_RCVTIMEO || name == linux.SO_SNDTIMEO) {
		return errHost
	}
	room, err := c.readInt(c.Args[4])
	if err != nil {
		return err
	}
	if room < 0 {
		return unix.EINVAL
	}
	var value []byte
	switch {
	case level == linux.SOL_SOCKET && name == linux.SO_TYPE:
		value = binary.NativeEndian.AppendUint32(nil, uint32(so.typ))
	case level == linux.SOL_SOCKET && name == linux.SO_ERROR:
		if e := so.takeError(); e != 0 {
			value = binary.NativeEndian.AppendUint32(nil, uint32(e))
			break
		}
		value, err = so.at.Load().netlink.Option(level, name)
	default:
		value, err = so.at.Load().netlink.Option(level, name)
	}
	if err != nil {
		return err
	}
	value = value[:min(len(value), int(room))]
	if err := c.write(value, c.Args[3]); err != nil {
		return err
	}
	n := int32(len(value))
	return c.write(abi.AsBytes(&n), c.Args[4])
}
