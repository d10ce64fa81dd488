package tonetbsd_test

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// The number that means "try again" on Linux means "deadlock" on NetBSD.
func ExampleErrno() {
	errno, ok := tonetbsd.Errno(linux.EAGAIN)
	fmt.Println(int(linux.EAGAIN), int(errno), ok)
	fmt.Println(netbsd.Errno(linux.EAGAIN).Error())
	_, ok = tonetbsd.Errno(linux.ENOKEY)
	fmt.Println(ok)
	// Output:
	// 11 35 true
	// Resource deadlock avoided
	// false
}

// An untranslated SIGCHLD would stop the process.
func ExampleSignal() {
	signal, ok := tonetbsd.Signal(linux.SIGCHLD)
	fmt.Println(int(linux.SIGCHLD), int(signal), ok, int(netbsd.SIGSTOP))
	// Output: 17 20 true 17
}

// Linux's O_APPEND is NetBSD's O_TRUNC.
func ExampleOpenFlags() {
	flags, ok := tonetbsd.OpenFlags(linux.O_WRONLY | linux.O_CREAT | linux.O_APPEND)
	fmt.Println(flags == netbsd.O_WRONLY|netbsd.O_CREAT|netbsd.O_APPEND, ok)
	fmt.Println(linux.O_APPEND == netbsd.O_TRUNC)
	// Output:
	// true true
	// true
}

// What Linux does not tell, such as the time of birth, is zero.
func ExampleStat() {
	src := linux.Stat{Ino: 7, Mode: linux.S_IFREG | 0o644, Size: 1234, Mtim: linux.Timespec{Sec: 1_700_000_000}}
	var dst netbsd.Stat
	err := tonetbsd.Stat(&dst, &src)
	fmt.Printf("%d %#o %d %d %d %v\n", dst.Ino, dst.Mode, dst.Size, dst.Mtim.Sec, dst.Birthtim.Sec, err)
	// Output: 7 0100644 1234 1700000000 0 <nil>
}

// An event that NetBSD does not know is an error, and not silence.
func ExamplePollfd() {
	src := linux.Pollfd{FD: 3, Events: linux.POLLIN | linux.POLLWRBAND}
	var dst netbsd.Pollfd
	fmt.Println(tonetbsd.Pollfd(&dst, &src), dst.Events == netbsd.POLLIN|netbsd.POLLWRBAND)

	src.Events |= linux.POLLRDHUP
	fmt.Println(tonetbsd.Pollfd(&dst, &src))
	// Output:
	// <nil> true
	// pollfd.events = 0x2201: no counterpart
}

// Descriptors that are passed along stay the same numbers; their message gets
// NetBSD's header and place.
func ExampleControlMessages() {
	src := rights(3, 4) // what sendmsg on Linux takes for descriptors 3 and 4
	dst := make([]byte, 64)
	n, err := tonetbsd.ControlMessages(dst, src)
	var header netbsd.Cmsghdr
	copy(abi.AsBytes(&header), dst[:n])
	fmt.Println(header.Level == netbsd.SOL_SOCKET, header.Type == netbsd.SCM_RIGHTS, err)
	// Output: true true <nil>
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
