//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Calls with arguments that make no sense fail as on Linux: the program makes them
// on the host, and on the kernel.
func TestOddArguments(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programName+"=odd")
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := program(t, newKernel(t), "odd")
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("on the host (-) and on the kernel (+):\n%s", diff)
	}
}

// odd are the calls, in order. Each gets descriptors: a stream, a datagram
// socket, a listener and a connection.
type odd struct {
	tcp, udp, listener, conn, file int
}

func oddProgram([]string) error {
	var o odd
	var err error
	if o.tcp, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0); err != nil {
		return err
	}
	if o.udp, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0); err != nil {
		return err
	}
	if o.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
		return err
	}
	if err := unix.Bind(o.listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if err := unix.Listen(o.listener, 5); err != nil {
		return err
	}
	name, err := unix.Getsockname(o.listener)
	if err != nil {
		return err
	}
	if o.conn, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
		return err
	}
	if err := unix.Connect(o.conn, name); err != nil {
		return err
	}
	if err := unix.SetNonblock(o.conn, true); err != nil {
		return err
	}
	if o.file, err = unix.Open("/proc/self/exe", unix.O_RDONLY, 0); err != nil {
		return err
	}
	o.sockets()
	o.names()
	o.options()
	o.messages()
	o.connections()
	return nil
}

// bad is an address with nothing there.
const bad = 8

func say(what string, v uintptr, e syscall.Errno) {
	if e != 0 {
		fmt.Printf("%s: %v\n", what, e)
		return
	}
	fmt.Printf("%s = %d\n", what, v)
}

func call(what string, number uintptr, a ...uintptr) {
	a = append(a, make([]uintptr, 6-len(a))...)
	v, _, e := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	say(what, v, e)
}

func ptr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

const negative = ^uintptr(0)

func (o *odd) sockets() {
	call("socket of no family", unix.SYS_SOCKET, 99, unix.SOCK_STREAM, 0)
	call("socket of no type", unix.SYS_SOCKET, unix.AF_INET, 15, 0)
	call("socket of type 0", unix.SYS_SOCKET, unix.AF_INET, 0, 0)
	call("socket with unknown flags", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|0x100, 0)
	call("stream of UDP", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_UDP)
	call("datagrams of TCP", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_TCP)
	call("protocol out of range", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 9999)
	for _, fd := range []int{-1, 9999, o.file} {
		call(fmt.Sprint("listen of ", min(fd, 10000)), unix.SYS_LISTEN, uintptr(fd), 1)
		call("bind of it", unix.SYS_BIND, uintptr(fd), bad, 16)
		call("getsockname of it", unix.SYS_GETSOCKNAME, uintptr(fd), bad, bad)
		call("sendmsg of it", unix.SYS_SENDMSG, uintptr(fd), bad, 0)
	}
}

func (o *odd) names() {
	sin := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	sin6 := unix.RawSockaddrInet6{Family: unix.AF_INET6}
	un := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	udp := uintptr(o.udp)
	for _, n := range []struct {
		name   string
		number uintptr
	}{{"bind", unix.SYS_BIND}, {"connect", unix.SYS_CONNECT}} {
		call(n.name+" nowhere", n.number, udp, bad, 16)
		call(n.name+" with length 0", n.number, udp, ptr(&sin), 0)
		call(n.name+" with length 1", n.number, udp, ptr(&sin), 1)
		call(n.name+" with a short address", n.number, udp, ptr(&sin), 8)
		call(n.name+" with a long one", n.number, udp, ptr(&sin), 129)
		call(n.name+" with a negative length", n.number, udp, ptr(&sin), negative)
		call(n.name+" with another family", n.number, udp, ptr(&sin6), unix.SizeofSockaddrInet6)
		call(n.name+" with a path", n.number, udp, ptr(&un), 10)
	}
	elsewhere := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{192, 0, 2, 77}}
	call("bind to an address that is not here", unix.SYS_BIND, udp, ptr(&elsewhere), 16)
	length := int32(16)
	var b [128]byte
	listener := uintptr(o.listener)
	call("getsockname to nowhere", unix.SYS_GETSOCKNAME, listener, bad, ptr(&length))
	call("getsockname without a length", unix.SYS_GETSOCKNAME, listener, ptr(&b), bad)
	length = -1
	call("getsockname with a negative length", unix.SYS_GETSOCKNAME, listener, ptr(&b), ptr(&length))
	length = 4
	call("getsockname with little room", unix.SYS_GETSOCKNAME, listener, ptr(&b), ptr(&length))
	fmt.Println("length", length)
	length = 0
	call("getsockname without room", unix.SYS_GETSOCKNAME, listener, bad, ptr(&length))
	fmt.Println("length", length)
	length = 128
	call("getpeername of a listener", unix.SYS_GETPEERNAME, listener, ptr(&b), ptr(&length))
	call("getpeername of a fresh socket", unix.SYS_GETPEERNAME, uintptr(o.tcp), ptr(&b), ptr(&length))
	call("getpeername of a connection", unix.SYS_GETPEERNAME, uintptr(o.conn), ptr(&b), ptr(&length))
	fmt.Println("length", length)
}

