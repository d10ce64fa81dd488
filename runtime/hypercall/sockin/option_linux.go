package sockin

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// maxOption is how long the value of an option may be.
const maxOption = 2048

// isByte tells whether an option is a byte on NetBSD. An int will do to set it.
func isByte(level, name int32) bool {
	return level == netbsd.IPPROTO_IP && (name == netbsd.IP_MULTICAST_TTL || name == netbsd.IP_MULTICAST_LOOP)
}

// SetOption sets an option of the host.
func (s *socket) SetOption(level, name int32, value []byte) error {
	if level == netbsd.IPPROTO_IP && name == netbsd.IP_RECVDSTADDR {
		return s.setDstAddr(value)
	}
	toLevel, toName, ok := tolinux.SocketOption(level, name)
	if !ok {
		return netbsd.ENOPROTOOPT
	}
	if isByte(level, name) && len(value) == 1 {
		value = binary.NativeEndian.AppendUint32(nil, uint32(value[0]))
	}
	buf := make([]byte, maxOption)
	_, _, n, err := tolinux.SocketOptionValue(level, name, buf, value)
	if err != nil {
		return netbsd.EINVAL
	}
	if toLevel == unix.IPPROTO_IP && toName == unix.IP_PKTINFO && n == 4 {
		s.pktinfo.Store(binary.NativeEndian.Uint32(buf) != 0)
		if s.dstAddr.Load() {
			return nil // the host has it on for that
		}
	}
	return s.use(func(fd int) error { return setsockopt(fd, toLevel, toName, buf[:n]) })
}

// setDstAddr sets IP_RECVDSTADDR, for which the host's IP_PKTINFO is made into what
// NetBSD has.
func (s *socket) setDstAddr(value []byte) error {
	if len(value) != 4 {
		return netbsd.EINVAL
	}
	on := binary.NativeEndian.Uint32(value) != 0
	s.dstAddr.Store(on)
	if s.pktinfo.Load() {
		return nil
	}
	n := 0
	if on {
		n = 1
	}
	return s.use(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, n) })
}

// Option returns an option of the host.
func (s *socket) Option(level, name int32) ([]byte, error) {
	if level == netbsd.IPPROTO_IP && name == netbsd.IP_RECVDSTADDR {
		return truth(s.dstAddr.Load()), nil
	}
	toLevel, toName, ok := tolinux.SocketOption(level, name)
	if !ok {
		return nil, netbsd.ENOPROTOOPT
	}
	if toLevel == unix.IPPROTO_IP && toName == unix.IP_PKTINFO {
		return truth(s.pktinfo.Load()), nil
	}
	size := maxOption
	if toLevel == unix.IPPROTO_TCP && toName == unix.TCP_INFO {
		size = linux.SizeofTCPInfo
	}
	buf, n := make([]byte, size), 0
	err := s.use(func(fd int) (err error) {
		n, err = getsockopt(fd, toLevel, toName, buf)
		return err
	})
	if err != nil {
		return nil, err
	}
	value := make([]byte, maxOption)
	_, _, n, err = tonetbsd.SocketOptionValue(toLevel, toName, value, buf[:n])
	if err != nil {
		return nil, netbsd.EINVAL
	}
	if isByte(level, name) && n == 4 {
		return []byte{byte(binary.NativeEndian.Uint32(value))}, nil
	}
	return value[:n:n], nil
}

func truth(on bool) []byte {
	v := int32(0)
	if on {
		v = 1
	}
	return abi.AsBytes(&v)
}

// messages appends the host's control messages to dst as NetBSD has them. That
// there are messages without a counterpart cannot be, as no option asks for one.
func (s *socket) messages(dst, control []byte) []byte {
	if len(control) == 0 {
		return dst
	}
	buf := make([]byte, maxControl)
	n, err := tonetbsd.ControlMessages(buf, control)
	if err != nil {
		return dst
	}
	if !s.dstAddr.Load() {
		return append(dst, buf[:n]...)
	}
	for m := range messages(buf[:n]) {
		if m.level != netbsd.IPPROTO_IP || m.typ != netbsd.IP_PKTINFO || len(m.data) < netbsd.SizeofInAddr {
			dst = append(dst, m.all...)
			continue
		}
		dst = appendMessage(dst, netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, m.data[:netbsd.SizeofInAddr])
		if s.pktinfo.Load() {
			dst = append(dst, m.all...)
		}
	}
	return dst
}
