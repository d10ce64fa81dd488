package tolinux_test

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// The number that means "try again" on NetBSD means "deadlock" on Linux.
func ExampleErrno() {
	errno, ok := tolinux.Errno(netbsd.EAGAIN)
	fmt.Println(int(netbsd.EAGAIN), int(errno), ok)
	_, ok = tolinux.Errno(netbsd.EPROCLIM)
	fmt.Println(ok)
	// Output:
	// 35 11 true
	// false
}

// NetBSD's SIGINFO, of a key that Linux does not have, has no counterpart.
func ExampleSignal() {
	signal, ok := tolinux.Signal(netbsd.SIGUSR1)
	fmt.Println(int(netbsd.SIGUSR1), int(signal), ok)
	_, ok = tolinux.Signal(netbsd.SIGINFO)
	fmt.Println(ok)
	// Output:
	// 30 10 true
	// false
}

// An address as a system call returns it. The length in front is gone, and the
// family is two bytes in the machine's order.
func ExampleSockaddr() {
	src := netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET, Port: abi.MakeBE16(80)}
	dst := make([]byte, 128)
	n, err := tolinux.Sockaddr(dst, abi.AsBytes(&src))
	fmt.Printf("% x %v\n", dst[:n], err)

	_, err = tolinux.Sockaddr(dst, []byte{16, netbsd.AF_APPLETALK, 15: 0})
	fmt.Println(err)
	// Output:
	// 02 00 00 50 00 00 00 00 00 00 00 00 00 00 00 00 <nil>
	// sockaddr.sa_family = 16: no counterpart
}

// The numbers of IPv6 are not the same.
func ExampleSockaddrIn6() {
	src := netbsd.SockaddrIn6{Len: netbsd.SizeofSockaddrIn6, Family: netbsd.AF_INET6, ScopeID: 2}
	var dst linux.SockaddrIn6
	err := tolinux.SockaddrIn6(&dst, &src)
	fmt.Println(src.Family, dst.Family, dst.ScopeID, err)
	// Output: 24 10 2 <nil>
}

// Flags that Linux does not know are an error, and the destination stays as it is.
func ExampleMsghdr() {
	src := netbsd.Msghdr{Iovlen: 2, Flags: netbsd.MSG_EOR}
	var dst linux.Msghdr
	fmt.Println(tolinux.Msghdr(&dst, &src), dst.Iovlen, dst.Flags == linux.MSG_EOR)

	src.Iovlen, src.Flags = 3, netbsd.MSG_BCAST
	err := tolinux.Msghdr(&dst, &src)
	fmt.Println(err, errors.Is(err, abi.ErrNoCounterpart), dst.Iovlen)
	// Output:
	// <nil> 2 true
	// msghdr.msg_flags = 256: no counterpart true 2
}

// The option numbers under SOL_SOCKET have little in common.
func ExampleSocketOption() {
	level, option, ok := tolinux.SocketOption(netbsd.SOL_SOCKET, netbsd.SO_REUSEADDR)
	fmt.Println(level == linux.SOL_SOCKET, option == linux.SO_REUSEADDR, ok)
	_, _, ok = tolinux.SocketOption(netbsd.SOL_SOCKET, netbsd.SO_USELOOPBACK)
	fmt.Println(ok)
	// Output:
	// true true true
	// false
}

// Members of NetBSD's that Linux has no place for are left out: the
// documentation of each function names them.
func ExampleStat() {
	src := netbsd.Stat{Ino: 7, Mode: netbsd.S_IFDIR | 0o755, Nlink: 2, Birthtim: netbsd.Timespec{Sec: 1}}
	var dst linux.Stat
	err := tolinux.Stat(&dst, &src)
	fmt.Printf("%d %#o %d %v\n", dst.Ino, dst.Mode, dst.Nlink, err)
	// Output: 7 040755 2 <nil>
}

// POLLWRNORM is another name of POLLOUT on NetBSD.
func ExamplePollEvents() {
	events, ok := tolinux.PollEvents(netbsd.POLLIN | netbsd.POLLWRNORM)
	fmt.Println(events == linux.POLLIN|linux.POLLOUT, ok)
	// Output: true true
}

// Which member of the union in an ifreq is in use tells the request, in the
// source's number.
func ExampleIfreq() {
	var src netbsd.Ifreq
	copy(src.Name[:], "tap0")
	*src.Ifru.MTU() = 1280
	var dst linux.Ifreq
	err := tolinux.Ifreq(&dst, &src, netbsd.SIOCSIFMTU)
	fmt.Printf("%s %d %v\n", dst.Ifrn.IfrnName()[:4], *dst.Ifru.MTU(), err)
	// Output: tap0 1280 <nil>
}