func (o *odd) options() {
	one := int32(1)
	tcp := uintptr(o.tcp)
	set := func(what string, level, name, at, length uintptr) {
		call("setsockopt "+what, unix.SYS_SETSOCKOPT, tcp, level, name, at, length)
	}
	set("from nowhere", unix.SOL_SOCKET, unix.SO_REUSEADDR, bad, 4)
	set("with length 0", unix.SOL_SOCKET, unix.SO_REUSEADDR, ptr(&one), 0)
	set("with length 2", unix.SOL_SOCKET, unix.SO_REUSEADDR, ptr(&one), 2)
	set("with a negative length", unix.SOL_SOCKET, unix.SO_REUSEADDR, ptr(&one), negative)
	set("that is unknown", unix.SOL_SOCKET, 9999, ptr(&one), 4)
	set("that is unknown to TCP", unix.IPPROTO_TCP, 9999, ptr(&one), 4)
	set("that is unknown to IP", unix.IPPROTO_IP, 9999, ptr(&one), 4)
	set("SO_ERROR", unix.SOL_SOCKET, unix.SO_ERROR, ptr(&one), 4)
	set("SO_TYPE", unix.SOL_SOCKET, unix.SO_TYPE, ptr(&one), 4)
	set("SO_ACCEPTCONN", unix.SOL_SOCKET, unix.SO_ACCEPTCONN, ptr(&one), 4)
	set("TCP_NODELAY, short", unix.IPPROTO_TCP, unix.TCP_NODELAY, ptr(&one), 3)
	set("SO_LINGER, short", unix.SOL_SOCKET, unix.SO_LINGER, ptr(&one), 4)
	set("SO_RCVTIMEO, short", unix.SOL_SOCKET, unix.SO_RCVTIMEO, ptr(&one), 4)
	var v, length int32
	get := func(what string, fd int, level, name uintptr) {
		v, length = -7, 4
		call("getsockopt "+what, unix.SYS_GETSOCKOPT, uintptr(fd), level, name, ptr(&v), ptr(&length))
		fmt.Println(v, length)
	}
	get("SO_TYPE", o.tcp, unix.SOL_SOCKET, unix.SO_TYPE)
	get("SO_TYPE of UDP", o.udp, unix.SOL_SOCKET, unix.SO_TYPE)
	get("SO_DOMAIN", o.tcp, unix.SOL_SOCKET, unix.SO_DOMAIN)
	get("SO_PROTOCOL", o.tcp, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	get("SO_PROTOCOL of UDP", o.udp, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	get("SO_ACCEPTCONN", o.tcp, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	get("SO_ACCEPTCONN of a listener", o.listener, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	get("SO_ERROR", o.tcp, unix.SOL_SOCKET, unix.SO_ERROR)
	get("SO_REUSEADDR", o.tcp, unix.SOL_SOCKET, unix.SO_REUSEADDR)
	get("that is unknown", o.tcp, unix.SOL_SOCKET, 9999)
	get("of an unknown level", o.tcp, 9999, 1)
	length = -1
	call("getsockopt with a negative length", unix.SYS_GETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_TYPE, ptr(&v), ptr(&length))
	call("getsockopt without a length", unix.SYS_GETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_TYPE, ptr(&v), bad)
	length = 4
	call("getsockopt to nowhere", unix.SYS_GETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_TYPE, bad, ptr(&length))
}

func (o *odd) messages() {
	var b [16]byte
	udp := uintptr(o.udp)
	sin := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: 0x0900, Addr: [4]byte{127, 0, 0, 1}}
	call("sendto from nowhere", unix.SYS_SENDTO, udp, bad, 5, 0, ptr(&sin), 16)
	call("sendto to nowhere", unix.SYS_SENDTO, udp, ptr(&b), 5, 0, bad, 16)
	call("sendto with a short address", unix.SYS_SENDTO, udp, ptr(&b), 5, 0, ptr(&sin), 8)
	call("sendto with a negative length", unix.SYS_SENDTO, udp, ptr(&b), 5, 0, ptr(&sin), negative)
	call("sendto of too much", unix.SYS_SENDTO, udp, ptr(&b), 1<<20, 0, ptr(&sin), 16)
	call("recvfrom of nothing", unix.SYS_RECVFROM, udp, ptr(&b), 5, 0, ptr(&sin), ptr(&b))
	call("recvfrom of errors", unix.SYS_RECVFROM, udp, ptr(&b), 5, unix.MSG_ERRQUEUE, 0, 0)
	call("sendmsg from nowhere", unix.SYS_SENDMSG, udp, bad, 0)
	call("recvmsg to nowhere", unix.SYS_RECVMSG, udp, bad, 0)
	call("sendmmsg from nowhere", unix.SYS_SENDMMSG, udp, bad, 2, 0)
	iov := unix.Iovec{Base: &b[0], Len: 1 << 63}
	msg := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&sin)), Namelen: 16, Iov: &iov, Iovlen: 1}
	call("sendmsg of a negative length", unix.SYS_SENDMSG, udp, ptr(&msg), 0)
	call("recvmsg of a negative length", unix.SYS_RECVMSG, udp, ptr(&msg), 0)
	msg.Iovlen = 1025
	call("sendmsg of too many vectors", unix.SYS_SENDMSG, udp, ptr(&msg), 0)
	msg.Iovlen = 1 << 40
	call("recvmsg of too many vectors", unix.SYS_RECVMSG, udp, ptr(&msg), 0)
	iov.Len, msg.Iovlen = 4, 1
	msg.SetControllen(1 << 30)
	msg.Control = &b[0]
	call("sendmsg of too much control", unix.SYS_SENDMSG, udp, ptr(&msg), 0)
}

