//go:build unix

package sysproxy

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawConn returns how to reach the descriptor of a connection of the host's, and
// nil for any other.
func rawConn(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// readable waits for something to read, or the end, for so many milliseconds.
func readable(fd uintptr, ms int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	ready, err := unix.Poll(fds, ms)
	return ready > 0 && err == nil
}

// writeNow writes as much as is taken at once. 0 or less: nothing, or an error,
// which comes again.
func writeNow(fd uintptr, b []byte) int {
	n, _ := syscall.Write(int(fd), b)
	return n
}
