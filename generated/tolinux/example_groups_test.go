package tolinux_test

import (
	"fmt"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// NetBSD's microseconds have four bytes and four of padding behind them, which
// Linux would take for a part of the number.
func ExampleTimeval() {
	var lx linux.Timeval
	err := tolinux.Timeval(&lx, &netbsd.Timeval{Sec: 2, Usec: 500000})
	fmt.Println(lx.Sec, lx.Usec, err)
	// Output: 2 500000 <nil>
}

func ExampleIoctl() {
	request, ok := tolinux.Ioctl(netbsd.FIONREAD)
	fmt.Printf("%#x %v\n", request, ok)
	// Output: 0x541b true
}

func ExampleWinsize() {
	var lx linux.Winsize
	err := tolinux.Winsize(&lx, &netbsd.Winsize{Row: 24, Col: 80})
	fmt.Println(lx.Row, lx.Col, err)
	// Output: 24 80 <nil>
}

func ExampleResourceLimit() {
	which, ok := tolinux.ResourceLimit(netbsd.RLIMIT_NOFILE)
	fmt.Println(which, ok)
	// Output: 7 true
}

func ExampleIPCFlags() {
	flags, ok := tolinux.IPCFlags(netbsd.IPC_CREAT | netbsd.IPC_EXCL)
	fmt.Println(flags == linux.IPC_CREAT|linux.IPC_EXCL, ok)
	// Output: true true
}

func ExampleSystemCall() {
	number, ok := tolinux.SystemCall(netbsd.SYS___socket30)
	fmt.Println(number == linux.SYS_socket, ok)
	// Output: true true
}
