package tonetbsd_test

import (
	"fmt"

	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

func ExampleTimeval() {
	var nb netbsd.Timeval
	err := tonetbsd.Timeval(&nb, &linux.Timeval{Sec: 2, Usec: 500000})
	fmt.Println(nb.Sec, nb.Usec, err)
	// Output: 2 500000 <nil>
}

func ExampleIoctl() {
	request, ok := tonetbsd.Ioctl(linux.FIONREAD)
	fmt.Printf("%#x %v\n", request, ok)
	// Output: 0x4004667f true
}

func ExampleWinsize() {
	var nb netbsd.Winsize
	err := tonetbsd.Winsize(&nb, &linux.Winsize{Row: 24, Col: 80})
	fmt.Println(nb.Row, nb.Col, err)
	// Output: 24 80 <nil>
}

func ExampleResourceLimit() {
	which, ok := tonetbsd.ResourceLimit(linux.RLIMIT_NOFILE)
	fmt.Println(which, ok)
	// Output: 8 true
}

func ExampleIPCFlags() {
	flags, ok := tonetbsd.IPCFlags(linux.IPC_CREAT | linux.IPC_EXCL)
	fmt.Println(flags == netbsd.IPC_CREAT|netbsd.IPC_EXCL, ok)
	// Output: true true
}

// socket has been given another number on NetBSD: its first one keeps the
// behavior of old programs.
func ExampleSystemCall() {
	number, ok := tonetbsd.SystemCall(linux.SYS_socket)
	fmt.Println(number, ok)
	// Output: 394 true
}
