package hypercall

// Sockets are the TCP and UDP sockets of a host, for kernels whose inet families
// are not to be a network stack of their own. The method may be called from
// several goroutines at once.
type Sockets interface {
	// Open makes a socket: family is AF_INET or AF_INET6, typ SOCK_STREAM or
	// SOCK_DGRAM.
	Open(family, typ int32) (Socket, error)
}

// A Socket is a socket of the host in NetBSD's terms: names are sockaddrs,
// numbers, values of options and control messages those of NetBSD on this
// architecture. Its methods may be called from several goroutines at once, and
// do not block: EWOULDBLOCK instead. After Close they fail with EBADF.
//
// Errors are netbsd.Errno without an [OpError] around: they are what a program
// gets from its call, and happen all the time.
type Socket interface {
	// Watch has changed called when something happens, one call at a time
	// for all sockets of a host, so it must be quick. The first call tells
	// what there is. An event says that something is new, not that it is
	// there; there may be too many of them. After Close there may be one
	// more. It does nothing the second time.
	Watch(changed func(SocketEvents)) error

	// Rearm has changed called with what there is once more, and Ready
	// returns that.
	Rearm() error
	Ready() SocketEvents

	Bind(name []byte) error
	Listen(backlog int) error
	Connect(name []byte) error // EINPROGRESS: an event will tell, and then Error
	Disconnect() error         // of a datagram socket

	// Accept returns a connection and the name of its other end, and Pending
	// counts those that wait.
	Accept() (c Socket, peer []byte, err error)
	Pending() int

	// Send sends a datagram, or as much of p as there is room for: to and
	// control may be empty, flags are MSG_DONTROUTE and MSG_OOB.
	Send(p, to, control []byte, flags int32) (int, error)

	// Receive takes from a stream, with flags MSG_PEEK and MSG_OOB. 0 without
	// an error is its end. Discard drops what there is, and returns how much
	// that was.
	Receive(p []byte, flags int32) (int, error)
	Discard() (int, error)

	// ReceiveFrom takes a datagram. It sets the lengths of Name and Control
	// within their capacity.
	ReceiveFrom(p []byte, m *SocketMessage) (int, error)

	// Buffered counts bytes that can be received, up to urgent data, Unsent
	// those of a stream that the other end has not got, and AtMark tells
	// whether urgent data is next.
	Buffered() int
	Unsent() int
	AtMark() bool

	Shutdown(how int32) error // SHUT_RD, SHUT_WR, SHUT_RDWR

	Name() ([]byte, error)
	PeerName() ([]byte, error)

	// Option and SetOption fail with ENOPROTOOPT when the host has no such
	// option. Error is SO_ERROR, which it clears: 0 when there is none.
	Option(level, name int32) ([]byte, error)
	SetOption(level, name int32, value []byte) error
	Error() error

	Close() error
}

// A SocketMessage is what a datagram comes with.
type SocketMessage struct {
	Name    []byte
	Control []byte
}

// SocketEvents are what may happen to a socket.
type SocketEvents uint8

// The events: data or a connection can be had, there is room for data, urgent data
// came, the other end sends nothing more, there is an error, and the connection
// is over.
const (
	SocketReadable SocketEvents = 1 << iota
	SocketWritable
	SocketUrgent
	SocketFinished
	SocketFailed
	SocketHungUp
)
