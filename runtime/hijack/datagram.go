//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
)

const (
	// datagramMost is the longest datagram of UDP: 65,535 bytes with headers
	// of 28.
	datagramMost = 65507

	// datagramBuffer is what datagrams have room for: nearly as much as with
	// Linux, net.core.rmem_default, and what NetBSD's kern.sbmax allows.
	datagramBuffer = 200 << 10
)

// A datagram is what a socket of datagrams has.
//
// A datagram that the kernel has received goes through the placeholder as it is. Who has
// sent it, and other things that a caught call wants to know, wait here; so there is at most
// one such datagram in the placeholder. If a program receives it by a call that is not
// caught, it does not want to know. Those of the peer follow each other without a wait.
type datagram struct {
	mu      sync.Mutex
	about   *about        // the datagram in the placeholder; nil: from the peer
	arrived chan struct{} // closed when one comes; nil: nobody waits
}

// An about is what belongs to a datagram.
type about struct {
	name    []byte // who has sent it, as Linux has it
	control []byte // as NetBSD has it
	flags   int32  // as NetBSD has them
	err     linux.Errno
}

// datagramsOut moves what the program writes to the peer, until it has closed
// the socket.
func (so *socket) datagramsOut() {
	for {
		buf, n, err := so.end.Read()
		switch {
		case err == nil:
			so.sendPlain(buf[:n])
			pair.Put(buf)
		case errors.Is(err, io.EOF) && so.end.Hangup():
			so.closed()
			return
		case errors.Is(err, io.EOF):
			so.sendPlain(nil)
		case errors.Is(err, pair.ErrWoken):
			so.end.Calm()
		default:
			so.closed()
			return
		}
	}
}

// sendPlain sends a datagram to the peer. An error is told later, as that of any
// datagram that has left.
func (so *socket) sendPlain(b []byte) {
	err := so.do(func(t *guest.Thread, nb int32) error {
		_, err := t.Send(so.ctx, nb, b, netbsd.MSG_NOSIGNAL)
		return err
	})
	if err != nil && so.ctx.Err() == nil {
		so.setError(errno(err))
	}
}

// datagramsIn moves what the kernel receives to the program. It has a reference
// of its own.
func (so *socket) datagramsIn() {
	defer so.release()
	for so.ctx.Err() == nil {
		at := so.at.Load()
		err := so.do(so.receiveDatagrams)
		if err != nil && at == so.at.Load() {
			return
		}
	}
}

// receiveDatagrams returns when the socket has been closed or moved.
func (so *socket) receiveDatagrams(t *guest.Thread, nb int32) error {
	at := so.at.Load()
	for at == so.at.Load() {
		if _, err := t.Poll(so.ctx, nb, netbsd.POLLIN); err != nil {
			return err
		}
		if err := so.receiveDatagram(t, nb); err != nil {
			return err
		}
	}
	return nil
}

func (so *socket) receiveDatagram(t *guest.Thread, nb int32) error {
	buf := pair.Get()
	defer pair.Put(buf)
	var control [512]byte
	m := guest.Message{Data: buf[:65536], Control: control[:]}
	err := t.ReceiveMessage(so.ctx, nb, &m, netbsd.MSG_DONTWAIT)
	switch {
	case errors.Is(err, netbsd.EAGAIN):
		return nil
	case err != nil && (so.ctx.Err() != nil || errors.Is(err, netbsd.EBADF)):
		return err
	case err != nil:
		return so.deliver(nil, &about{err: errno(err)})
	}
	return so.deliver(m.Data, so.describe(&m))
}

// describe returns what is to be known of a message, nil if it is from the
// peer.
func (so *socket) describe(m *guest.Message) *about {
	so.mu.Lock()
	plain := so.peered && bytes.Equal(so.peer, m.Name)
	so.mu.Unlock()
	if plain && len(m.Control) == 0 {
		return nil
	}
	a := &about{control: bytes.Clone(m.Control), flags: m.Flags}
	var name [maxAddress]byte
	if n, err := addressBytes(name[:], m.Name); err == nil {
		a.name = bytes.Clone(name[:n])
	}
	return a
}

// deliver puts a datagram into the placeholder.
func (so *socket) deliver(data []byte, a *about) error {
	d := &so.datagram
	for {
		d.mu.Lock()
		var err error
		if a == nil && d.about == nil || so.end.Taken() {
			if err = so.end.TryWrite(data); err == nil {
				d.about = a
				if d.arrived != nil {
					close(d.arrived)
					d.arrived = nil
				}
			}
		} else {
			err = unix.EAGAIN
		}
		d.mu.Unlock()
		if !errors.Is(err, unix.EAGAIN) {
			return err
		}
		if err := so.end.WaitTaken(); err != nil {
			return err
		}
	}
}

// connectDatagram sets the peer.
func (so *socket) connectDatagram(name []byte) error {
	if err := so.moveFor(name); err != nil {
		return err
	}
	err := so.do(func(t *guest.Thread, nb int32) error {
		err := t.Connect(so.ctx, nb, name)
		if errors.Is(err, netbsd.EISCONN) {
			err = reconnect(so.ctx, t, nb, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	so.mu.Lock()
	so.peered, so.peer = true, bytes.Clone(name)
	so.mu.Unlock()
	return nil
}

// reconnect connects a socket that is connected to another peer, which on NetBSD
// takes two steps.
func reconnect(ctx ctx, t *guest.Thread, nb int32, name []byte) error {
	_ = t.Connect(ctx, nb, []byte{netbsd.SizeofSockaddrIn, netbsd.AF_UNSPEC, 15: 0}) // says that it fails, and does it
	return t.Connect(ctx, nb, name)
}

// disconnect does what connecting to AF_UNSPEC does.
func (so *socket) disconnect() error {
	if so.typ == linux.SOCK_STREAM {
		return so.disconnectStream()
	}
	so.mu.Lock()
	so.peered, so.peer = false, nil
	so.mu.Unlock()
	return so.do(func(t *guest.Thread, nb int32) error {
		_ = t.Connect(so.ctx, nb, []byte{netbsd.SizeofSockaddrIn, netbsd.AF_UNSPEC, 15: 0})
		return nil
	})
}

// disconnectStream fails unless there is nothing to end. A placeholder cannot be
// used twice.
func (so *socket) disconnectStream() error {
	so.mu.Lock()
	defer so.mu.Unlock()
	if so.state == fresh {
		return nil
	}
	return unix.EINVAL
}
