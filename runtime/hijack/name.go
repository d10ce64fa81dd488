//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// maxAddress is how long a socket address may be: sizeof(struct sockaddr_storage).
const maxAddress = linux.SizeofSockaddrStorage

func nativeUint32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
func nativeUint64(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// address reads a socket address of the caller's, and translates it into dst.
func (c *call) address(so *socket, dst []byte, addr uint64, length int32) ([]byte, error) {
	var b [maxAddress]byte
	src, err := c.readAddress(&b, addr, length)
	if err != nil {
		return nil, err
	}
	return so.toNetBSD(dst, src)
}

// readAddress reads a socket address of the caller's.
func (c *call) readAddress(b *[maxAddress]byte, addr uint64, length int32) ([]byte, error) {
	if length < 0 || length > maxAddress {
		return nil, unix.EINVAL
	}
	return b[:length], c.read(b[:length], addr)
}

// toNetBSD translates an address, which is checked as Linux does it.
func (so *socket) toNetBSD(dst, src []byte) ([]byte, error) {
	if len(src) < 2 {
		return nil, unix.EINVAL
	}
	family := int32(binary.NativeEndian.Uint16(src))
	need := linux.SizeofSockaddrIn
	mapped := family == linux.AF_INET && so.family == linux.AF_INET6 && so.typ != linux.SOCK_STREAM
	if so.family == linux.AF_INET6 && !mapped {
		need = linux.SizeofSockaddrIn6 - 4 // sin6_scope_id came later
	}
	if len(src) < need {
		return nil, unix.EINVAL
	}
	var b [linux.SizeofSockaddrIn6]byte
	switch {
	case mapped:
		binary.NativeEndian.PutUint16(b[:], linux.AF_INET6)
		copy(b[2:4], src[2:]) // the port
		b[18], b[19] = 0xff, 0xff
		copy(b[20:24], src[4:8])
		src = b[:]
	case family == linux.AF_UNSPEC && so.family == linux.AF_INET:
		// Linux takes it for AF_INET.
		copy(b[:], src)
		binary.NativeEndian.PutUint16(b[:], linux.AF_INET)
		src = b[:linux.SizeofSockaddrIn]
	case family != so.family:
		return nil, unix.EAFNOSUPPORT
	case family == linux.AF_INET6:
		copy(b[:], src)
		src = b[:]
	default:
		src = src[:linux.SizeofSockaddrIn]
	}
	n, err := tonetbsd.Sockaddr(dst, src)
	if err != nil {
		return nil, unix.EAFNOSUPPORT
	}
	return dst[:n], nil
}

// returnAddress gives a caller an address of NetBSD's, cut to what there is room
// for, and its full length.
func (c *call) returnAddress(nb []byte, addr, lengthAddr uint64) error {
	if addr == 0 {
		return nil
	}
	room, err := c.readInt(lengthAddr)
	if err != nil {
		return err
	}
	if room < 0 {
		return unix.EINVAL
	}
	var b [maxAddress]byte
	n, err := addressBytes(b[:], nb)
	if err != nil {
		return err
	}
	var l [4]byte
	binary.NativeEndian.PutUint32(l[:], uint32(n))
	return c.writeBoth(b[:min(n, int(room))], addr, l[:], lengthAddr)
}

// addressBytes translates an address; one without a family has no bytes.
func addressBytes(dst, nb []byte) (int, error) {
	if len(nb) < 2 || nb[1] == 0 {
		return 0, nil
	}
	return tolinux.Sockaddr(dst, nb)
}

func (c *call) bind(so *socket) (int64, error) {
	var b [guest.MaxName]byte
	name, err := c.address(so, b[:], c.Args[1], c.int(2))
	if err != nil {
		return 0, err
	}
	if err := so.moveLocal(name); err != nil {
		return 0, err
	}
	try := func() error {
		return so.do(func(t *guest.Thread, nb int32) error { return t.Bind(so.ctx, nb, name) })
	}
	err = try()
	if !errors.Is(err, netbsd.EADDRINUSE) {
		return 0, err
	}
	hung := c.sup.hung()
	if len(hung) == 0 && !c.sup.isLeft() {
		return 0, try() // the last one may have gone since
	}
	so.refs.Add(1)
	name = bytes.Clone(name)
	return c.later(func(*call) (int64, error) {
		defer so.release()
		c.sup.awaitGone(hung)
		return 0, try()
	})
}

// name answers getsockname and getpeername.
func (c *call) name(so *socket, peer bool) (int64, error) {
	return 0, so.do(func(t *guest.Thread, nb int32) error {
		name, err := t.Name(so.ctx, nb, peer)
		if err != nil {
			return err
		}
		if c.Args[1] == 0 {
			return unix.EFAULT
		}
		return c.returnAddress(name, c.Args[1], c.Args[2])
	})
}
