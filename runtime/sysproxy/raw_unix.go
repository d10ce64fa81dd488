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

// readNow reads what there is, or comes within ms milliseconds. 0 or less: nothing
// has, or the end, or an error, which comes again.
func readNow(fd uintptr, b []byte, ms int) int {
	if ms > 0 {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if ready, err := unix.Poll(fds, ms); ready <= 0 || err != nil {
			return 0
		}
	}
	n, _ := syscall.Read(int(fd), b)
	return n
}

// writeNow writes as much as is taken at once. 0 or less: nothing, or an error,
// which comes again.
func writeNow(fd uintptr, b []byte) int {
	n, _ := syscall.Write(int(fd), b)
	return n
}
