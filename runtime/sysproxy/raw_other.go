//go:build !unix

package sysproxy

import (
	"net"
	"syscall"
)

// rawConn returns nil: connections are read and written as they are.
func rawConn(net.Conn) syscall.RawConn { return nil }

func readable(uintptr, int) bool { return false }

func writeNow(uintptr, []byte) int { return 0 }
