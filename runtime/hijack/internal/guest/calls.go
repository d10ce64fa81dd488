package guest

import (
	"context"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// Socket makes a socket.
func (t *Thread) Socket(ctx context.Context, family, typ, protocol int32) (int32, error) {
	return syscalls.Socket(ctx, t, family, typ, protocol)
}

// Close closes a descriptor.
func (t *Thread) Close(fd int32) error { return syscalls.Close(context.Background(), t, fd) }

// Bind gives a socket a name.
func (t *Thread) Bind(ctx context.Context, fd int32, name []byte) error {
	n := copy(t.mem.name[:], name)
	return syscalls.Bind(ctx, t, fd, t.mem.at(nameAt), uint32(n))
}

// Connect connects a socket.
func (t *Thread) Connect(ctx context.Context, fd int32, name []byte) error {
	n := copy(t.mem.name[:], name)
	return syscalls.Connect(ctx, t, fd, t.mem.at(nameAt), uint32(n))
}

// Listen makes a socket one that takes connections.
func (t *Thread) Listen(ctx context.Context, fd, backlog int32) error {
	return syscalls.Listen(ctx, t, fd, backlog)
}

// Accept waits for a connection, and returns its descriptor. The flags are those
// of a socket's type.
func (t *Thread) Accept(ctx context.Context, fd, flags int32) (int32, error) {
	return syscalls.Paccept(ctx, t, fd, 0, 0, 0, flags)
}

// Shutdown ends halves of a connection.
func (t *Thread) Shutdown(ctx context.Context, fd, how int32) error {
	return syscalls.Shutdown(ctx, t, fd, how)
}

// Name returns the name of a socket, or with peer that of the other end. It is
// valid until the next call.
func (t *Thread) Name(ctx context.Context, fd int32, peer bool) ([]byte, error) {
	t.mem.namelen = MaxName
	call := syscalls.Getsockname
	if peer {
		call = syscalls.Getpeername
	}
	if err := call(ctx, t, fd, t.mem.at(nameAt), t.mem.at(namelenAt)); err != nil {
		return nil, err
	}
	return t.mem.name[:min(t.mem.namelen, MaxName)], nil
}

// SetOption sets a socket's option.
func (t *Thread) SetOption(ctx context.Context, fd, level, name int32, value []byte) error {
	t.mem.data = value
	return syscalls.Setsockopt(ctx, t, fd, level, name, t.mem.at(dataAt), uint32(len(value)))
}

// SetInt sets an option that is an int.
func (t *Thread) SetInt(ctx context.Context, fd, level, name, value int32) error {
	return t.SetOption(ctx, fd, level, name, abi.AsBytes(&value))
}

// Option reads an option, and returns how long it is.
func (t *Thread) Option(ctx context.Context, fd, level, name int32, value []byte) (int, error) {
	t.mem.data, t.mem.value = value, uint32(len(value))
	if err := syscalls.Getsockopt(ctx, t, fd, level, name, t.mem.at(dataAt), t.mem.at(valueAt)); err != nil {
		return 0, err
	}
	return min(int(t.mem.value), len(value)), nil
}

// Int reads an option that is an int.
func (t *Thread) Int(ctx context.Context, fd, level, name int32) (int32, error) {
	var v int32
	_, err := t.Option(ctx, fd, level, name, abi.AsBytes(&v))
	return v, err
}

// Ioctl makes a request whose argument is arg.
func (t *Thread) Ioctl(ctx context.Context, fd int32, request uint, arg []byte) error {
	t.mem.data = arg
	_, err := syscalls.Ioctl(ctx, t, fd, request, t.mem.at(dataAt))
	return err
}

// SetNonblock makes a descriptor's calls not wait, or wait.
func (t *Thread) SetNonblock(ctx context.Context, fd int32, on bool) error {
	var v int32
	if on {
		v = 1
	}
	return t.Ioctl(ctx, fd, netbsd.FIONBIO, abi.AsBytes(&v))
}

// Poll waits until one of the events has happened, and returns which.
func (t *Thread) Poll(ctx context.Context, fd int32, events int16) (int16, error) {
	t.mem.poll = netbsd.Pollfd{FD: fd, Events: events}
	_, err := syscalls.Poll(ctx, t, t.mem.at(pollAt), 1, -1)
	return t.mem.poll.Revents, err
}

// Recv receives bytes of a stream.
func (t *Thread) Recv(ctx context.Context, fd int32, p []byte, flags int32) (int, error) {
	t.mem.data = p
	return syscalls.Recvfrom(ctx, t, fd, t.mem.at(dataAt), uint(len(p)), flags, 0, 0)
}

// Send sends bytes of a stream, or a datagram to the peer.
func (t *Thread) Send(ctx context.Context, fd int32, p []byte, flags int32) (int, error) {
	t.mem.data = p
	return syscalls.Sendto(ctx, t, fd, t.mem.at(dataAt), uint(len(p)), flags, 0, 0)
}

// A Message is what SendMessage takes and ReceiveMessage fills in: there the
// slices say how much there is room for, and are cut to what there was. Name, which is the
// thread's, is valid until its next call.
type Message struct {
	Name    []byte
	Data    []byte
	Control []byte
	Flags   int32
}

// SendMessage sends a message.
func (t *Thread) SendMessage(ctx context.Context, fd int32, m *Message, flags int32) (int, error) {
	t.prepare(m)
	if n := copy(t.mem.name[:], m.Name); n > 0 {
		t.mem.msg.Name, t.mem.msg.Namelen = t.mem.at(nameAt), uint32(n)
	}
	return syscalls.Sendmsg(ctx, t, fd, t.mem.at(msgAt), flags)
}

// ReceiveMessage receives a message.
func (t *Thread) ReceiveMessage(ctx context.Context, fd int32, m *Message, flags int32) error {
	t.prepare(m)
	t.mem.msg.Name, t.mem.msg.Namelen = t.mem.at(nameAt), MaxName
	n, err := syscalls.Recvmsg(ctx, t, fd, t.mem.at(msgAt), flags)
	if err != nil {
		return err
	}
	msg := &t.mem.msg
	m.Name = t.mem.name[:min(msg.Namelen, MaxName)]
	m.Data = m.Data[:min(n, len(m.Data))]
	m.Control = m.Control[:min(int(msg.Controllen), len(m.Control))]
	m.Flags = msg.Flags
	return nil
}

func (t *Thread) prepare(m *Message) {
	t.mem.data, t.mem.control = m.Data, m.Control[:min(len(m.Control), MaxControl)]
	t.mem.iov = netbsd.Iovec{Base: t.mem.at(dataAt)}
	setLen(&t.mem.iov.Len, len(m.Data))
	t.mem.msg = netbsd.Msghdr{Iov: t.mem.at(iovAt), Iovlen: 1}
	if len(t.mem.control) > 0 {
		t.mem.msg.Control, t.mem.msg.Controllen = t.mem.at(controlAt), uint32(len(t.mem.control))
	}
}

// setLen stores a length in a member that is as wide as a pointer.
func setLen[T uint32 | uint64](to *T, n int) { *to = T(n) }
