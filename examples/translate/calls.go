//go:build linux && (amd64 || arm64)

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// run makes the calls, each of them a real one, and shows what became of its
// structs.
func run(w io.Writer) error {
	fd, err := openSocket(w)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	for _, step := range []func(io.Writer, int) error{address, options, message, readiness, file, interfaceRequest, failure} {
		if err := step(w, fd); err != nil {
			return err
		}
	}
	return nil
}

// openSocket makes an IPv6 datagram socket: the numbers of the call itself
// are the first to differ.
func openSocket(w io.Writer) (int, error) {
	family, kind := int32(linux.AF_INET6), int32(linux.SOCK_DGRAM|linux.SOCK_CLOEXEC|linux.SOCK_NONBLOCK)
	fd, err := syscall.Socket(int(family), int(kind), 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	nbFamily, ok1 := tonetbsd.ProtocolFamily(family)
	nbKind, ok2 := tonetbsd.SocketType(kind)
	if !ok1 || !ok2 {
		return 0, fmt.Errorf("socket(%d, %#x): no NetBSD counterpart", family, kind)
	}
	fmt.Fprintln(w, "socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0)")
	row(w, "Linux", "NetBSD")
	row(w, fmt.Sprintf("socket(%d, %#x, 0)", family, kind), fmt.Sprintf("socket(%d, %#x, 0)", nbFamily, nbKind))
	return fd, nil
}

// address binds the socket to a port of loopback and takes the name the
// kernel gave it.
func address(w io.Writer, fd int) error {
	if err := syscall.Bind(fd, &syscall.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	var lx, again linux.SockaddrIn6
	n := uint32(unsafe.Sizeof(lx))
	if _, _, errno := syscall.RawSyscall(syscall.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&lx)), uintptr(unsafe.Pointer(&n))); errno != 0 {
		return fmt.Errorf("getsockname: %w", errno)
	}
	var nb netbsd.SockaddrIn6
	if err := tonetbsd.SockaddrIn6(&nb, &lx); err != nil {
		return err
	}
	show(w, "getsockname: struct sockaddr_in6", &lx, &nb)
	if err := tolinux.SockaddrIn6(&again, &nb); err != nil {
		return err
	}
	back(w, &lx, &again)
	return nil
}

// options asks for control messages, and sets a time-out.
func options(w io.Writer, fd int) error {
	if err := syscall.SetsockoptInt(fd, linux.IPPROTO_IPV6, linux.IPV6_RECVPKTINFO, 1); err != nil {
		return fmt.Errorf("setsockopt IPV6_RECVPKTINFO: %w", err)
	}
	level, option, ok := tonetbsd.SocketOption(linux.IPPROTO_IPV6, linux.IPV6_RECVPKTINFO)
	if !ok {
		return fmt.Errorf("IPV6_RECVPKTINFO: no NetBSD counterpart")
	}
	fmt.Fprintf(w, "\nsetsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO)\n")
	row(w, fmt.Sprintf("level %d, option %d", linux.IPPROTO_IPV6, linux.IPV6_RECVPKTINFO), fmt.Sprintf("level %d, option %d", level, option))

	lx := linux.Timeval{Sec: 2, Usec: 500000}
	size := unsafe.Sizeof(lx)
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(fd), linux.SOL_SOCKET, linux.SO_RCVTIMEO, uintptr(unsafe.Pointer(&lx)), size, 0); errno != 0 {
		return fmt.Errorf("setsockopt SO_RCVTIMEO: %w", errno)
	}
	var nb netbsd.Timeval
	var again linux.Timeval
	if err := tonetbsd.Timeval(&nb, &lx); err != nil {
		return err
	}
	show(w, "setsockopt(SOL_SOCKET, SO_RCVTIMEO): struct timeval", &lx, &nb)
	if err := tolinux.Timeval(&again, &nb); err != nil {
		return err
	}
	back(w, &lx, &again)
	return nil
}

// message sends a datagram to the socket itself and receives it with the
// control messages that were asked for.
func message(w io.Writer, fd int) error {
	to, err := syscall.Getsockname(fd)
	if err != nil {
		return err
	}
	if err := syscall.Sendto(fd, []byte("hello, NetBSD"), 0, to); err != nil {
		return fmt.Errorf("sendto: %w", err)
	}
	// The header refers to memory by number, which the garbage collector
	// does not see: what it refers to must stay where it is.
	var pins runtime.Pinner
	defer pins.Unpin()
	addr := func(b []byte) abi.Addr {
		pins.Pin(&b[0])
		return abi.Addr(unsafe.Pointer(&b[0]))
	}
	data, name, control := make([]byte, 64), make([]byte, 128), make([]byte, 128)
	iov := &linux.Iovec{Base: addr(data), Len: uint64(len(data))}
	pins.Pin(iov)
	lx := linux.Msghdr{
		Name: addr(name), Namelen: uint32(len(name)),
		Iov: abi.Addr(unsafe.Pointer(iov)), Iovlen: 1,
		Control: addr(control), Controllen: uint64(len(control)),
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&lx)), 0); errno != 0 {
		return fmt.Errorf("recvmsg: %w", errno)
	}
	var nb netbsd.Msghdr
	var again linux.Msghdr
	if err := tonetbsd.Msghdr(&nb, &lx); err != nil {
		return err
	}
	show(w, "recvmsg: struct msghdr", &lx, &nb)
	if err := tolinux.Msghdr(&again, &nb); err != nil {
		return err
	}
	back(w, &lx, &again)
	return controls(w, control[:lx.Controllen])
}

