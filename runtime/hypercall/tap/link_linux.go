package tap

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// LinkState returns whether the host's interface is up, and has changed called
// when that changes. One that cannot be watched, since it is in another network
// namespace, or moves there, is taken to be up.
func (d *Device) LinkState(changed func(up bool)) (up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.away() {
		return !d.closed
	}
	if d.link != nil {
		_ = d.link.close()
		d.link = nil
	}
	w, err := d.watchLink(changed)
	if err != nil {
		return true
	}
	d.link = w
	return w.up
}

// A linkWatch hears of the host's interface through a netlink socket.
type linkWatch struct {
	socket *os.File
	index  int32
	up     bool // as it was when the watch began
	done   chan struct{}
}

func (d *Device) watchLink(changed func(up bool)) (*linkWatch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	w := &linkWatch{socket: os.NewFile(uintptr(fd), "netlink"), done: make(chan struct{})}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK})
	if err == nil {
		err = d.hostIoctl(unix.SIOCGIFINDEX, func(*unix.Ifreq) {}, func(ifr *unix.Ifreq) { w.index = int32(ifr.Uint32()) })
	}
	if err == nil {
		// After bind: a change between the two is heard of twice, not never.
		w.up, err = d.hostUp()
	}
	if err != nil {
		_ = w.socket.Close()
		return nil, err
	}
	go w.run(w.up, d, changed)
	return w, nil
}

func (d *Device) hostUp() (up bool, err error) {
	err = d.hostIoctl(unix.SIOCGIFFLAGS, func(*unix.Ifreq) {}, func(ifr *unix.Ifreq) { up = ifr.Uint16()&unix.IFF_UP != 0 })
	return up, err
}

// run tells of changes until the watch is closed. Messages that were lost, since
// there were too many, are made up for by asking.
func (w *linkWatch) run(was bool, d *Device, changed func(bool)) {
	defer close(w.done)
	buf := make([]byte, 1<<16)
	tell := func(up bool) {
		if up = up || d.away(); up != was {
			was = up
			changed(up)
		}
	}
	for {
		n, err := w.socket.Read(buf)
		switch {
		case err == nil:
			w.parse(buf[:n], tell)
		case errors.Is(err, unix.ENOBUFS):
			if up, err := d.hostUp(); err == nil {
				tell(up)
			}
		default:
			return
		}
	}
}

// parse tells of the messages in b that are about the interface.
func (w *linkWatch) parse(b []byte, tell func(up bool)) {
	const head, whole = linux.SizeofNlmsghdr, linux.SizeofNlmsghdr + linux.SizeofIfinfomsg
	for len(b) >= head {
		var h linux.Nlmsghdr
		copy(abi.AsBytes(&h), b)
		if h.Len < head || uint64(h.Len) > uint64(len(b)) {
			return
		}
		n := int(h.Len)
		if n >= whole {
			var m linux.Ifinfomsg
			copy(abi.AsBytes(&m), b[head:])
			if m.Index == w.index && (h.Type == linux.RTM_NEWLINK || h.Type == linux.RTM_DELLINK) {
				tell(h.Type == linux.RTM_NEWLINK && m.Flags&linux.IFF_UP != 0)
			}
		}
		b = b[min(len(b), (n+3)&^3):]
	}
}

func (w *linkWatch) close() error {
	err := w.socket.Close()
	<-w.done
	return err
}
