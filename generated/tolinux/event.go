package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Kevents writes the events of one descriptor at the beginning of src as one epoll
// event, and returns how many of src it took: knotes for reading and writing that
// stand next to each other become one event, as epoll would tell them. interest
// is what the registration asked for, in EPOLL* bits; nothing else is told but
// EPOLLERR and EPOLLHUP. A result without bits is of events that epoll would not
// have told.
//
// A knote that has EV_EOF tells EPOLLRDHUP when it is for reading, and EPOLLHUP when
// it is for writing; EPOLLERR when there is an error in its fflags. An event with
// EV_ERROR is EPOLLERR alone. Other filters have no counterpart.
func Kevents(dst *linux.EpollEvent, src []netbsd.Kevent, interest uint32) (n int, err error) {
	if len(src) == 0 {
		return 0, abi.Truncated("kevent", "", 0)
	}
	var events linux.EPOLLEVENTS
	for ; n < len(src) && src[n].Ident == src[0].Ident && src[n].Udata == src[0].Udata; n++ {
		e := &src[n]
		switch {
		case e.Flags&netbsd.EV_ERROR != 0:
			events |= linux.EPOLLERR
		case e.Filter == netbsd.EVFILT_READ:
			events |= linux.EPOLLIN | linux.EPOLLRDNORM
			if e.Flags&netbsd.EV_EOF != 0 {
				events |= linux.EPOLLRDHUP
			}
		case e.Filter == netbsd.EVFILT_WRITE:
			events |= linux.EPOLLOUT | linux.EPOLLWRNORM
			if e.Flags&netbsd.EV_EOF != 0 {
				events |= linux.EPOLLHUP
			}
		default:
			return 0, abi.NoCounterpart("kevent", "filter", e.Filter)
		}
		if e.Flags&(netbsd.EV_EOF|netbsd.EV_ERROR) == netbsd.EV_EOF && e.Fflags != 0 {
			events |= linux.EPOLLERR
		}
	}
	to := linux.EpollEvent{}
	to.Events = uint32(events) & (interest | uint32(linux.EPOLLERR|linux.EPOLLHUP))
	udata := uint64(src[0].Udata)
	copy(abi.AsBytes(&to)[linux.SizeofEpollEvent-8:], abi.AsBytes(&udata)) // data is last, and packed on amd64
	*dst = to
	return n, nil
}

// KeventChange writes a change that kevent is given as a change for epoll_ctl: its
// operation, and in dst what it is to watch for and the data it hands back. have
// is what the registration of the descriptor asks for already, in EPOLL* bits, 0
// when there is none; two knotes of one descriptor share a registration, and so
// its data. An operation of 0 says that nothing changes.
//
// EV_ONESHOT and EV_DISPATCH become EPOLLONESHOT, for both knotes at once; after
// EV_ONESHOT a caller deletes the one that fired. EV_DISABLE stops watching and
// keeps nothing of it, so that EV_ENABLE has to be EV_ADD. Filters other than
// those of reading and writing, NOTE_* flags and EV_RECEIPT have no counterpart.
func KeventChange(dst *linux.EpollEvent, src *netbsd.Kevent, have uint32) (op int32, err error) {
	const knownFlags = netbsd.EV_ADD | netbsd.EV_DELETE | netbsd.EV_ENABLE | netbsd.EV_DISABLE | netbsd.EV_ONESHOT |
		netbsd.EV_CLEAR | netbsd.EV_DISPATCH
	var bits linux.EPOLLEVENTS
	switch src.Filter {
	case netbsd.EVFILT_READ:
		bits = linux.EPOLLIN | linux.EPOLLRDHUP
	case netbsd.EVFILT_WRITE:
		bits = linux.EPOLLOUT
	default:
		return 0, abi.NoCounterpart("kevent", "filter", src.Filter)
	}
	if rest := src.Flags &^ knownFlags; rest != 0 {
		return 0, abi.NoCounterpart("kevent", "flags", rest)
	}
	if src.Fflags != 0 {
		return 0, abi.NoCounterpart("kevent", "fflags", src.Fflags)
	}
	const both = linux.EPOLLIN | linux.EPOLLRDHUP | linux.EPOLLOUT
	want, old := linux.EPOLLEVENTS(have), linux.EPOLLEVENTS(have)
	switch {
	case src.Flags&(netbsd.EV_DELETE|netbsd.EV_DISABLE) != 0:
		want &^= bits
	case src.Flags&(netbsd.EV_ADD|netbsd.EV_ENABLE) != 0:
		want |= bits
		if src.Flags&netbsd.EV_CLEAR != 0 {
			want |= linux.EPOLLET
		}
		if src.Flags&(netbsd.EV_ONESHOT|netbsd.EV_DISPATCH) != 0 {
			want |= linux.EPOLLONESHOT
		}
	}
	switch {
	case old&both == 0 && want&both != 0:
		op = linux.EPOLL_CTL_ADD
	case old&both != 0 && want&both == 0:
		op, want = linux.EPOLL_CTL_DEL, 0
	case want != old || src.Flags&netbsd.EV_ADD != 0:
		op = linux.EPOLL_CTL_MOD
	}
	to := linux.EpollEvent{}
	to.Events = uint32(want)
	udata := uint64(src.Udata)
	copy(abi.AsBytes(&to)[linux.SizeofEpollEvent-8:], abi.AsBytes(&udata)) // data is last, and packed on amd64
	*dst = to
	return op, nil
}