func (o *odd) connections() {
	sin := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	call("listen of datagrams", unix.SYS_LISTEN, uintptr(o.udp), 1)
	call("accept of datagrams", unix.SYS_ACCEPT, uintptr(o.udp), 0, 0)
	call("accept of a fresh socket", unix.SYS_ACCEPT, uintptr(o.tcp), 0, 0)
	call("accept of a connection", unix.SYS_ACCEPT, uintptr(o.conn), 0, 0)
	call("accept with unknown flags", unix.SYS_ACCEPT4, uintptr(o.listener), 0, 0, 0x10)
	call("listen of a connection", unix.SYS_LISTEN, uintptr(o.conn), 1)
	call("connect of a connection", unix.SYS_CONNECT, uintptr(o.conn), ptr(&sin), 16)
	call("connect of a listener", unix.SYS_CONNECT, uintptr(o.listener), ptr(&sin), 16)
	call("bind of a listener", unix.SYS_BIND, uintptr(o.listener), ptr(&sin), 16)
	call("shutdown of a fresh socket", unix.SYS_SHUTDOWN, uintptr(o.tcp), unix.SHUT_RDWR)
	call("shutdown of datagrams", unix.SYS_SHUTDOWN, uintptr(o.udp), unix.SHUT_RDWR)
	call("shutdown of a strange half", unix.SYS_SHUTDOWN, uintptr(o.conn), 7)
	var b [1]byte
	call("read of a connection", unix.SYS_READ, uintptr(o.conn), ptr(&b), 1)
	call("recv to nowhere", unix.SYS_RECVFROM, uintptr(o.conn), bad, 1, 0, 0, 0)
	call("write from nowhere", unix.SYS_WRITE, uintptr(o.conn), bad, 5)
	call("accept", unix.SYS_ACCEPT4, uintptr(o.listener), 0, 0, unix.SOCK_NONBLOCK)
	call("shutdown", unix.SYS_SHUTDOWN, uintptr(o.conn), unix.SHUT_RDWR)
	call("write behind it", unix.SYS_SENDTO, uintptr(o.conn), ptr(&b), 1, unix.MSG_NOSIGNAL)
	call("read behind it", unix.SYS_READ, uintptr(o.conn), ptr(&b), 1)
}
