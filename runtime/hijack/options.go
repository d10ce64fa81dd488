//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// maxOption is how long an option's value may be.
const maxOption = 4096

// options are what a program has set. socket.mu guards them.
type options struct {
	set            []option      // in the kernel, for a socket that takes the place of this one
	receiveTimeout time.Duration // 0: none
	sndbuf, rcvbuf int32         // as Linux tells them; 0: as the kernel does
}

// An option is one of the kernel's.
type option struct {
	level, name int32
	value       []byte
}

func bytesOf[T any](p *T) []byte { return abi.AsBytes(p) }

func (c *call) setOption(so *socket, fd *file) (int64, error) {
	level, name, length := c.int(1), c.int(2), c.int(4)
	if length < 0 {
		return 0, unix.EINVAL
	}
	value := make([]byte, min(int(length), maxOption))
	if err := c.read(value, c.Args[3]); err != nil {
		return 0, err
	}
	if level == linux.SOL_SOCKET {
		switch name {
		case linux.SO_RCVTIMEO, linux.SO_SNDTIMEO:
			return 0, so.setTimeout(fd, name, value)
		case linux.SO_RCVLOWAT:
			return 0, hostOption(fd, level, name, value)
		case linux.SO_SNDBUF, linux.SO_RCVBUF, linux.SO_SNDBUFFORCE, linux.SO_RCVBUFFORCE:
			return 0, so.setBuffer(name, value)
		case linux.SO_ERROR, linux.SO_TYPE, linux.SO_DOMAIN, linux.SO_PROTOCOL, linux.SO_ACCEPTCONN:
			return 0, unix.ENOPROTOOPT
		}
	}
	if len(value) < 4 && (level == linux.SOL_SOCKET || level == linux.IPPROTO_TCP) {
		return 0, unix.EINVAL
	}
	if level == linux.IPPROTO_IP && name == linux.IP_RECVERR || level == linux.IPPROTO_IPV6 && name == linux.IPV6_RECVERR {
		if len(value) < 4 {
			return 0, unix.EINVAL
		}
		c.note = "there is no queue of errors: it stays empty, and they are told by calls"
		return 0, nil
	}
	return 0, c.setKernelOption(so, level, name, value)
}

// setKernelOption sets an option that has a counterpart.
func (c *call) setKernelOption(so *socket, level, name int32, value []byte) error {
	_, buf := c.buffers()
	nbLevel, nbName, n, err := tonetbsd.SocketOptionValue(level, name, buf, value)
	if err != nil {
		c.note = err.Error()
		if errors.Is(err, abi.ErrNoCounterpart) {
			return unix.ENOPROTOOPT
		}
		return unix.EINVAL
	}
	if err := so.setNetBSD(nbLevel, nbName, buf[:n]); err != nil {
		return err
	}
	if so.typ != linux.SOCK_STREAM && nbLevel == netbsd.SOL_SOCKET && nbName == netbsd.SO_REUSEADDR {
		// Lets Linux's datagram sockets share an address and port.
		_ = so.setNetBSD(nbLevel, netbsd.SO_REUSEPORT, buf[:n])
	}
	return nil
}

// setNetBSD sets an option, and keeps it in mind.
func (so *socket) setNetBSD(level, name int32, value []byte) error {
	err := so.do(func(t *guest.Thread, nb int32) error { return t.SetOption(so.ctx, nb, level, name, value) })
	if err != nil {
		return err
	}
	so.mu.Lock()
	defer so.mu.Unlock()
	set := slices.DeleteFunc(so.kept.set, func(o option) bool { return o.level == level && o.name == name })
	so.kept.set = append(set, option{level, name, bytes.Clone(value)})
	return nil
}

// setTimeout sets a timeout, which is the placeholder's too.
func (so *socket) setTimeout(fd *file, name int32, value []byte) error {
	if err := hostOption(fd, linux.SOL_SOCKET, name, value); err != nil {
		return err
	}
	if name == linux.SO_RCVTIMEO {
		var tv linux.Timeval
		copy(abi.AsBytes(&tv), value)
		so.mu.Lock()
		so.kept.receiveTimeout = time.Duration(tv.Sec)*time.Second + time.Duration(tv.Usec)*time.Microsecond
		so.mu.Unlock()
	}
	return nil
}

