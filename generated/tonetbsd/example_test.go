package tonetbsd_test

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A number that means "try again" in NetBSD means "deadlock" on Linux.
func ExampleErrno() {
	errno, ok := tolinux.Errno(netbsd.EAGAIN)
	fmt.Println(int(netbsd.EAGAIN), int(errno), ok)
	_, ok = tolinux.Errno(netbsd.EPROCLIM)
	fmt.Println(ok)
	// Output:
	// 35 11 true
	// false
}

// A message header whose count does not fit in NetBSD's int is refused, and the
// result is left alone.
func ExampleMsghdr() {
	src := linux.Msghdr{Iovlen: 2, Flags: linux.MSG_DONTWAIT}
	var dst netbsd.Msghdr
	fmt.Println(tonetbsd.Msghdr(&dst, &src), dst.Iovlen, dst.Flags == netbsd.MSG_DONTWAIT)

	src.Flags = linux.MSG_ERRQUEUE
	err := tonetbsd.Msghdr(&dst, &src)
	fmt.Println(err)
	fmt.Println(errors.Is(err, abi.ErrNoCounterpart), dst.Iovlen)
	// Output:
	// <nil> 2 true
	// msghdr.msg_flags = 0x2000: no counterpart
	// true 2
}

// An address as a system call has it: bytes, with the length NetBSD wants in
// front.
func ExampleSockaddr() {
	src := linux.SockaddrIn{Family: linux.AF_INET, Port: abi.MakeBE16(80)}
	dst := make([]byte, 128)
	n, err := tonetbsd.Sockaddr(dst, abi.AsBytes(&src))
	fmt.Printf("% x %v\n", dst[:n], err)
	// Output: 10 02 00 50 00 00 00 00 00 00 00 00 00 00 00 00 <nil>
}

// The option numbers under SOL_SOCKET have little in common.
func ExampleSocketOption() {
	level, option, ok := tonetbsd.SocketOption(linux.SOL_SOCKET, linux.SO_REUSEADDR)
	fmt.Printf("%#x %#x %t\n", level, option, ok)
	// Output: 0xffff 0x4 true
}

// Which member of the union in an ifreq is in use tells the request, in the
// source's number.
func ExampleIfreq() {
	var src linux.Ifreq
	copy(src.Ifrn.IfrnName()[:], "eth0")
	*src.Ifru.MTU() = 1500
	var dst netbsd.Ifreq
	err := tonetbsd.Ifreq(&dst, &src, linux.SIOCSIFMTU)
	fmt.Printf("%s %d %v\n", dst.Name[:4], *dst.Ifru.MTU(), err)
	// Output: eth0 1500 <nil>
}
