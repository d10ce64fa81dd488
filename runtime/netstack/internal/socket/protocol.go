package socket

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Domain is a family of protocols (struct domain).
type Domain struct {
	Family int32 // AF_*
	Switch []Protosw
}

// A Protosw is a kind of socket that a domain has (struct protosw): the first
// that fits the type, and the protocol unless one of them is 0, is taken.
type Protosw struct {
	Type     int32 // SOCK_*
	Protocol int32
	Wildcard bool // raw sockets: takes any protocol
	Flags    Flags

	// Attach makes the protocol's part of so.
	Attach func(l *kern.Lwp, so *Socket, protocol int32) (Protocol, error)
}

// Flags are the properties of a protocol (PR_* of sys/protosw.h).
type Flags uint8

// Atomic: each send is a record. Addr: records come with an address.
// ConnRequired: data flows only while connected. WantRcvd: the protocol is told
// when a receiver made room. Rights: control messages may carry descriptors.
// Listen: connections can be accepted.
const (
	Atomic Flags = 1 << iota
	Addr
	ConnRequired
	WantRcvd
	Rights
	Listen
)

// A Protocol is the family's part of a socket (pr_usrreqs, pr_ctloutput). Names
// are sockaddrs as bytes, as long as the caller said they are; nobody has
// looked into them. Errors are netbsd.Errno.
//
// [Unsupported] has all methods, so that a Protocol needs to write only those
// that it has.
type Protocol interface {
	Bind(l *kern.Lwp, name []byte) error
	Listen(l *kern.Lwp, backlog int) error

	// Accept returns the next connection, as a socket with the peer's name
	// to be asked for by PeerName: EWOULDBLOCK when there is none, ECONNABORTED
	// when it is gone already. Pending counts those that wait.
	Accept(l *kern.Lwp) (*Socket, error)
	Pending() int

	// Connect begins to connect: on return the socket is connected or
	// connecting, or there is an error. EINPROGRESS says that it is connecting
	// and is not to be waited for. Disconnect undoes it.
	Connect(l *kern.Lwp, name []byte) error
	Connect2(l *kern.Lwp, peer *Socket) error // socketpair
	Disconnect(l *kern.Lwp) error

	// ShutWrite and ShutRead are called after the socket has marked itself;
	// ShutRead while nobody receives.
	ShutWrite(l *kern.Lwp) error
	ShutRead(l *kern.Lwp) error

	// Send passes a record on, or as much of a stream as there is room
	// for. What was taken is gone from m.Data.
	Send(l *kern.Lwp, m *Outgoing) error
	SendOOB(l *kern.Lwp, m *Outgoing) error
	ReceiveOOB(l *kern.Lwp, u *kern.Uio, peek bool) error

	// Received is called when a receiver has made room, for WantRcvd.
	Received(l *kern.Lwp)

	// Name returns the socket's own name; PeerName that of the other end.
	Name(l *kern.Lwp) ([]byte, error)
	PeerName(l *kern.Lwp) ([]byte, error)

	// Option gets and SetOption sets an option of another level than
	// SOL_SOCKET. Changed is told of options of SOL_SOCKET that were set.
	Option(l *kern.Lwp, level, name int32) ([]byte, error)
	SetOption(l *kern.Lwp, level, name int32, value []byte) error
	Changed(l *kern.Lwp, name int32)

	// Ioctl does those ioctls of the family that are not for all sockets or
	// interfaces: ENOTTY for an unknown one.
	Ioctl(l *kern.Lwp, cmd uint64, data []byte) error
	Stat(st *netbsd.Stat) error

	// Close ends the socket: the last reference is gone.
	Close(l *kern.Lwp)
}

// A Stream is a Protocol that keeps the bytes of its streams itself, and not in
// the buffers of the socket. The methods do not block.
type Stream interface {
	Protocol

	// Buffered counts the bytes that can be read now, Space those that can
	// be written, and Unsent those that were written and may have to be sent
	// once more.
	Buffered() int
	Space() int
	Unsent() int

	// ReadStream moves at most n bytes that are buffered to u; one call at
	// a time. With peek
	// they stay buffered. 0 and nil: there are none.
	ReadStream(u *kern.Uio, n int, peek bool) (int, error)

	// WriteStream takes at most n bytes from u, as many as there is room
	// for.
	WriteStream(u *kern.Uio, n int) (int, error)
}

// A Prober is a Stream for which counting is work. MayRead tells whether there may
// be something to read; that there is not, ReadStream finds out.
type Prober interface {
	Stream

	MayRead() bool
}

// A Fetcher is a Protocol whose records wait elsewhere. Fetch brings those that there
// is room for, and is called by a receiver who finds none.
type Fetcher interface {
	Protocol

	Fetch()
}

// Outgoing is what a caller sends.
type Outgoing struct {
	Data    *kern.Uio
	Name    []byte // destination, nil when none was given
	Control []byte // control messages, as the caller wrote them; nil when none were given
	Flags   int32  // MSG_*
}

// Unsupported is a Protocol that can nothing.
type Unsupported struct{}

var _ Protocol = Unsupported{}

// The methods fail with EOPNOTSUPP, ENOPROTOOPT for options and ENOTTY for
// ioctls, or do nothing when there is nothing they could do wrong.
func (Unsupported) Bind(*kern.Lwp, []byte) error                    { return netbsd.EOPNOTSUPP }
func (Unsupported) Listen(*kern.Lwp, int) error                     { return netbsd.EOPNOTSUPP }
func (Unsupported) Accept(*kern.Lwp) (*Socket, error)               { return nil, netbsd.EOPNOTSUPP }
func (Unsupported) Pending() int                                    { return 0 }
func (Unsupported) Connect(*kern.Lwp, []byte) error                 { return netbsd.EOPNOTSUPP }
func (Unsupported) Connect2(*kern.Lwp, *Socket) error               { return netbsd.EOPNOTSUPP }
func (Unsupported) Disconnect(*kern.Lwp) error                      { return netbsd.EOPNOTSUPP }
func (Unsupported) ShutWrite(*kern.Lwp) error                       { return nil }
func (Unsupported) ShutRead(*kern.Lwp) error                        { return nil }
func (Unsupported) Send(*kern.Lwp, *Outgoing) error                 { return netbsd.EOPNOTSUPP }
func (Unsupported) SendOOB(*kern.Lwp, *Outgoing) error              { return netbsd.EOPNOTSUPP }
func (Unsupported) ReceiveOOB(*kern.Lwp, *kern.Uio, bool) error     { return netbsd.EOPNOTSUPP }
func (Unsupported) Received(*kern.Lwp)                              {}
func (Unsupported) Name(*kern.Lwp) ([]byte, error)                  { return nil, netbsd.EOPNOTSUPP }
func (Unsupported) PeerName(*kern.Lwp) ([]byte, error)              { return nil, netbsd.EOPNOTSUPP }
func (Unsupported) Option(*kern.Lwp, int32, int32) ([]byte, error)  { return nil, netbsd.ENOPROTOOPT }
func (Unsupported) SetOption(*kern.Lwp, int32, int32, []byte) error { return netbsd.ENOPROTOOPT }
func (Unsupported) Changed(*kern.Lwp, int32)                        {}
func (Unsupported) Ioctl(*kern.Lwp, uint64, []byte) error           { return netbsd.ENOTTY }
func (Unsupported) Stat(*netbsd.Stat) error                         { return nil }
func (Unsupported) Close(*kern.Lwp)                                 {}
