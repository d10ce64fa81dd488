package tonetbsd_test

import (
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// epoll makes an event with the data 7.
func epoll(events linux.EPOLLEVENTS) *linux.EpollEvent {
	e := new(linux.EpollEvent)
	e.Events = uint32(events)
	data := uint64(7)
	copy(abi.AsBytes(e)[linux.SizeofEpollEvent-8:], abi.AsBytes(&data))
	return e
}

func TestEpollEvent(t *testing.T) {
	const add = netbsd.EV_ADD | netbsd.EV_ENABLE
	type knote struct{ filter, flags uint32 }
	for _, test := range []struct {
		name   string
		op     int32
		events linux.EPOLLEVENTS
		want   []knote
	}{
		{"nothing", linux.EPOLL_CTL_ADD, 0, nil},
		{"read", linux.EPOLL_CTL_ADD, linux.EPOLLIN, []knote{{netbsd.EVFILT_READ, add}}},
		{"write", linux.EPOLL_CTL_ADD, linux.EPOLLOUT | linux.EPOLLERR, []knote{{netbsd.EVFILT_WRITE, add}}},
		{"both, edges", linux.EPOLL_CTL_ADD, linux.EPOLLIN | linux.EPOLLOUT | linux.EPOLLET,
			[]knote{{netbsd.EVFILT_READ, add | netbsd.EV_CLEAR}, {netbsd.EVFILT_WRITE, add | netbsd.EV_CLEAR}}},
		{"once", linux.EPOLL_CTL_ADD, linux.EPOLLIN | linux.EPOLLRDHUP | linux.EPOLLONESHOT, []knote{{netbsd.EVFILT_READ, add | netbsd.EV_DISPATCH}}},
		{"from both to one", linux.EPOLL_CTL_MOD, linux.EPOLLOUT, []knote{{netbsd.EVFILT_READ, netbsd.EV_DELETE}, {netbsd.EVFILT_WRITE, add}}},
		{"delete", linux.EPOLL_CTL_DEL, 0, []knote{{netbsd.EVFILT_READ, netbsd.EV_DELETE}, {netbsd.EVFILT_WRITE, netbsd.EV_DELETE}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var dst [2]netbsd.Kevent
			n, err := tonetbsd.EpollEvent(&dst, test.op, 5, epoll(test.events))
			if err != nil || n != len(test.want) {
				t.Fatalf("%d changes, %v; want %d", n, err, len(test.want))
			}
			for i, k := range test.want {
				if dst[i].Filter != k.filter || dst[i].Flags != k.flags || dst[i].Ident != 5 {
					t.Errorf("change %d: filter %d, flags %#x, ident %d; want %d, %#x, 5", i, dst[i].Filter, dst[i].Flags, dst[i].Ident, k.filter, k.flags)
				}
				if k.flags&netbsd.EV_ADD != 0 && dst[i].Udata != 7 {
					t.Errorf("change %d: data %s", i, dst[i].Udata)
				}
			}
			// The knotes are a registration again.
			if test.op != linux.EPOLL_CTL_ADD {
				return
			}
			have := uint32(0)
			for i := range n {
				var e linux.EpollEvent
				op, err := tolinux.KeventChange(&e, &dst[i], have)
				if err != nil || i == 0 && op != linux.EPOLL_CTL_ADD || i == 1 && op != linux.EPOLL_CTL_MOD {
					t.Errorf("change %d: operation %d, %v", i, op, err)
				}
				have = e.Events
			}
			interest := uint32(test.events &^ linux.EPOLLERR)
			if have&interest != interest {
				t.Errorf("came back as %#x, want %#x in it", have, interest)
			}
		})
	}
	var dst [2]netbsd.Kevent
	for _, events := range []linux.EPOLLEVENTS{linux.EPOLLPRI, linux.EPOLLRDBAND, linux.EPOLLEXCLUSIVE | linux.EPOLLIN, linux.EPOLLRDHUP} {
		if _, err := tonetbsd.EpollEvent(&dst, linux.EPOLL_CTL_ADD, 5, epoll(events)); !errors.Is(err, abi.ErrNoCounterpart) {
			t.Errorf("%#x: %v", uint32(events), err)
		}
	}
	if _, err := tonetbsd.EpollEvent(&dst, 9, 5, epoll(0)); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("operation 9: %v", err)
	}
	if _, err := tonetbsd.EpollEvent(&dst, linux.EPOLL_CTL_DEL, -1, nil); !errors.Is(err, abi.ErrRange) {
		t.Errorf("descriptor -1: %v", err)
	}
}

func TestKevents(t *testing.T) {
	events := []netbsd.Kevent{
		{Ident: 5, Filter: netbsd.EVFILT_READ, Udata: 7},
		{Ident: 5, Filter: netbsd.EVFILT_WRITE, Udata: 7},
		{Ident: 6, Filter: netbsd.EVFILT_READ, Flags: netbsd.EV_EOF, Fflags: 54},
		{Ident: 7, Filter: netbsd.EVFILT_WRITE, Flags: netbsd.EV_EOF},
		{Ident: 8, Filter: netbsd.EVFILT_READ, Flags: netbsd.EV_ERROR, Data: 9},
	}
	const all = ^uint32(0)
	for _, test := range []struct {
		name     string
		src      []netbsd.Kevent
		interest uint32
		n        int
		want     linux.EPOLLEVENTS
	}{
		{"both", events, uint32(linux.EPOLLIN | linux.EPOLLOUT), 2, linux.EPOLLIN | linux.EPOLLOUT},
		{"one was asked for", events, uint32(linux.EPOLLOUT), 2, linux.EPOLLOUT},
		{"reset", events[2:], all, 1, linux.EPOLLIN | linux.EPOLLRDNORM | linux.EPOLLRDHUP | linux.EPOLLERR},
		{"shut", events[3:], 0, 1, linux.EPOLLHUP},
		{"failed", events[4:], all, 1, linux.EPOLLERR},
	} {
		var e linux.EpollEvent
		n, err := tolinux.Kevents(&e, test.src, test.interest)
		if err != nil || n != test.n || e.Events != uint32(test.want) {
			t.Errorf("%s: %d knotes, events %#x, %v; want %d, %#x", test.name, n, e.Events, err, test.n, uint32(test.want))
		}
	}
	var e linux.EpollEvent
	if _, err := tolinux.Kevents(&e, nil, all); !errors.Is(err, abi.ErrTruncated) {
		t.Errorf("of nothing: %v", err)
	}
	if _, err := tolinux.Kevents(&e, []netbsd.Kevent{{Filter: netbsd.EVFILT_TIMER}}, all); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("a timer: %v", err)
	}
	if _, err := tolinux.KeventChange(&e, &netbsd.Kevent{Filter: netbsd.EVFILT_VNODE}, 0); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("a vnode: %v", err)
	}
	if op, err := tolinux.KeventChange(&e, &netbsd.Kevent{Filter: netbsd.EVFILT_READ, Flags: netbsd.EV_DELETE}, uint32(linux.EPOLLIN|linux.EPOLLRDHUP)); op != linux.EPOLL_CTL_DEL || err != nil {
		t.Errorf("the last knote: operation %d, %v", op, err)
	}
}
