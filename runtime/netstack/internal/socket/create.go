package socket

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// typeFlags are the flags that the type argument of socket(2) may carry. One
// of them has no meaning.
const typeFlags = netbsd.SOCK_FLAGS_MASK

// fileFlags returns the status flags that the SOCK_* flags stand for.
func fileFlags(flags uint32) uint32 {
	var f uint32
	if flags&netbsd.SOCK_NONBLOCK != 0 {
		f |= netbsd.O_NONBLOCK
	}
	if flags&netbsd.SOCK_NOSIGPIPE != 0 {
		f |= netbsd.O_NOSIGPIPE
	}
	return f
}

// open makes the open file of a new socket.
func open(l *kern.Lwp, so *Socket, flags uint32) *kern.OpenFile {
	return so.open(l, netbsd.FREAD|netbsd.FWRITE|fileFlags(flags))
}

// open makes the open file of so with the status flags.
func (so *Socket) open(l *kern.Lwp, status uint32) *kern.OpenFile {
	_ = so.SetFlags(status) // never fails
	return kern.NewOpenFile(l, kern.TypeSocket, status, so)
}

// socket is socket(2). The descriptor comes first: without one, nothing else is
// looked at.
func (ly *Layer) socket(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	family, flags, protocol := int32(a[0]), uint32(a[1]), int32(a[2])
	r, err := l.Reserve(0)
	if err != nil {
		return 0, 0, err
	}
	so, err := ly.Create(l, family, int32(flags&^typeFlags), protocol)
	if err != nil {
		r.Cancel()
		return 0, 0, err
	}
	r.Fill(open(l, so, flags), flags&netbsd.SOCK_CLOEXEC != 0)
	return uintptr(r.FD), 0, nil
}

// socketpair is socketpair(2).
func (ly *Layer) socketpair(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	family, flags, protocol := int32(a[0]), uint32(a[1]), int32(a[2])
	var ends [2]*Socket
	var res [2]kern.Reservation
	made := 0
	defer func() {
		for i := range made {
			res[i].Cancel()
			ends[i].Close(l)
		}
	}()
	for ; made < 2; made++ {
		if ends[made], err = ly.Create(l, family, int32(flags&^typeFlags), protocol); err != nil {
			return 0, 0, err
		}
		if res[made], err = l.Reserve(0); err != nil {
			ends[made].Close(l)
			return 0, 0, err
		}
	}
	if err = join(l, ends); err != nil {
		return 0, 0, err
	}
	fds := [2]int32{res[0].FD, res[1].FD}
	if err = l.CopyOut(abi.AsBytes(&fds), abi.Addr(a[3])); err != nil {
		return 0, 0, err
	}
	for i, so := range ends {
		res[i].Fill(open(l, so, flags), flags&netbsd.SOCK_CLOEXEC != 0)
	}
	made = 0
	return 0, 0, nil
}

// join connects the two. Datagram sockets are connected in each direction.
func join(l *kern.Lwp, ends [2]*Socket) error {
	err := ends[0].Proto.Connect2(l, ends[1])
	if err == nil && ends[0].Type == netbsd.SOCK_DGRAM {
		err = ends[1].Proto.Connect2(l, ends[0])
	}
	return err
}