// receiveTimer returns what fires when a call that receives has waited as long as
// it may; a nil channel never does.
func (so *socket) receiveTimer() (<-chan time.Time, func()) {
	so.mu.Lock()
	d := so.kept.receiveTimeout
	so.mu.Unlock()
	if d <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// hostOption sets an option of the placeholder.
func hostOption(fd *file, level, name int32, value []byte) error {
	return unix.SetsockoptString(fd.fd, int(level), int(name), string(value))
}

// Linux's limits of buffers.
const (
	leastBuffer = 2304
	mostBuffer  = 212992 // net.core.rmem_max and wmem_max
)

// setBuffer sets the size of a buffer. Linux makes it twice what is asked for, and
// never fails; the kernel's is as large as it lets it be.
func (so *socket) setBuffer(name int32, value []byte) error {
	if len(value) < 4 {
		return unix.EINVAL
	}
	n := int32(binary.NativeEndian.Uint32(value))
	switch name {
	case linux.SO_SNDBUF, linux.SO_RCVBUF:
		n = max(min(n, mostBuffer), leastBuffer/2)
	default:
		n = max(min(n, 1<<29), leastBuffer/2)
	}
	nbName := int32(netbsd.SO_SNDBUF)
	receive := name == linux.SO_RCVBUF || name == linux.SO_RCVBUFFORCE
	if receive {
		nbName = netbsd.SO_RCVBUF
	}
	for size := 2 * n; size >= leastBuffer; size /= 2 {
		err := so.setNetBSD(netbsd.SOL_SOCKET, nbName, abi.AsBytes(&size))
		if !errors.Is(err, netbsd.ENOBUFS) {
			break
		}
	}
	so.mu.Lock()
	defer so.mu.Unlock()
	if receive {
		so.kept.rcvbuf = 2 * n
	} else {
		so.kept.sndbuf = 2 * n
	}
	return nil
}

func (c *call) option(so *socket) (int64, error) {
	level, name := c.int(1), c.int(2)
	if level == linux.SOL_SOCKET && so.placeholderKnows(name) {
		return 0, errHost
	}
	room, err := c.readInt(c.Args[4])
	if err != nil {
		return 0, err
	}
	if room < 0 {
		return 0, unix.EINVAL
	}
	value, err := c.optionValue(so, level, name)
	if err != nil {
		return 0, err
	}
	value = value[:min(len(value), int(room))]
	length := int32(len(value))
	return 0, c.writeBoth(value, c.Args[3], abi.AsBytes(&length), c.Args[4])
}

// placeholderKnows tells whether an option of SOL_SOCKET is the same for the placeholder,
// so that the host may make the call, which needs none of the program's memory then.
func (so *socket) placeholderKnows(name int32) bool {
	switch name {
	case linux.SO_RCVTIMEO, linux.SO_SNDTIMEO, linux.SO_RCVLOWAT:
		return true // set there as well
	case linux.SO_TYPE:
		return so.typ == linux.SOCK_STREAM
	case linux.SO_ERROR:
		so.mu.Lock()
		defer so.mu.Unlock()
		return so.err == 0 && so.state != broken
	}
	return false
}

// optionValue returns an option as Linux has it.
func (c *call) optionValue(so *socket, level, name int32) ([]byte, error) {
	buf, nbValue := c.buffers()
	if level == linux.SOL_SOCKET {
		if n, ok := so.ownOption(name); ok {
			return binary.NativeEndian.AppendUint32(buf[:0], uint32(n)), nil
		}
	}
	nbLevel, nbName, ok := tonetbsd.SocketOption(level, name)
	if !ok {
		c.note = "no counterpart"
		if level == linux.SOL_SOCKET || level == linux.IPPROTO_TCP || level == linux.IPPROTO_IP || level == linux.IPPROTO_IPV6 {
			return nil, unix.ENOPROTOOPT
		}
		return nil, unix.EOPNOTSUPP
	}
	var n int
	err := so.do(func(t *guest.Thread, nb int32) (err error) {
		n, err = t.Option(so.ctx, nb, nbLevel, nbName, nbValue)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, _, n, err = tolinux.SocketOptionValue(nbLevel, nbName, buf, nbValue[:n])
	if err != nil {
		c.note = err.Error()
		return nil, unix.ENOPROTOOPT
	}
	return buf[:n], nil
}

// ownOption returns an option that is known here.
func (so *socket) ownOption(name int32) (int32, bool) {
	so.mu.Lock()
	defer so.mu.Unlock()
	switch name {
	case linux.SO_ERROR:
		e := so.err
		so.err = 0
		return int32(e), true
	case linux.SO_TYPE:
		return so.typ, true
	case linux.SO_DOMAIN:
		return so.family, true
	case linux.SO_PROTOCOL:
		return so.protocolNumber(), true
	case linux.SO_ACCEPTCONN:
		if so.state == listening {
			return 1, true
		}
		return 0, true
	case linux.SO_SNDBUF:
		return so.kept.sndbuf, so.kept.sndbuf != 0
	case linux.SO_RCVBUF:
		return so.kept.rcvbuf, so.kept.rcvbuf != 0
	}
	return 0, false
}

// protocolNumber returns the protocol, also when the program has left it to the
// kernel.
func (so *socket) protocolNumber() int32 {
	switch {
	case so.protocol != 0:
		return so.protocol
	case so.typ == linux.SOCK_STREAM:
		return linux.IPPROTO_TCP
	case so.typ == linux.SOCK_DGRAM:
		return linux.IPPROTO_UDP
	}
	return 0
}
