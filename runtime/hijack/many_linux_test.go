//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/nbsock"
)

// Connections that are open at once, both ends of which the program has.
func TestMany(t *testing.T) { program(t, newKernel(t), "many", "300") }

// A server with as many connections as a program is likely to have.
func TestManyClients(t *testing.T) {
	n := 300
	if *long {
		n = 5000
	}
	k := newKernel(t)
	program(t, k, "refused") // skips where calls cannot be caught
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		cfg := hijack.Config{Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=echo"), Stdout: os.Stdout, Stderr: os.Stderr}
		_, err := hijack.Run(ctx, k, cfg)
		ended <- err
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Log(err)
		}
	}()
	net, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for i := range n {
		c, err := dialSoon(net, ended)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		if err := thereAndBack(c, strconv.Itoa(i)); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
}

// dialSoon connects to the server when it listens.
func dialSoon(n *nbsock.Net, ended chan error) (net.Conn, error) {
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		c, err := n.Dial("tcp", "127.0.0.1:7")
		if err == nil || time.Now().After(end) {
			return c, err
		}
		select {
		case err := <-ended:
			ended <- err
			return nil, errors.Join(errors.New("the server has ended"), err)
		default:
		}
	}
}

func echoProgram([]string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:7")
	if err != nil {
		return err
	}
	echo(ln)
	return nil
}

func manyProgram(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go echo(ln)
	conns := make([]net.Conn, n)
	for i := range conns {
		if conns[i], err = net.DialTimeout("tcp", ln.Addr().String(), within); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		defer conns[i].Close()
	}
	failed := make(chan error, n)
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() { failed <- thereAndBack(c, strconv.Itoa(i)) })
	}
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// echo sends back what comes, on each connection.
func echo(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}

func thereAndBack(c net.Conn, text string) error {
	_ = c.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if string(b) != text {
		return fmt.Errorf("%q has come back, not %q", b, text)
	}
	return nil
}

// A program that changes what its calls read while they read it, and closes
// descriptors in the middle of calls, gets errors or none; the supervisor goes
// on.
func TestHostile(t *testing.T) {
	k := newKernel(t)
	program(t, k, "hostile")
	program(t, k, "tcp")
}

func hostileProgram([]string) error {
	const rounds = 300
	name := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: 0x0900, Addr: [4]byte{127, 0, 0, 1}}
	b := make([]byte, 64)
	iov := unix.Iovec{Base: &b[0], Len: 64}
	msg := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&name)), Namelen: 16, Iov: &iov, Iovlen: 1}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { change(&name, &iov, &msg, stop) })
	for range rounds {
		_, _, _ = syscall.Syscall(unix.SYS_SENDMSG, uintptr(fd), ptr(&msg), 0)
		_, _, _ = syscall.Syscall(unix.SYS_CONNECT, uintptr(fd), ptr(&name), 16)
		_, _, _ = syscall.Syscall(unix.SYS_RECVMSG, uintptr(fd), ptr(&msg), unix.MSG_DONTWAIT)
	}
	close(stop)
	all.Wait()
	_ = unix.Close(fd)
	return closeInCalls()
}

// change makes nonsense of a message, again and again.
func change(name *unix.RawSockaddrInet4, iov *unix.Iovec, msg *unix.Msghdr, stop <-chan struct{}) {
	lengths := []uint64{0, 64, 1 << 63, 1 << 20, 65507}
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		name.Family = uint16(i % 11)
		iov.Len = lengths[i%len(lengths)]
		msg.Namelen, msg.Iovlen = uint32(i%140), lengths[(i/3)%len(lengths)]%1030
	}
}

// closeInCalls closes sockets that calls wait for. Of the calls that go on, as on
// Linux, data is the end.
func closeInCalls() error {
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(ln, 1)); err != nil {
		return err
	}
	name, err := unix.Getsockname(ln)
	if err != nil {
		return err
	}
	// Made now, so that it does not get the number of the one that is closed.
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	accepted := make(chan error)
	go func() {
		fd, _, err := unix.Accept(ln)
		if err == nil {
			err = unix.Close(fd)
		}
		accepted <- err
	}()
	time.Sleep(20 * time.Millisecond) // most likely it waits; both orders are right
	dup, err := unix.Dup(ln)
	if err != nil {
		return err
	}
	_ = unix.Close(ln)
	if err := unix.Connect(c, name); err != nil {
		return err
	}
	if err := <-accepted; err != nil && !errors.Is(err, unix.EBADF) {
		return err
	}
	return errors.Join(unix.Close(c), unix.Close(dup))
}
