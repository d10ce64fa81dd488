package socket

import (
	"errors"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// iovUserSpace is a flag the kernel uses itself, which sendmmsg(2) lets callers
// see.
const iovUserSpace = 0x4000000 // MSG_IOVUSRSPACE

// sendmmsg is sendmmsg(2). When some messages were sent, an error stays with the
// socket for the next call.
func sendmmsg(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	n := min(int(uint32(a[2])), maxMessages)
	flags := int32(a[3])&netbsd.MSG_USERFLAGS | iovUserSpace
	at := abi.Addr(a[1])
	count := 0
	for ; count < n; count++ {
		if err = so.sendOne(l, f, at, flags); err != nil {
			break
		}
		at += netbsd.SizeofMmsghdr
	}
	return so.counted(count, err)
}

func (so *Socket) sendOne(l *kern.Lwp, f *kern.OpenFile, at abi.Addr, flags int32) error {
	var m netbsd.Mmsghdr
	if err := kern.In(l, &m, at); err != nil {
		return err
	}
	m.Hdr.Flags = flags
	n, err := so.sendMessage(l, f, &m.Hdr, flags)
	if err != nil {
		return err
	}
	m.Len = uint32(n)
	return kern.Out(l, &m, at)
}

// counted returns what sendmmsg and recvmmsg do after count messages and perhaps
// an error.
func (so *Socket) counted(count int, err error) (r0, r1 uintptr, _ error) {
	if err != nil {
		var errno netbsd.Errno
		if errors.As(err, &errno) {
			so.SetError(errno)
		}
		if count == 0 {
			return 0, 0, err
		}
	}
	return uintptr(count), 0, nil
}

// recvmmsg is recvmmsg(2). The timeout is looked at between messages only.
func recvmmsg(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	var limit time.Duration
	start := l.Clock().Monotonic()
	timeout := abi.Addr(a[4])
	if timeout != 0 {
		var ts netbsd.Timespec
		if err := kern.In(l, &ts, timeout); err != nil {
			return 0, 0, err
		}
		limit = duration(ts)
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	n := min(int(uint32(a[2])), maxMessages)
	flags := int32(a[3]) & netbsd.MSG_USERFLAGS
	at := abi.Addr(a[1])
	count := 0
	for count < n {
		var got int32
		got, err = so.receiveOne(l, at, flags&^netbsd.MSG_WAITFORONE)
		if err != nil {
			if errors.Is(err, netbsd.EAGAIN) && count > 0 {
				err = nil
			}
			break
		}
		count++
		at += netbsd.SizeofMmsghdr
		if got&netbsd.MSG_OOB != 0 || timeout != 0 && l.Clock().Monotonic()-start >= limit+time.Second {
			break
		}
		if flags&netbsd.MSG_WAITFORONE != 0 {
			flags |= netbsd.MSG_DONTWAIT
		}
	}
	return so.counted(count, err)
}

func (so *Socket) receiveOne(l *kern.Lwp, at abi.Addr, flags int32) (int32, error) {
	var m netbsd.Mmsghdr
	if err := kern.In(l, &m, at); err != nil {
		return 0, err
	}
	m.Hdr.Flags = flags
	n, err := so.receiveMessage(l, &m.Hdr)
	if err != nil {
		return 0, err
	}
	m.Len = uint32(n)
	return m.Hdr.Flags, kern.Out(l, &m, at)
}

// duration returns a time, or as much of it as a Duration holds.
func duration(ts netbsd.Timespec) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second) / 2
	return time.Duration(min(max(ts.Sec, -most), most))*time.Second + time.Duration(ts.Nsec)
}
