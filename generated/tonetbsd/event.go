package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// What an epoll registration asks for, by the filter that tells it.
const (
	readEvents  = uint32(linux.EPOLLIN | linux.EPOLLRDNORM)
	writeEvents = uint32(linux.EPOLLOUT | linux.EPOLLWRNORM)

	// always are told without being asked for.
	always = uint32(linux.EPOLLERR | linux.EPOLLHUP)

	// knownEvents have a counterpart. EPOLLWAKEUP is about the power of a
	// machine and ignored.
	knownEvents = readEvents | writeEvents | always | uint32(linux.EPOLLRDHUP|linux.EPOLLET|linux.EPOLLONESHOT|linux.EPOLLWAKEUP)
)

// EpollEvent writes what epoll_ctl(op, fd, src) changes as changes for kevent, and
// returns how many there are: a registration with epoll becomes a knote for each
// of reading and writing.
//
// EPOLL_CTL_ADD adds knotes for what is asked for, maybe none. EPOLL_CTL_MOD adds
// or updates them and deletes those not asked for, which fails with ENOENT when
// there are none: a caller ignores that. It does not change EV_CLEAR of a knote
// that is there; that takes EPOLL_CTL_DEL and EPOLL_CTL_ADD. EPOLL_CTL_DEL deletes
// both; src may be nil.
//
// EPOLLET becomes EV_CLEAR, which differs in that what arrives between two calls
// is one event. EPOLLONESHOT becomes EV_DISPATCH, which disables one knote after
// its event where epoll disables the registration, so that a caller disables
// the other. EPOLLRDHUP needs one of EPOLLIN and EPOLLRDNORM beside it, whose
// knote tells of it by EV_EOF. EPOLLPRI, the events of bands and EPOLLEXCLUSIVE
// have no counterpart. The data must fit in a pointer of this machine.
func EpollEvent(dst *[2]netbsd.Kevent, op, fd int32, src *linux.EpollEvent) (n int, err error) {
	if fd < 0 {
		return 0, abi.OutOfRange("epoll_ctl", "fd", fd)
	}
	var events uint32
	var udata uint64
	switch op {
	case linux.EPOLL_CTL_ADD, linux.EPOLL_CTL_MOD:
		events = src.Events
		copy(abi.AsBytes(&udata), abi.AsBytes(src)[linux.SizeofEpollEvent-8:]) // data is last, and packed on amd64
	case linux.EPOLL_CTL_DEL:
	default:
		return 0, abi.NoCounterpart("epoll_ctl", "op", op)
	}
	if rest := events &^ knownEvents; rest != 0 {
		return 0, abi.NoCounterpart("epoll_event", "events", rest)
	}
	if events&uint32(linux.EPOLLRDHUP) != 0 && events&readEvents == 0 {
		return 0, abi.NoCounterpart("epoll_event", "events", events)
	}
	if uint64(abi.Addr(udata)) != udata {
		return 0, abi.OutOfRange("epoll_event", "data", udata)
	}
	flags := uint32(netbsd.EV_ADD | netbsd.EV_ENABLE)
	if events&uint32(linux.EPOLLET) != 0 {
		flags |= netbsd.EV_CLEAR
	}
	if events&uint32(linux.EPOLLONESHOT) != 0 {
		flags |= netbsd.EV_DISPATCH
	}
	for _, filter := range [...]struct{ events, filter uint32 }{{readEvents, netbsd.EVFILT_READ}, {writeEvents, netbsd.EVFILT_WRITE}} {
		var change netbsd.Kevent
		fit(&change.Ident, fd)
		change.Filter = filter.filter
		switch {
		case events&filter.events != 0:
			change.Flags, change.Udata = flags, abi.Addr(udata)
		case op == linux.EPOLL_CTL_ADD:
			continue
		default:
			change.Flags = netbsd.EV_DELETE
		}
		dst[n] = change
		n++
	}
	return n, nil
}
