//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
)

func (c *call) sendto(so *socket, fd *file) (int64, error) {
	flags := c.int(3)
	if v, err, done := c.streamSend(so, fd, flags); done {
		return v, err
	}
	m, err := c.plainMessage()
	if err != nil {
		return 0, err
	}
	m.name, m.nameRoom = c.Args[4], c.int(5)
	if m.name == 0 {
		m.nameRoom = 0
	}
	return c.sendOne(so, m, flags)
}

func (c *call) sendmsg(so *socket, fd *file) (int64, error) {
	flags := c.int(2)
	if v, err, done := c.streamSend(so, fd, flags); done {
		return v, err
	}
	m, err := c.messageAt(c.Args[1])
	if err != nil {
		return 0, err
	}
	return c.sendOne(so, m, flags)
}

func (c *call) sendmmsg(so *socket, fd *file) (int64, error) {
	flags := c.int(3)
	if v, err, done := c.streamSend(so, fd, flags); done {
		return v, err
	}
	count := min(uint32(c.Args[2]), maxVectors)
	at := c.Args[1]
	for sent := uint32(0); sent < count; sent++ {
		n, err := c.sendNext(so, at, flags)
		if err != nil {
			if sent > 0 {
				return int64(sent), nil
			}
			return 0, err
		}
		length := uint32(n)
		if err := c.write(abi.AsBytes(&length), at+linux.SizeofMsghdr); err != nil {
			return 0, err
		}
		at += linux.SizeofMmsghdr
	}
	return int64(count), nil
}

func (c *call) sendNext(so *socket, at uint64, flags int32) (int64, error) {
	m, err := c.messageAt(at)
	if err != nil {
		return 0, err
	}
	return c.sendOne(so, m, flags)
}

// streamSend answers for streams: their data goes by the host, in order with
// what is written plainly.
func (c *call) streamSend(so *socket, fd *file, flags int32) (int64, error, bool) { //nolint:revive,staticcheck // the error is not last
	if so.typ != linux.SOCK_STREAM {
		return 0, nil, false
	}
	so.mu.Lock()
	st := so.state
	so.mu.Unlock()
	switch {
	case st == fresh || st == listening:
		return 0, unix.EPIPE, true
	case flags&(linux.MSG_OOB|linux.MSG_FASTOPEN) != 0:
		c.note = "MSG_OOB and MSG_FASTOPEN have no counterpart"
		return 0, unix.EOPNOTSUPP, true
	case c.Number == unix.SYS_SENDTO && c.Args[4] != 0:
		v, err := c.streamSendTo(fd, flags)
		return v, err, true
	}
	return 0, errHost, true
}

// streamSendTo writes to a stream with an address, which counts for nothing. What does not
// fit is not waited for, so the program has to write it again.
func (c *call) streamSendTo(fd *file, flags int32) (int64, error) {
	m, err := c.plainMessage()
	if err != nil {
		return 0, err
	}
	buf := pair.Get()
	defer pair.Put(buf)
	if m.length > len(buf) {
		m.length, m.vectors[0].Len = len(buf), uint64(len(buf))
	}
	data, err := c.gather(m, buf[:])
	if err != nil {
		return 0, err
	}
	n, err := unix.SendmsgN(fd.fd, data, nil, nil, int(flags&(unix.MSG_NOSIGNAL|unix.MSG_MORE))|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return int64(n), err
}

// sendOne sends a datagram.
func (c *call) sendOne(so *socket, m *message, flags int32) (int64, error) {
	if e := so.takeError(); e != 0 {
		return 0, unix.Errno(e)
	}
	nbFlags, ok := tonetbsd.MessageFlags(flags &^ linux.MSG_MORE)
	if !ok {
		c.note = "flags without a counterpart"
		return 0, unix.EOPNOTSUPP
	}
	var b [guest.MaxName]byte
	var name []byte
	if m.nameRoom > 0 {
		var err error
		if name, err = c.address(so, b[:], m.name, m.nameRoom); err != nil {
			return 0, err
		}
		if err := so.moveUnbound(name); err != nil {
			return 0, err
		}
	} else if m.nameRoom < 0 {
		return 0, unix.EINVAL
	}
	lxControl, err := c.controlOf(m)
	if err != nil {
		return 0, err
	}
	var control []byte
	if len(lxControl) > 0 {
		control = make([]byte, 4*len(lxControl)+64)
		n, err := tonetbsd.ControlMessages(control, lxControl)
		if err != nil {
			c.note = err.Error()
			return 0, unix.EINVAL
		}
		control = control[:n]
	}
	buf := pair.Get()
	defer pair.Put(buf)
	data, err := c.gather(m, buf[:datagramMost+28])
	if err != nil {
		return 0, err
	}
	msg := guest.Message{Name: name, Data: data, Control: control}
	return int64(len(data)), so.sendDatagram(&msg, nbFlags|netbsd.MSG_NOSIGNAL)
}

// sendDatagram sends a datagram, also of a socket that is connected to another
// peer.
func (so *socket) sendDatagram(m *guest.Message, flags int32) error {
	so.mu.Lock()
	peer := so.peer
	so.mu.Unlock()
	if bytes.Equal(peer, m.Name) {
		m.Name = nil
	}
	return so.do(func(t *guest.Thread, nb int32) error {
		_, err := t.SendMessage(so.ctx, nb, m, flags)
		if !errors.Is(err, netbsd.EISCONN) || len(m.Name) == 0 || peer == nil {
			return err
		}
		_ = t.Connect(so.ctx, nb, []byte{netbsd.SizeofSockaddrIn, netbsd.AF_UNSPEC, 15: 0})
		_, err = t.SendMessage(so.ctx, nb, m, flags)
		if again := t.Connect(so.ctx, nb, peer); err == nil {
			err = again
		}
		return err
	})
}

// moveUnbound moves a socket that has no peer to the kernel by which a
// destination is reached.
func (so *socket) moveUnbound(name []byte) error {
	so.mu.Lock()
	peered := so.peered
	so.mu.Unlock()
	if peered {
		return nil
	}
	return so.moveFor(name)
}
