//go:build linux && (amd64 || arm64)

package hijack

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// callNames are the calls that may be caught, on all machines.
var callNames = map[int32]string{
	unix.SYS_SOCKET: "socket", unix.SYS_SOCKETPAIR: "socketpair", unix.SYS_BIND: "bind", unix.SYS_CONNECT: "connect",
	unix.SYS_LISTEN: "listen", unix.SYS_ACCEPT: "accept", unix.SYS_ACCEPT4: "accept4", unix.SYS_SHUTDOWN: "shutdown",
	unix.SYS_GETSOCKNAME: "getsockname", unix.SYS_GETPEERNAME: "getpeername", unix.SYS_SETSOCKOPT: "setsockopt",
	unix.SYS_GETSOCKOPT: "getsockopt", unix.SYS_SENDTO: "sendto", unix.SYS_RECVFROM: "recvfrom", unix.SYS_SENDMSG: "sendmsg",
	unix.SYS_RECVMSG: "recvmsg", unix.SYS_SENDMMSG: "sendmmsg", unix.SYS_RECVMMSG: "recvmmsg", unix.SYS_IOCTL: "ioctl",
	unix.SYS_OPENAT: "openat",
}

// CallName returns the name of a call that was caught, such as "connect".
func CallName(number int32) string {
	if name, ok := callNames[number]; ok {
		return name
	}
	if isOpen(number) {
		return "open"
	}
	return "syscall_" + strconv.Itoa(int(number))
}
