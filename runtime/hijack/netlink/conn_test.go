package netlink_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/netcfg"
)

func TestAddresses(t *testing.T) {
	s := serve(t, boot(t, nil))
	const pid = 4711
	nl := func(pid uint32) linux.SockaddrNl { return linux.SockaddrNl{Family: linux.AF_NETLINK, PID: pid} }
	a, b, other := open(t, s, unix.NETLINK_ROUTE), open(t, s, unix.NETLINK_ROUTE), open(t, s, unix.NETLINK_SOCK_DIAG)
	if got := a.Name(); got.PID != 0 || got.Family != linux.AF_NETLINK {
		t.Errorf("a new socket is at %+v", got)
	}
	for _, test := range []struct {
		what string
		got  error
		want error
	}{
		{"bind", a.Bind(nl(0), pid), nil},
		{"bind again", a.Bind(nl(pid), pid), nil},
		{"bind elsewhere", a.Bind(nl(pid+1), pid), linux.EINVAL},
		{"bind to no family", a.Bind(linux.SockaddrNl{}, pid), linux.EINVAL},
		{"bind to a port that is taken", b.Bind(nl(pid), pid), linux.EADDRINUSE},
		{"bind by the same process", b.Bind(nl(0), pid), nil},
		{"bind for another protocol", other.Bind(nl(0), pid), nil},
		{"send to nobody", a.Send([]byte{1}, &linux.SockaddrNl{Family: linux.AF_NETLINK, PID: 9}, pid), linux.ECONNREFUSED},
		{"send to a group", a.Send([]byte{1}, &linux.SockaddrNl{Family: linux.AF_NETLINK, Groups: 1}, pid), linux.EPERM},
		{"send to another family", a.Send([]byte{1}, &linux.SockaddrNl{Family: linux.AF_INET}, pid), linux.EINVAL},
		{"send too much", a.Send(make([]byte, 1<<22), nil, pid), linux.EMSGSIZE},
		{"connect", a.Connect(nl(9), pid), nil},
		{"send to the peer", a.Send([]byte{1}, nil, pid), linux.ECONNREFUSED},
		{"disconnect", a.Connect(linux.SockaddrNl{}, pid), nil},
		{"send what is no message", a.Send([]byte{1}, nil, pid), nil},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", test.what, test.got, test.want)
		}
	}
	if a.Name().PID != pid || other.Name().PID != pid || b.Name().PID == pid || b.Name().PID <= 1<<31 {
		t.Errorf("ports are %d, %d and %d", a.Name().PID, b.Name().PID, other.Name().PID)
	}
	a.Close()
	if err := a.Send([]byte{1}, nil, pid); !errors.Is(err, linux.EBADF) {
		t.Errorf("send to a closed socket: %v", err)
	}
	if c := open(t, s, unix.NETLINK_ROUTE); c.Bind(nl(pid), pid) != nil {
		t.Error("the port of a closed socket is taken")
	}
	if _, err := s.Open(unix.NETLINK_NETFILTER); !errors.Is(err, linux.EPROTONOSUPPORT) {
		t.Errorf("a protocol that is not there: %v", err)
	}
}

// TestOptions sets options as Linux has them, and compares with Linux.
func TestOptions(t *testing.T) {
	us, them := open(t, serve(t, boot(t, nil)), unix.NETLINK_ROUTE), openTheirs(t, unix.NETLINK_ROUTE)
	for _, test := range []struct {
		level, name int
		value       []byte
	}{
		{unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, u32(1)},
		{unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, u32(7)},
		{unix.SOL_NETLINK, unix.NETLINK_PKTINFO, u32(1)},
		{unix.SOL_NETLINK, unix.NETLINK_PKTINFO, u32(0)},
		{unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, []byte{1}},
		{unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, u32(0)},
		{unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, u32(1)},
		{unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, u32(11)},
		{unix.SOL_NETLINK, unix.NETLINK_DROP_MEMBERSHIP, u32(1)},
		{unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, u32(9999)},
		{unix.SOL_NETLINK, 999, u32(1)},
		{unix.SOL_SOCKET, unix.SO_RCVBUF, u32(50000)},
		{unix.SOL_SOCKET, unix.SO_RCVBUF, u32(1)},
		{unix.SOL_SOCKET, unix.SO_SNDBUF, u32(32768)},
		{unix.SOL_TCP, unix.TCP_NODELAY, u32(1)},
	} {
		got := us.SetOption(int32(test.level), int32(test.name), test.value)
		want := unix.SetsockoptString(int(them), test.level, test.name, string(test.value))
		if !same(got, want) {
			t.Errorf("option %d of %d to %x: %v, on Linux %v", test.name, test.level, test.value, got, want)
		}
	}
	for _, o := range [][2]int{
		{unix.SOL_NETLINK, unix.NETLINK_EXT_ACK}, {unix.SOL_NETLINK, unix.NETLINK_CAP_ACK}, {unix.SOL_NETLINK, unix.NETLINK_PKTINFO},
		{unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK}, {unix.SOL_NETLINK, 999}, {unix.SOL_SOCKET, unix.SO_RCVBUF},
		{unix.SOL_SOCKET, unix.SO_SNDBUF}, {unix.SOL_SOCKET, unix.SO_DOMAIN}, {unix.SOL_SOCKET, unix.SO_PROTOCOL},
		{unix.SOL_SOCKET, unix.SO_ERROR},
	} {
		got, gotErr := us.Option(int32(o[0]), int32(o[1]))
		want, wantErr := unix.GetsockoptInt(int(them), o[0], o[1])
		if !same(gotErr, wantErr) || wantErr == nil && int(binary.NativeEndian.Uint32(got)) != want {
			t.Errorf("option %d of %d: %x %v, on Linux %d %v", o[1], o[0], got, gotErr, want, wantErr)
		}
	}
	groups, err := us.Option(unix.SOL_NETLINK, unix.NETLINK_LIST_MEMBERSHIPS)
	if err != nil || len(groups) != 8 || binary.NativeEndian.Uint32(groups) != 1<<10 {
		t.Errorf("member of %x, %v", groups, err)
	}
}

