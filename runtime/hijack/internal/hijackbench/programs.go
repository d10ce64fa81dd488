//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// programName is the environment variable that makes this executable one of
// programs.
const programName = "HIJACKBENCH_PROGRAM"

// timeName says how long a program is to go on.
const timeName = "HIJACKBENCH_TIME"

// programs print figures.
var programs = map[string]func() error{
	"bare":    bareProgram,
	"type":    func() error { return callProgram(typeCall) },
	"option":  func() error { return callProgram(optionCall) },
	"name":    func() error { return callProgram(nameCall) },
	"connect": func() error { return connectProgram(1) },
	"many":    func() error { return connectProgram(8) },
}

func duration() time.Duration {
	d, err := time.ParseDuration(os.Getenv(timeName))
	if err != nil {
		return time.Second
	}
	return d
}

// bareProgram hands the listener of a filter that catches getppid to its parent,
// and prints how long that takes.
func bareProgram() error {
	runtime.LockOSThread()
	fd, err := seccomp.Install(seccomp.Here.Program([]seccomp.Rule{{Number: unix.SYS_GETPPID, Action: seccomp.Notify}}))
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(fd), nil, 0); err != nil {
		return err
	}
	if err := unix.Close(fd); err != nil {
		return err
	}
	return callProgram(func(int) { unix.Getppid() })
}

// typeCall asks for what the placeholder knows.
func typeCall(fd int) { _, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE) }

// optionCall asks for what the kernel knows.
func optionCall(fd int) { _, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE) }

// nameCall makes one call; that of package unix asks for the protocol as well.
func nameCall(fd int) { _, _ = syscall.Getsockname(fd) }

// callProgram prints the nanoseconds of a call.
func callProgram(f func(fd int)) error {
	runtime.LockOSThread()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	n := 0
	start := time.Now()
	for end := start.Add(duration()); time.Now().Before(end); n++ {
		f(fd)
	}
	fmt.Println(float64(time.Since(start).Nanoseconds()) / float64(n))
	return nil
}

// connectProgram prints connections a second of several clients, each of which moves a
// byte there and one back, to a server in a process of its own.
func connectProgram(clients int) error {
	if len(os.Args) > 1 {
		return acceptProgram()
	}
	cmd := exec.Command(os.Args[0], "accept")
	cmd.Env, cmd.Stderr = os.Environ(), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	var port int
	if _, err := fmt.Fscan(out, &port); err != nil {
		return err
	}
	var n atomic.Int64
	var all errgroup.Group
	start := time.Now()
	end := start.Add(duration())
	for range clients {
		all.Go(func() error {
			runtime.LockOSThread()
			for ; time.Now().Before(end); n.Add(1) {
				if err := connectOnce(port); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	fmt.Println(float64(n.Load()) / time.Since(start).Seconds())
	return nil
}

func connectOnce(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	return exchange(fd)
}

func exchange(fd int) error {
	b := []byte{1}
	if _, err := unix.Write(fd, b); err != nil {
		return err
	}
	_, err := unix.Read(fd, b)
	return err
}

// acceptProgram says on which port it listens, and answers.
func acceptProgram() error {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	raw, err := ln.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	fd := int(raw.Fd()) // which makes it blocking
	b := make([]byte, 1)
	for {
		c, _, err := syscall.Accept4(fd, syscall.SOCK_CLOEXEC) // that of package unix asks for the protocol as well
		if err != nil {
			return err
		}
		if n, err := unix.Read(c, b); n == 1 && err == nil {
			_, _ = unix.Write(c, b)
		}
		_ = unix.Close(c)
	}
}
