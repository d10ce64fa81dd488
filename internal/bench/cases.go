//go:build linux && amd64

package main

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A loop converts the same thing n times.
type loop func(n int)

// A conversion is one row of the table: the same work done in each way. All
// are called through a variable, in C too, so none is merged with the loop
// around it.
type conversion struct {
	name      string // also the C side's name for it
	generated loop
	hand      loop
	binary    loop      // encoding/binary: decode the source, encode the result
	copy      loop      // as many bytes as the result has
	results   [2][]byte // what generated and hand wrote
	once      [2]func() // each once, into results
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// record makes the row of a pair of structures. The first two type parameters
// are the structures that are converted, the others what encoding/binary is given:
// the same, with integers for the addresses that it does not know.
func record[D, S, BD, BS any](name string, src S, generated, hand func(*D, *S) error) *conversion {
	c := &conversion{name: name}
	dst := new(D)
	from, to := make([]byte, len(abi.AsBytes(dst))), abi.AsBytes(new(D))
	for i, f := range []func(*D, *S) error{generated, hand} {
		result := new(D)
		c.results[i] = abi.AsBytes(result)
		c.once[i] = func() { check(f(result, &src)) }
	}
	c.generated = calls(generated, dst, &src)
	c.hand = calls(hand, dst, &src)
	c.binary = encodingBinary[BD, BS]
	c.copy = func(n int) {
		for range n {
			copyBytes(to, from)
		}
	}
	return c
}

func calls[D, S any](f func(*D, *S) error, dst *D, src *S) loop {
	return func(n int) {
		for range n {
			if err := f(dst, src); err != nil {
				panic(err)
			}
		}
	}
}

// buffers makes the row of converters of bytes.
func buffers(name string, src []byte, size int, generated, hand func(dst, src []byte) (int, error), viaBinary loop) *conversion {
	c := &conversion{name: name, binary: viaBinary}
	for i, f := range []func(dst, src []byte) (int, error){generated, hand} {
		result := make([]byte, size)
		c.results[i] = result
		c.once[i] = func() {
			_, err := f(result, src)
			check(err)
		}
	}
	dst, to, from := make([]byte, 128), make([]byte, size), make([]byte, size)
	of := func(f func(dst, src []byte) (int, error)) loop {
		return func(n int) {
			for range n {
				if _, err := f(dst, src); err != nil {
					panic(err)
				}
			}
		}
	}
	c.generated, c.hand = of(generated), of(hand)
	c.copy = func(n int) {
		for range n {
			copyBytes(to, from)
		}
	}
	return c
}

//go:noinline
func copyBytes(dst, src []byte) { copy(dst, src) }

func encodingBinary[D, S any](n int) {
	var read S
	var write D
	from, to := make([]byte, binary.Size(&read)), make([]byte, binary.Size(&write))
	for range n {
		_, err := binary.Decode(from, binary.NativeEndian, &read)
		check(err)
		_, err = binary.Encode(to, binary.NativeEndian, &write)
		check(err)
	}
}

// What encoding/binary is given where a structure has addresses, or a union.
type (
	binaryMsghdr struct {
		Name               uint64
		Namelen, Pad       uint32
		Iov, Iovlen        uint64
		Control            uint64
		Controllen, Flags  uint32
		Controllen2, Flag2 uint32
	}
	binaryIovec   struct{ Base, Len uint64 }
	binaryControl struct {
		Len         uint64
		Level, Type int32
		Rights      [3]int32
	}
	binaryIfreq struct {
		Name  [16]byte
		Union [24]byte
	}
	binaryIfreqBSD struct {
		Name  [16]byte
		Union [128]byte
	}
)

// request is a variable, so that the switch over it is made while running.
var request uint64 = linux.SIOCSIFMTU

func conversions() []*conversion {
	in6 := linux.SockaddrIn6{Family: linux.AF_INET6, Port: abi.MakeBE16(80), ScopeID: 3}
	un := linux.SockaddrUn{Family: linux.AF_UNIX}
	copy(un.Path[:], "/run/some/where/socket")
	ifreq := linux.Ifreq{}
	copy(ifreq.Ifrn.IfrnName()[:], "eth0")
	*ifreq.Ifru.MTU() = 1500
	in := linux.SockaddrIn{Family: linux.AF_INET, Port: abi.MakeBE16(80)}
	in.Addr.Addr = 0x0100007f
	rights := struct {
		linux.Cmsghdr
		fd [4]int32
	}{linux.Cmsghdr{Len: 28, Level: linux.SOL_SOCKET, Type: linux.SCM_RIGHTS}, [4]int32{3, 4, 5}}

	return []*conversion{
		record[netbsd.SockaddrIn, linux.SockaddrIn, netbsd.SockaddrIn, linux.SockaddrIn](
			"sockaddr_in", in, tonetbsd.SockaddrIn, handSockaddrIn),
		record[netbsd.SockaddrIn6, linux.SockaddrIn6, netbsd.SockaddrIn6, linux.SockaddrIn6](
			"sockaddr_in6", in6, tonetbsd.SockaddrIn6, handSockaddrIn6),
		record[netbsd.SockaddrUn, linux.SockaddrUn, netbsd.SockaddrUn, linux.SockaddrUn](
			"sockaddr_un", un, tonetbsd.SockaddrUn, handSockaddrUn),
		buffers("sockaddr", abi.AsBytes(&in6), netbsd.SizeofSockaddrIn6, tonetbsd.Sockaddr, handSockaddr,
			encodingBinary[netbsd.SockaddrIn6, linux.SockaddrIn6]),
		record[netbsd.Msghdr, linux.Msghdr, binaryMsghdr, binaryMsghdr](
			"msghdr", linux.Msghdr{Iovlen: 3, Controllen: 24, Flags: linux.MSG_NOSIGNAL | linux.MSG_DONTWAIT},
			tonetbsd.Msghdr, handMsghdr),
		buffers("control", abi.AsBytes(&rights), 32, tonetbsd.ControlMessages, handControl,
			encodingBinary[binaryControl, binaryControl]),
		record[linux.Stat, netbsd.Stat, linux.Stat, netbsd.Stat](
			"stat", netbsd.Stat{Mode: 0o100644, Size: 1234, Nlink: 1, Blksize: 4096}, tolinux.Stat, handStat),
		record[netbsd.Timeval, linux.Timeval, netbsd.Timeval, linux.Timeval](
			"timeval", linux.Timeval{Sec: 5, Usec: 6}, tonetbsd.Timeval, handTimeval),
		record[netbsd.Pollfd, linux.Pollfd, netbsd.Pollfd, linux.Pollfd](
			"pollfd", linux.Pollfd{FD: 4, Events: linux.POLLIN | linux.POLLOUT}, tonetbsd.Pollfd, handPollfd),
		record[netbsd.Iovec, linux.Iovec, binaryIovec, binaryIovec](
			"iovec", linux.Iovec{Base: 0x1000, Len: 6}, tonetbsd.Iovec, handIovec),
		record[netbsd.Linger, linux.Linger, netbsd.Linger, linux.Linger](
			"linger", linux.Linger{Onoff: 1, Linger: 30}, tonetbsd.Linger, handLinger),
		record[netbsd.Ifreq, linux.Ifreq, binaryIfreqBSD, binaryIfreq]("ifreq", ifreq,
			func(dst *netbsd.Ifreq, src *linux.Ifreq) error { return tonetbsd.Ifreq(dst, src, request) },
			func(dst *netbsd.Ifreq, src *linux.Ifreq) error { return handIfreq(dst, src, request) }),
	}
}

// nothing is the call alone.
func nothing(n int) {
	calls(doNothing, &netbsd.SockaddrIn{}, &linux.SockaddrIn{})(n)
}

//go:noinline
func doNothing(*netbsd.SockaddrIn, *linux.SockaddrIn) error { return nil }
