//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Of all families there are only those of the kernel, and local sockets; of
// netlink's only those that tell of the kernel. There is no io_uring, by which
// sockets could be made unseen.
func TestFamilies(t *testing.T) {
	want := strings.Join([]string{
		"family 1",  // AF_UNIX
		"family 2",  // AF_INET
		"family 10", // AF_INET6
		"family 16", // AF_NETLINK
		"netlink 0", // NETLINK_ROUTE
		"netlink 4", // NETLINK_SOCK_DIAG
		"pair of family 1",
		"io_uring: function not implemented",
	}, "\n") + "\n"
	if diff := cmp.Diff(want, program(t, newKernel(t), "families")); diff != "" {
		t.Errorf("wanted (-), there (+):\n%s", diff)
	}
}

func familiesProgram([]string) error {
	types := []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET, unix.SOCK_PACKET}
	for family := range unix.AF_MAX + 10 {
		var made bool
		for _, typ := range types {
			fd, err := unix.Socket(family, typ, 0)
			switch {
			case err == nil:
				made = true
				_ = unix.Close(fd)
			case family > unix.AF_INET && family != unix.AF_INET6 && family != unix.AF_NETLINK && !errors.Is(err, unix.EAFNOSUPPORT):
				return fmt.Errorf("family %d, type %d: %w", family, typ, err)
			}
		}
		if made {
			fmt.Println("family", family)
		}
	}
	for protocol := range 32 {
		if fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, protocol); err == nil {
			fmt.Println("netlink", protocol)
			_ = unix.Close(fd)
		} else if !errors.Is(err, unix.EPROTONOSUPPORT) {
			return fmt.Errorf("netlink %d: %w", protocol, err)
		}
	}
	for family := range unix.AF_MAX {
		if fds, err := unix.Socketpair(family, unix.SOCK_STREAM, 0); err == nil {
			fmt.Println("pair of family", family)
			_, _ = unix.Close(fds[0]), unix.Close(fds[1])
		}
	}
	var params [120]byte // struct io_uring_params
	_, _, err := unix.Syscall(unix.SYS_IO_URING_SETUP, 8, uintptr(unsafe.Pointer(&params)), 0)
	fmt.Println("io_uring:", err)
	return nil
}

// Local sockets are the host's, with paths and without: it is the host whose
// files, and whose other programs, a program is to reach.
func TestLocalSockets(t *testing.T) {
	path := t.TempDir() + "/socket"
	name := fmt.Sprintf("@hijack-test-%d-%d", os.Getpid(), os.Getppid())
	for _, addr := range []string{path, name} {
		ln, err := net.Listen("unix", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, "the host")
				_ = c.Close()
			}
		}()
		if got := program(t, newKernel(t), "local", addr); got != "the host" {
			t.Errorf("%s: %q", addr, got)
		}
	}
}

func localProgram(args []string) error {
	c, err := net.DialTimeout("unix", args[0], within)
	if err != nil {
		return err
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	fmt.Print(string(b))
	return err
}