// same tells whether an error of ours has the number of one of Linux.
func same(ours, theirs error) bool {
	var a linux.Errno
	var b unix.Errno
	if !errors.As(theirs, &b) {
		return ours == nil && theirs == nil
	}
	return errors.As(ours, &a) && int(a) == int(b)
}

// TestWords has an error explained to those who ask.
func TestWords(t *testing.T) {
	k := boot(t, nil)
	index := cabled(t, k)
	c := ours{open(t, serve(t, k), unix.NETLINK_ROUTE)}
	bad := request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_ACK, ifaddr(unix.AF_INET, 24, index)...).
		addr(unix.IFA_LOCAL, "10.5.0.1").number(unix.IFA_RT_PRIORITY, 5).end()
	ask := func() []byte {
		t.Helper()
		if err := c.send(bad); err != nil {
			t.Fatal(err)
		}
		m := parse(t, c.receive(t))[0]
		if e := errno(t, m); e != linux.EOPNOTSUPP {
			t.Errorf("the error is %v", e)
		}
		return m.Data
	}
	if got := ask(); len(got) != 4+len(bad) || string(got[4:]) != string(bad) {
		t.Errorf("an error has %x, not the request", got)
	}
	for _, o := range []int32{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK} {
		if err := c.SetOption(unix.SOL_NETLINK, o, u32(1)); err != nil {
			t.Fatal(err)
		}
	}
	m := ask()
	const words = "NetBSD: IFA.rta_type = 9: no counterpart\x00"
	if got := string(m[4+16+4:]); got[:min(len(got), len(words))] != words {
		t.Errorf("the words are %q", got)
	}
	list, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	if addrs, err := list.Addresses(t.Context(), "shmif0"); err != nil || len(addrs) != 0 {
		t.Errorf("a request that was refused has left %v, %v", addrs, err)
	}
}

// TestNotifications hears of changes that somebody else makes.
func TestNotifications(t *testing.T) {
	k := boot(t, nil)
	s := serve(t, k)
	c := ours{open(t, s, unix.NETLINK_ROUTE)}
	if err := c.Bind(linux.SockaddrNl{Family: linux.AF_NETLINK, Groups: 1 | 1<<4 | 1<<6 | 1<<2}, 1); err != nil {
		t.Fatal(err)
	}
	deaf := open(t, s, unix.NETLINK_ROUTE)
	shmif0(t, k)
	cfg, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cfg.Close() }()
	if err := cfg.DeleteAddress(t.Context(), "shmif0", netip.MustParseAddr("10.5.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := cfg.DestroyInterface(t.Context(), "shmif0"); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]uint32{ // and their groups
		"type 16 shmif0":    1,
		"type 20 10.5.0.1":  5,
		"type 24 10.5.0.0":  7,
		"type 21 10.5.0.1":  5,
		"type 25 10.5.0.0":  7,
		"type 17 shmif0":    1,
		"type 20 no others": 0,
	}
	delete(wanted, "type 20 no others")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(wanted) > 0 {
		d, err := c.Receive(ctx)
		if err != nil {
			t.Fatalf("%v: not heard of %v", err, wanted)
		}
		for _, m := range parse(t, d.Data) {
			var what string
			switch m.Header.Type {
			case unix.RTM_NEWLINK, unix.RTM_DELLINK:
				name := attributes(t, m, unix.SizeofIfInfomsg)[unix.IFLA_IFNAME]
				what = string(name[:max(len(name)-1, 0)])
			case unix.RTM_NEWADDR, unix.RTM_DELADDR:
				a, _ := netip.AddrFromSlice(attributes(t, m, unix.SizeofIfAddrmsg)[unix.IFA_LOCAL])
				what = a.String()
			case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
				a, _ := netip.AddrFromSlice(attributes(t, m, unix.SizeofRtMsg)[unix.RTA_DST])
				what = a.String()
			}
			what = fmt.Sprintf("type %d %s", m.Header.Type, what)
			if group, ok := wanted[what]; ok && group != d.Group {
				t.Errorf("%s was told to group %d, not %d", what, d.Group, group)
			}
			if from := d.From(); from.PID != 0 || from.Groups != 1<<(d.Group-1) {
				t.Errorf("%s is from %+v", what, from)
			}
			delete(wanted, what)
		}
	}
	if _, err := deaf.TryReceive(); !errors.Is(err, linux.EAGAIN) {
		t.Errorf("a socket of no group hears something: %v", err)
	}
}