// controls translates the chain of control messages that recvmsg filled in.
func controls(w io.Writer, lx []byte) error {
	nb, again := make([]byte, 2*len(lx)), make([]byte, 2*len(lx))
	n, err := tonetbsd.ControlMessages(nb, lx)
	if err != nil {
		return err
	}
	m, err := tolinux.ControlMessages(again, nb[:n])
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nrecvmsg: the control messages (IPV6_PKTINFO)\n")
	row(w, fmt.Sprintf("Linux, %d bytes", len(lx)), fmt.Sprintf("NetBSD, %d bytes", n))
	rows(w, leaf{name: " ", bytes: lx}.lines(), leaf{name: " ", bytes: nb[:n]}.lines())
	same := "the same"
	if !bytes.Equal(again[:m], lx) {
		same = fmt.Sprintf("% x", again[:m])
	}
	fmt.Fprintln(w, "  and back:", same)
	return nil
}

// readiness asks whether the socket can be written to.
func readiness(w io.Writer, fd int) error {
	lx := linux.Pollfd{FD: int32(fd), Events: linux.POLLIN | linux.POLLOUT | linux.POLLWRBAND}
	var timeout linux.Timespec
	if _, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&lx)), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("ppoll: %w", errno)
	}
	var nb netbsd.Pollfd
	var again linux.Pollfd
	if err := tonetbsd.Pollfd(&nb, &lx); err != nil {
		return err
	}
	show(w, "poll: struct pollfd, POLLIN|POLLOUT|POLLWRBAND", &lx, &nb)
	if err := tolinux.Pollfd(&again, &nb); err != nil {
		return err
	}
	back(w, &lx, &again)
	return nil
}

// file asks what the socket is as a file.
func file(w io.Writer, fd int) error {
	var lx, again linux.Stat
	if _, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(&lx)), 0); errno != 0 {
		return fmt.Errorf("fstat: %w", errno)
	}
	var nb netbsd.Stat
	if err := tonetbsd.Stat(&nb, &lx); err != nil {
		return err
	}
	show(w, "fstat: struct stat", &lx, &nb)
	if err := tolinux.Stat(&again, &nb); err != nil {
		return err
	}
	back(w, &lx, &again)
	return nil
}

// interfaceRequest asks for the MTU of loopback: the request number tells
// which member of the union counts.
func interfaceRequest(w io.Writer, fd int) error {
	var lx, again linux.Ifreq
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&lx)), linux.IFNAMSIZ), "lo")
	if _, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), linux.SIOCGIFMTU, uintptr(unsafe.Pointer(&lx))); errno != 0 {
		return fmt.Errorf("ioctl SIOCGIFMTU: %w", errno)
	}
	var nb netbsd.Ifreq
	if err := tonetbsd.Ifreq(&nb, &lx, linux.SIOCGIFMTU); err != nil {
		return err
	}
	show(w, fmt.Sprintf("ioctl(SIOCGIFMTU, %#x there, %#x here): struct ifreq", linux.SIOCGIFMTU, uint32(netbsd.SIOCGIFMTU)), &lx, &nb)
	if err := tolinux.Ifreq(&again, &nb, netbsd.SIOCGIFMTU); err != nil {
		return err
	}
	back(w, &lx, &again)
	return nil
}

// failure makes a call fail.
func failure(w io.Writer, fd int) error {
	_, _, err := syscall.Recvfrom(fd, make([]byte, 1), 0)
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return errors.New("recvfrom on an empty socket did not fail")
	}
	lx := linux.Errno(errno)
	nb, ok := tonetbsd.Errno(lx)
	if !ok {
		return fmt.Errorf("no NetBSD counterpart: %w", lx)
	}
	fmt.Fprintf(w, "\nrecvfrom: %s\n", lx.Name())
	row(w, fmt.Sprintf("errno %d: %v", lx, lx), fmt.Sprintf("errno %d: %v", nb, nb))
	if untranslated := netbsd.Errno(lx); untranslated != nb {
		fmt.Fprintf(w, "  untranslated, NetBSD would read %d as %s: %v\n", lx, untranslated.Name(), untranslated)
	}
	return nil
}
