//go:build linux && (amd64 || arm64)

package hijack

import (
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// Flags with which data goes through a placeholder as it would through a
// socket.
const (
	sendFlags    = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL | unix.MSG_MORE | unix.MSG_EOR | unix.MSG_CONFIRM
	receiveFlags = unix.MSG_DONTWAIT | unix.MSG_PEEK | unix.MSG_WAITALL | unix.MSG_TRUNC | unix.MSG_NOSIGNAL | unix.MSG_CMSG_CLOEXEC
)

// caught are the calls that are not the host's. Data of sockets without
// addresses is.
var caught = []seccomp.Rule{
	{Number: unix.SYS_SOCKET, Action: seccomp.Notify, When: []seccomp.Test{{Arg: 0, Equal: unix.AF_UNIX, Action: seccomp.Allow}}},
	{Number: unix.SYS_SOCKETPAIR, Action: seccomp.Fail(unix.EOPNOTSUPP), When: []seccomp.Test{{Arg: 0, Equal: unix.AF_UNIX, Action: seccomp.Allow}}},
	{Number: unix.SYS_BIND, Action: seccomp.Notify},
	{Number: unix.SYS_CONNECT, Action: seccomp.Notify},
	{Number: unix.SYS_LISTEN, Action: seccomp.Notify},
	{Number: unix.SYS_ACCEPT, Action: seccomp.Notify},
	{Number: unix.SYS_ACCEPT4, Action: seccomp.Notify},
	{Number: unix.SYS_SHUTDOWN, Action: seccomp.Notify},
	{Number: unix.SYS_GETSOCKNAME, Action: seccomp.Notify},
	{Number: unix.SYS_GETPEERNAME, Action: seccomp.Notify},
	{Number: unix.SYS_SETSOCKOPT, Action: seccomp.Notify},
	{Number: unix.SYS_GETSOCKOPT, Action: seccomp.Notify},
	{Number: unix.SYS_SENDTO, Action: seccomp.Allow, When: []seccomp.Test{
		{Arg: 4, Wide: true, Not: true, Action: seccomp.Notify},
		{Arg: 3, Mask: ^uint32(sendFlags), Not: true, Action: seccomp.Notify},
	}},
	{Number: unix.SYS_RECVFROM, Action: seccomp.Allow, When: []seccomp.Test{
		{Arg: 4, Wide: true, Not: true, Action: seccomp.Notify},
		{Arg: 3, Mask: ^uint32(receiveFlags), Not: true, Action: seccomp.Notify},
	}},
	{Number: unix.SYS_SENDMSG, Action: seccomp.Notify},
	{Number: unix.SYS_RECVMSG, Action: seccomp.Notify},
	{Number: unix.SYS_SENDMMSG, Action: seccomp.Notify},
	{Number: unix.SYS_RECVMMSG, Action: seccomp.Notify},
	{Number: unix.SYS_IOCTL, Action: seccomp.Allow, When: []seccomp.Test{{Arg: 1, Mask: 0xff00, Equal: 0x8900, Action: seccomp.Notify}}},
	{Number: unix.SYS_OPENAT, Action: seccomp.Allow, When: opensBy(2)},
	{Number: unix.SYS_IO_URING_SETUP, Action: seccomp.Fail(unix.ENOSYS)},
	{Number: unix.SYS_IO_URING_ENTER, Action: seccomp.Fail(unix.ENOSYS)},
	{Number: unix.SYS_IO_URING_REGISTER, Action: seccomp.Fail(unix.ENOSYS)},
}
