//go:build linux && (amd64 || arm64)

package hijack

import (
	"golang.org/x/sys/unix"
)

// sendBuffer is the size of a placeholder's send buffer, which the system
// doubles.
const sendBuffer = 106496

// shutGate fills the send buffer of a placeholder, so that it is not writable,
// and returns with how many bytes.
func shutGate(fd int) (junk int) {
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1) // as little as there is
	b := []byte{0}
	for unix.Sendto(fd, b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil) == nil {
		junk++
	}
	return junk
}

func (so *socket) shutGate(f *file) {
	junk := shutGate(f.fd)
	so.mu.Lock()
	so.stream.junk += junk
	so.stream.shut = true
	so.mu.Unlock()
}

// openGate makes room in the send buffer. It is writable when the supervisor has
// read what shutGate put there.
func (so *socket) openGate(f *file) {
	so.mu.Lock()
	shut := so.stream.shut
	so.stream.shut = false
	so.mu.Unlock()
	if shut {
		_ = unix.SetsockoptInt(f.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
}
