package sockin

import (
	"bytes"
	"encoding/binary"
	"errors"

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

// pktinfo are the options of NetBSD's for which the host's one, IP_PKTINFO, is on.
var pktinfo = map[int32]uint32{
	netbsd.IP_RECVDSTADDR: wantsDstAddr,
	netbsd.IP_RECVPKTINFO: wantsSource,
	netbsd.IP_PKTINFO:     wantsPktinfo,
	netbsd.IP_RECVIF:      wantsInterface,
}

const (
	wantsDstAddr uint32 = 1 << iota
	wantsSource
	wantsPktinfo
	wantsInterface
)

// SetOption sets an option of the host.
func (s *socket) SetOption(level, name int32, value []byte) error {
	if bit := pktinfo[name]; bit != 0 && level == netbsd.IPPROTO_IP && s.family == netbsd.AF_INET {
		return s.setPktinfo(bit, value)
	}
	toLevel, toName, ok := s.counterpart(level, name)
	switch {
	case !ok || readOnly(level, name):
		return netbsd.ENOPROTOOPT
	case isByte(level, name) && len(value) == 1:
		value = binary.NativeEndian.AppendUint32(nil, uint32(value[0]))
	case isInt(level, name) && len(value) != 4:
		return netbsd.EINVAL
	case level == netbsd.IPPROTO_IPV6 && name == netbsd.IPV6_MULTICAST_LOOP && len(value) == 4 && binary.NativeEndian.Uint32(value) > 1:
		return netbsd.EINVAL
	}
	buf := make([]byte, maxOption)
	_, _, n, err := tolinux.SocketOptionValue(level, name, buf, value)
	if err != nil {
		return netbsd.EINVAL
	}
	err = s.use(func(fd int) error { return setsockopt(fd, toLevel, toName, buf[:n]) })
	return noInterface(err)
}

// noInterface returns err as NetBSD has it, when it is that there is no interface
// with an index.
func noInterface(err error) error {
	if errors.Is(err, netbsd.ENODEV) {
		return netbsd.ENXIO
	}
	return err
}

// counterpart returns the host's numbers of an option. Those of another family or
// protocol than the socket's, which the host may know, and those of raw sockets
// have none.
func (s *socket) counterpart(level, name int32) (toLevel, toName int32, ok bool) {
	switch level {
	case netbsd.IPPROTO_IP:
		ok = s.family == netbsd.AF_INET && name != netbsd.IP_HDRINCL
	case netbsd.IPPROTO_IPV6:
		ok = s.family == netbsd.AF_INET6 && name != netbsd.IPV6_CHECKSUM
	case netbsd.IPPROTO_TCP:
		ok = s.typ == netbsd.SOCK_STREAM
	case netbsd.IPPROTO_ICMPV6:
	default:
		ok = true
	}
	if !ok {
		return 0, 0, false
	}
	return tolinux.SocketOption(level, name)
}

// readOnly tells whether an option cannot be set.
func readOnly(level, name int32) bool {
	return level == netbsd.IPPROTO_IP && name == netbsd.IP_RETOPTS || level == netbsd.IPPROTO_TCP && name == netbsd.TCP_INFO
}

// writeOnly tells whether an option cannot be asked for.
func writeOnly(level, name int32) bool {
	switch level {
	case netbsd.IPPROTO_IP:
		return name == netbsd.IP_ADD_MEMBERSHIP || name == netbsd.IP_DROP_MEMBERSHIP
	case netbsd.IPPROTO_IPV6:
		return name == netbsd.IPV6_JOIN_GROUP || name == netbsd.IPV6_LEAVE_GROUP
	}
	return false
}

// isInt tells whether the value of an option must be an int, where the host takes
// less as well.
func isInt(level, name int32) bool {
	switch level {
	case netbsd.IPPROTO_IP:
		switch name {
		case netbsd.IP_OPTIONS, netbsd.IP_MULTICAST_IF, netbsd.IP_ADD_MEMBERSHIP, netbsd.IP_DROP_MEMBERSHIP:
			return false
		}
		return true
	case netbsd.IPPROTO_TCP:
		return name != netbsd.TCP_INFO && name != netbsd.TCP_CONGCTL
	}
	return false
}

// setPktinfo switches one of the options of pktinfo.
func (s *socket) setPktinfo(bit uint32, value []byte) error {
	if len(value) != 4 {
		return netbsd.EINVAL
	}
	s.setting.Lock()
	defer s.setting.Unlock()
	wants := s.wants.Load() &^ bit
	if binary.NativeEndian.Uint32(value) != 0 {
		wants |= bit
	}
	on := int(min(wants, 1))
	err := s.use(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, on) })
	if err == nil {
		s.wants.Store(wants)
	}
	return err
}

// Option returns an option of the host.
func (s *socket) Option(level, name int32) ([]byte, error) {
	if bit := pktinfo[name]; bit != 0 && level == netbsd.IPPROTO_IP && s.family == netbsd.AF_INET {
		return truth(s.wants.Load()&bit != 0), nil
	}
	if level == netbsd.IPPROTO_IP && name == netbsd.IP_RETOPTS {
		name = netbsd.IP_OPTIONS // as in NetBSD
	}
	toLevel, toName, ok := s.counterpart(level, name)
	switch {
	case !ok:
		return nil, netbsd.ENOPROTOOPT
	case writeOnly(level, name):
		return nil, netbsd.EOPNOTSUPP
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

// messages appends the host's control messages to dst as NetBSD has them, for a
// datagram from source. That there are messages without a counterpart cannot be, as
// no option asks for one.
func (s *socket) messages(dst, control, source []byte) []byte {
	if len(control) == 0 {
		return dst
	}
	buf := make([]byte, maxControl)
	n, err := tonetbsd.ControlMessages(buf, control)
	if err != nil {
		return dst
	}
	wants := s.wants.Load()
	for m := range messages(buf[:n]) {
		if m.level == netbsd.IPPROTO_IP && m.typ == netbsd.IP_PKTINFO && len(m.data) == netbsd.SizeofInPktinfo {
			dst = appendPktinfo(dst, wants, m.data, source)
		} else {
			dst = append(dst, m.all...)
		}
	}
	return dst
}

// appendPktinfo appends what the options of pktinfo ask for. NetBSD's
// IP_RECVPKTINFO has the sender's address where the other has the receiver's.
func appendPktinfo(dst []byte, wants uint32, info, source []byte) []byte {
	addr, index := info[:netbsd.SizeofInAddr], info[netbsd.SizeofInAddr:]
	if wants&wantsDstAddr != 0 {
		dst = appendMessage(dst, netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, addr)
	}
	if wants&wantsSource != 0 && len(source) == netbsd.SizeofSockaddrIn {
		dst = appendMessage(dst, netbsd.IPPROTO_IP, netbsd.IP_RECVPKTINFO, append(bytes.Clone(source[4:8]), index...))
	}
	if wants&wantsPktinfo != 0 {
		dst = appendMessage(dst, netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, info)
	}
	if wants&wantsInterface != 0 {
		sdl := [8]byte{0: 8, 1: netbsd.AF_LINK}
		binary.NativeEndian.PutUint16(sdl[2:], uint16(binary.NativeEndian.Uint32(index)))
		dst = appendMessage(dst, netbsd.IPPROTO_IP, netbsd.IP_RECVIF, sdl[:])
	}
	return dst
}
