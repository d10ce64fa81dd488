package socket

import (
	"encoding/binary"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Ioctl does the ioctls of all sockets itself, and hands on those about
// interfaces and those of the family (soo_ioctl).
func (so *Socket) Ioctl(l *kern.Lwp, f *kern.OpenFile, cmd uint64, data []byte) error {
	switch cmd {
	case netbsd.FIONREAD:
		n, _, _ := so.levels()
		return put(data, n)
	case netbsd.FIONWRITE:
		return put(data, so.unsent())
	case netbsd.FIONSPACE:
		_, n, _ := so.levels()
		return put(data, max(n, 0))
	case netbsd.SIOCATMARK:
		n := 0
		if so.Is(RcvAtMark) {
			n = 1
		}
		return put(data, n)
	case netbsd.SIOCSPGRP, netbsd.FIOSETOWN, netbsd.TIOCSPGRP, netbsd.SIOCGPGRP, netbsd.FIOGETOWN, netbsd.TIOCGPGRP:
		return so.setOwner(l, cmd, data)
	}
	if cmd>>8&0xff == 'i' {
		if so.layer.InterfaceIoctl == nil {
			return netbsd.EOPNOTSUPP
		}
		return so.layer.InterfaceIoctl(l, so, cmd, data)
	}
	return so.Proto.Ioctl(l, cmd, data)
}

// put writes an int to the argument of an ioctl.
func put(data []byte, n int) error {
	if len(data) < 4 {
		return netbsd.EINVAL
	}
	binary.NativeEndian.PutUint32(data, uint32(n))
	return nil
}

// unsent counts the bytes that wait to be sent.
func (so *Socket) unsent() int {
	if st, ok := so.Proto.(Stream); ok {
		return st.Unsent()
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return so.Snd.Count
}

// setOwner does the ioctls about who is told of events by signals (fsetown,
// fgetown). The terminal's are about process groups, for which the others have
// negative numbers.
func (so *Socket) setOwner(l *kern.Lwp, cmd uint64, data []byte) error {
	if len(data) < 4 {
		return netbsd.EINVAL
	}
	id := int32(binary.NativeEndian.Uint32(data))
	switch cmd {
	case netbsd.TIOCSPGRP:
		if id < 0 {
			return netbsd.EINVAL
		}
		return so.owner.Set(l, -id)
	case netbsd.SIOCSPGRP, netbsd.FIOSETOWN:
		return so.owner.Set(l, id)
	case netbsd.TIOCGPGRP:
		return put(data, int(-so.owner.ID()))
	}
	return put(data, int(so.owner.ID()))
}
