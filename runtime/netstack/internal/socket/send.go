package socket

import (
	"errors"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// urgentRoom is by how much urgent data may exceed a buffer.
const urgentRoom = 1024

// outgoing is what a call sends.
type outgoing struct {
	data    *kern.Uio
	name    []byte // nil: none
	control []byte // nil: none
	flags   int32
}

// send sends what m has (sosend): a record at once, of a stream as much as there
// is room for, again and again until nothing is left or it would block. m.data tells
// what is left.
func (so *Socket) send(l *kern.Lwp, m *outgoing) error {
	for {
		if err := so.lock(l, &so.Snd, m.flags); err != nil {
			return err
		}
		wait, err := so.sendSome(l, m)
		timeout := so.unlock(&so.Snd)
		if !wait {
			return err
		}
		err = l.Sleep(so, waiter.AllEvents, timeout, func() bool {
			_, wait, _ := so.sendable(m, false)
			return !wait
		})
		if err != nil {
			return err
		}
	}
}

// sendSome passes data on until nothing is left, or the call has to wait for room.
func (so *Socket) sendSome(l *kern.Lwp, m *outgoing) (wait bool, err error) {
	for {
		space, wait, err := so.sendable(m, true)
		if wait || err != nil {
			return wait, err
		}
		before := m.data.Resid
		err = so.pass(l, m, space)
		switch {
		case err != nil || m.data.Resid == 0:
			return false, err
		case m.data.Resid == before && l.Interrupted(): // the room is gone again
			return false, netbsd.EINTR
		}
	}
}

// pass hands data to the protocol.
func (so *Socket) pass(l *kern.Lwp, m *outgoing, space int) error {
	st, ok := so.Proto.(Stream)
	if ok && m.control == nil && m.flags&netbsd.MSG_OOB == 0 {
		if m.data.Resid == 0 {
			return nil
		}
		_, err := st.WriteStream(m.data, min(space, m.data.Resid))
		if errors.Is(err, netbsd.EWOULDBLOCK) && !so.Is(NonBlocking) {
			return nil
		}
		return err
	}
	return so.passRecord(l, m)
}

func (so *Socket) passRecord(l *kern.Lwp, m *outgoing) error {
	o := &Outgoing{Data: m.data, Name: m.name, Control: m.control, Flags: m.flags}
	m.control = nil // once
	if m.flags&netbsd.MSG_OOB != 0 {
		return so.Proto.SendOOB(l, o)
	}
	return so.Proto.Send(l, o)
}

// sendable checks whether m can be sent now, and returns how much there is room
// for, or that the call has to wait for room. Only with take is an error that waits
// on the socket taken away.
func (so *Socket) sendable(m *outgoing, take bool) (space int, wait bool, err error) {
	space = so.space()
	atomic := so.Flags&Atomic != 0
	resid, control := m.data.Resid, len(m.control)
	so.Mu.Lock()
	defer so.Mu.Unlock()
	switch {
	case so.State&CantSendMore != 0:
		return 0, false, netbsd.EPIPE
	case so.errno != 0:
		errno := so.errno
		if take {
			so.errno = 0
		}
		return 0, false, errno
	case so.State&IsConnected != 0:
	case so.Flags&ConnRequired != 0:
		if resid != 0 || control == 0 {
			return 0, false, netbsd.ENOTCONN
		}
	case m.name == nil:
		return 0, false, netbsd.EDESTADDRREQ
	}
	if m.flags&netbsd.MSG_OOB != 0 {
		space += urgentRoom
	}
	if atomic && resid > so.Snd.Hiwat || control > so.Snd.Hiwat {
		return 0, false, netbsd.EMSGSIZE
	}
	if space < resid+control && (atomic || space < so.Snd.Lowat || space < control) {
		if so.State&NonBlocking != 0 || m.flags&netbsd.MSG_NBIO != 0 {
			return 0, false, netbsd.EWOULDBLOCK
		}
		return 0, true, nil
	}
	return space - control, false, nil
}