// TestLost has more told than there is room for.
func TestLost(t *testing.T) {
	k := boot(t, nil)
	s := serve(t, k)
	c := open(t, s, unix.NETLINK_ROUTE)
	if err := c.SetOption(unix.SOL_SOCKET, unix.SO_RCVBUF, u32(0)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetOption(unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, u32(unix.RTNLGRP_IPV4_ROUTE)); err != nil {
		t.Fatal(err)
	}
	cfg, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cfg.Close() }()
	// The error comes before what was queued, and once.
	for i := 0; ; i++ {
		a := netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)})
		if err := cfg.AddAddress(t.Context(), "lo0", netip.PrefixFrom(a, 32)); err != nil {
			t.Fatal(err)
		}
		if v, err := c.Option(unix.SOL_SOCKET, unix.SO_ERROR); err != nil {
			t.Fatal(err)
		} else if e := binary.NativeEndian.Uint32(v); e == uint32(linux.ENOBUFS) {
			break
		}
	}
	// Outside the group nothing comes any more: what is there was kept at once.
	if err := c.SetOption(unix.SOL_NETLINK, unix.NETLINK_DROP_MEMBERSHIP, u32(unix.RTNLGRP_IPV4_ROUTE)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		d, err := c.TryReceive()
		if errors.Is(err, linux.ENOBUFS) {
			continue // more was lost in the meantime
		}
		if err != nil {
			break
		}
		n += len(d.Data)
	}
	if n == 0 || n > 2304 {
		t.Errorf("%d bytes were kept", n)
	}
}

// TestBusy has a second table asked for before the first has been read, and the
// datagrams of a large table.
func TestBusy(t *testing.T) {
	k := boot(t, nil)
	cfg, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cfg.Close() }()
	for i := range 100 {
		if err := cfg.AddAddress(t.Context(), "lo0", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(i)}), 32)); err != nil {
			t.Fatal(err)
		}
	}
	c := ours{open(t, serve(t, k), unix.NETLINK_ROUTE)}
	all := request(unix.RTM_GETADDR, unix.NLM_F_DUMP, ifaddr(unix.AF_INET, 0, 0)...).end()
	for range 2 {
		if err := c.send(all); err != nil {
			t.Fatal(err)
		}
	}
	addrs, refused, done := 0, 0, 0
	for refused == 0 || done == 0 {
		d := c.receive(t)
		if len(d) > 4096 {
			t.Errorf("a datagram of %d bytes", len(d))
		}
		for _, m := range parse(t, d) {
			switch m.Header.Type {
			case unix.RTM_NEWADDR:
				addrs++
			case unix.NLMSG_DONE:
				done++
			case unix.NLMSG_ERROR:
				if e := errno(t, m); e != linux.EBUSY {
					t.Error(e)
				}
				refused++
			}
		}
	}
	if addrs != 101 {
		t.Errorf("%d addresses", addrs)
	}
	if got := len(table(t, c, all)); got != 101 {
		t.Errorf("%d addresses when it is not busy", got)
	}
}

// TestClose has those that wait return.
func TestClose(t *testing.T) {
	s := serve(t, boot(t, nil))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	a, b := open(t, s, unix.NETLINK_ROUTE), open(t, s, unix.NETLINK_ROUTE)
	for range 2 {
		go func() {
			_, err := a.Receive(t.Context())
			ended <- err
		}()
	}
	go func() {
		_, err := b.Receive(ctx)
		ended <- err
	}()
	cancel()
	a.Close()
	got := map[error]int{}
	for range 3 {
		select {
		case err := <-ended:
			got[err]++
		case <-time.After(30 * time.Second):
			t.Fatal("somebody still waits")
		}
	}
	if got[linux.EBADF] != 2 || got[linux.EINTR] != 1 {
		t.Errorf("they ended with %v", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Open(unix.NETLINK_ROUTE); !errors.Is(err, linux.ENETDOWN) {
		t.Errorf("open on a server that is closed: %v", err)
	}
}
