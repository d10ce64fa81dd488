//go:build linux && amd64

package main

import (
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A lookup is one row of the table of numbers. Lookups are small, and are
// inlined where the compiler does that, in C too; their arguments are variables
// that any function could change, and their results are stored.
type lookup struct {
	name      string // also the C side's name for it
	generated loop
	hand      loop
	result    func() (number uint32, ok bool)
}

var (
	errno         netbsd.Errno = netbsd.EAGAIN
	family        uint16       = linux.AF_INET6
	signo         linux.Signal = linux.SIGCHLD
	message       int32        = linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL
	open          int32        = linux.O_RDWR | linux.O_CREAT | linux.O_CLOEXEC
	level, option int32        = linux.SOL_SOCKET, linux.SO_REUSEADDR
	sinkErrno     linux.Errno
	sinkSignal    netbsd.Signal
	sinkFamily    uint8
	sinkInt       int32
	sinkOK        bool
)

func lookups() []*lookup {
	return []*lookup{
		{"loop", func(n int) {
			for range n {
				sinkInt, sinkOK = 0, message != 0
			}
		}, nil, nil},
		{"errno", func(n int) {
			for range n {
				sinkErrno, sinkOK = tolinux.Errno(errno)
			}
		}, nil, func() (uint32, bool) { return uint32(sinkErrno), sinkOK }},
		{"family", func(n int) {
			for range n {
				sinkFamily, sinkOK = tonetbsd.AddressFamily(family)
			}
		}, func(n int) {
			for range n {
				sinkFamily, sinkOK = handFamily(family)
			}
		}, func() (uint32, bool) { return uint32(sinkFamily), sinkOK }},
		{"signal", func(n int) {
			for range n {
				sinkSignal, sinkOK = tonetbsd.Signal(signo)
			}
		}, nil, func() (uint32, bool) { return uint32(sinkSignal), sinkOK }},
		{"message_flags", func(n int) {
			for range n {
				sinkInt, sinkOK = tonetbsd.MessageFlags(message)
			}
		}, func(n int) {
			for range n {
				sinkInt, sinkOK = handMessageFlags(message)
			}
		}, func() (uint32, bool) { return uint32(sinkInt), sinkOK }},
		{"open_flags", func(n int) {
			for range n {
				sinkInt, sinkOK = tonetbsd.OpenFlags(open)
			}
		}, func(n int) {
			for range n {
				sinkInt, sinkOK = handOpenFlags(open)
			}
		}, func() (uint32, bool) { return uint32(sinkInt), sinkOK }},
		{"socket_option", func(n int) {
			for range n {
				_, sinkInt, sinkOK = tonetbsd.SocketOption(level, option)
			}
		}, nil, func() (uint32, bool) { return uint32(sinkInt), sinkOK }},
	}
}
