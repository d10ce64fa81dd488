package inet

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
)

// Errno returns what NetBSD calls an error of gVisor's: nil for nil.
func Errno(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrAborted, *tcpip.ErrConnectionAborted:
		return netbsd.ECONNABORTED
	case *tcpip.ErrAddressFamilyNotSupported:
		return netbsd.EAFNOSUPPORT
	case *tcpip.ErrAlreadyConnected:
		return netbsd.EISCONN
	case *tcpip.ErrAlreadyConnecting:
		return netbsd.EALREADY
	case *tcpip.ErrConnectStarted:
		return netbsd.EINPROGRESS
	case *tcpip.ErrBadAddress:
		return netbsd.EFAULT
	case *tcpip.ErrBadLocalAddress, *tcpip.ErrNoPortAvailable:
		return netbsd.EADDRNOTAVAIL
	case *tcpip.ErrPortInUse, *tcpip.ErrDuplicateAddress:
		return netbsd.EADDRINUSE
	case *tcpip.ErrBroadcastDisabled:
		return netbsd.EACCES
	case *tcpip.ErrNotPermitted:
		return netbsd.EPERM
	case *tcpip.ErrClosedForSend:
		return netbsd.EPIPE
	case *tcpip.ErrConnectionRefused:
		return netbsd.ECONNREFUSED
	case *tcpip.ErrConnectionReset:
		return netbsd.ECONNRESET
	case *tcpip.ErrNotConnected, *tcpip.ErrClosedForReceive:
		return netbsd.ENOTCONN
	case *tcpip.ErrDestinationRequired:
		return netbsd.EDESTADDRREQ
	case *tcpip.ErrMessageTooLong:
		return netbsd.EMSGSIZE
	case *tcpip.ErrNetworkUnreachable, *tcpip.ErrNoNet:
		return netbsd.ENETUNREACH
	case *tcpip.ErrHostUnreachable:
		return netbsd.EHOSTUNREACH
	case *tcpip.ErrHostDown:
		return netbsd.EHOSTDOWN
	case *tcpip.ErrNoBufferSpace, *tcpip.ErrEndpointBusy:
		return netbsd.ENOBUFS
	case *tcpip.ErrNotSupported:
		return netbsd.EOPNOTSUPP
	case *tcpip.ErrTimeout:
		return netbsd.ETIMEDOUT
	case *tcpip.ErrUnknownDevice, *tcpip.ErrUnknownNICID, *tcpip.ErrInvalidNICID:
		return netbsd.ENXIO
	case *tcpip.ErrUnknownProtocol:
		return netbsd.EPROTONOSUPPORT
	case *tcpip.ErrUnknownProtocolOption:
		return netbsd.ENOPROTOOPT
	case *tcpip.ErrWouldBlock:
		return netbsd.EWOULDBLOCK
	}
	return netbsd.EINVAL
}
