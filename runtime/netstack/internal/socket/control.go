package socket

import (
	"bytes"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// align rounds up as __CMSG_ALIGN does.
func align(n int) int { return (n + netbsd.ALIGNBYTES) &^ netbsd.ALIGNBYTES }

// CmsgHeader is where the data of a control message begins.
const CmsgHeader = (netbsd.SizeofCmsghdr + netbsd.ALIGNBYTES) &^ netbsd.ALIGNBYTES

// cmsgSpace is what a message with n bytes of data takes (CMSG_SPACE).
func cmsgSpace(n int) int { return CmsgHeader + align(n) }

// Message appends a control message to c, padded with zeros as CMSG_SPACE says.
func Message(c []byte, level, typ int32, data []byte) []byte {
	h := netbsd.Cmsghdr{Len: uint32(CmsgHeader + len(data)), Level: level, Type: typ}
	start := len(c)
	c = append(c, make([]byte, cmsgSpace(len(data)))...)
	copy(c[start:], abi.AsBytes(&h))
	copy(c[start+CmsgHeader:], data)
	return c
}

// header returns the header of the first message of c.
func header(c []byte) netbsd.Cmsghdr {
	var h netbsd.Cmsghdr
	copy(abi.AsBytes(&h), c)
	return h
}

// nextMessage splits the first message off c, which the kernel made.
func nextMessage(c []byte) (m, rest []byte) {
	n := len(c)
	if n >= CmsgHeader {
		n = min(max(align(int(header(c).Len)), CmsgHeader), n)
	}
	return c[:n], c[n:]
}

// externalize turns the files of a SCM_RIGHTS message into descriptors of the
// caller, and returns the message (unp_externalize). It takes the references.
// EMSGSIZE: the caller may not have that many descriptors.
func (so *Socket) externalize(l *kern.Lwp, files []*kern.OpenFile, flags int32) (msg []byte, err error) {
	res := make([]kern.Reservation, 0, len(files))
	for range files {
		r, err := l.Reserve(0)
		if err != nil {
			for _, r := range res {
				r.Cancel()
			}
			so.Discard(l, files)
			return Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_RIGHTS, nil), netbsd.EMSGSIZE
		}
		res = append(res, r)
	}
	so.layer.flight.arrive(len(files))
	fds := make([]byte, 0, 4*len(files))
	for i, f := range files {
		res[i].Fill(f, flags&netbsd.MSG_CMSG_CLOEXEC != 0)
		fds = append(fds, abi.AsBytes(&res[i].FD)...)
	}
	return Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_RIGHTS, fds), nil
}

// peekRights returns a SCM_RIGHTS message as it looks to somebody who peeks at
// it: as long as the kernel's own, which has pointers where this one has -1.
func (r *Record) peekRights() []byte {
	return Message(nil, netbsd.SOL_SOCKET, netbsd.SCM_RIGHTS, bytes.Repeat([]byte{0xff}, 8*len(r.Rights)))
}

// copyOutControl writes control messages to the caller's buffer of h, and sets
// Controllen and MSG_CTRUNC of h (copyout_msg_control). Descriptors whose message
// did not fit are closed.
func copyOutControl(l *kern.Lwp, h *netbsd.Msghdr, messages [][]byte) error {
	space := int(int32(h.Controllen))
	at := h.Control
	i := 0
	var err error
	if space > 0 {
		for ; i < len(messages) && space > 0; i++ {
			m := messages[i]
			n := len(m)
			if space < n {
				h.Flags |= netbsd.MSG_CTRUNC
				if isRights(m) {
					break
				}
				n = space
			}
			if err = l.CopyOut(m[:n], at); err != nil {
				i = 0 // nobody knows the descriptors
				break
			}
			if i+1 < len(messages) {
				n = align(n)
			}
			at += abi.Addr(n)
			space -= n
		}
	}
	for _, m := range messages[i:] {
		closeRights(l, m)
	}
	h.Controllen = uint32(at - h.Control)
	return err
}

func isRights(m []byte) bool {
	h := header(m)
	return h.Level == netbsd.SOL_SOCKET && h.Type == netbsd.SCM_RIGHTS
}

// closeRights closes the descriptors of a message that the caller never saw.
func closeRights(l *kern.Lwp, m []byte) {
	if !isRights(m) {
		return
	}
	for fds := m[CmsgHeader:header(m).Len]; len(fds) >= 4; fds = fds[4:] {
		var fd int32
		copy(abi.AsBytes(&fd), fds)
		_ = l.CloseFD(fd) // another thread may have been faster
	}
}
