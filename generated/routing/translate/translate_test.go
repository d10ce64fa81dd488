package translate_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/internal/models"
	"github.com/abigen/abigen/generated/routing/internal/recorded"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/routing/translate"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// links are those of a kernel with lo0 and wm1 to wm1000.
type links struct{}

func (links) LinkName(index uint32) (string, bool) {
	return fmt.Sprintf("wm%d", index), index != 0
}

func (links) LinkIndex(name string) (index uint32, ok bool) {
	_, err := fmt.Sscanf(name, "wm%d", &index)
	return index, err == nil
}

// request returns a netlink request with sequence number 9.
func request(t *testing.T, op routing.Op, e routing.Entry, flags uint16) []byte {
	t.Helper()
	b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST | flags, Seq: 9}, &routing.Message{Op: op, Entry: e})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequestToNetBSD(t *testing.T) {
	tr := &translate.Translator{Links: links{}}
	net10 := &routing.Route{Dst: netip.MustParsePrefix("10.0.0.0/8"), Gateway: netip.MustParseAddr("192.0.2.1"), Index: 3, Origin: routing.OriginBoot}
	addr := &routing.Address{Index: 3, Addr: netip.MustParseAddr("192.0.2.7"), Bits: 24}
	for _, test := range []struct {
		name  string
		op    routing.Op
		entry routing.Entry
		want  string // types of the actions, and what tells them apart
	}{
		{"add route", routing.Add, net10, "write 1"},
		{"delete route", routing.Delete, net10, "write 2"},
		{"change route", routing.Change, net10, "write 3"},
		{"replace route", routing.Replace, net10, "write 1 or 3"},
		{"get route", routing.Get, net10, "rtmsg.RTA_OIF = 3: no counterpart"},
		{"ask for route", routing.Get, &routing.Route{Dst: netip.MustParsePrefix("10.0.0.1/32")}, "write 4"},
		{"dump routes", routing.Dump, &routing.Route{}, "sysctl [4 34 0 0 1 0]"},
		{"dump IPv4 routes", routing.Dump, net10, "sysctl [4 34 0 2 1 0]"},
		{"route of a table", routing.Add, &routing.Route{Dst: net10.Dst, Index: 3, Table: 100}, "rtmsg.rtm_table = 100: no counterpart"},
		{"add address", routing.Add, addr, "ioctl 0x8040691a"},
		{"delete address", routing.Delete, addr, "ioctl 0x80906919"},
		{"dump addresses", routing.Dump, &routing.Address{}, "sysctl [4 34 0 0 6 0]"},
		{"address with label", routing.Add, &routing.Address{Index: 3, Addr: addr.Addr, Bits: 24, Label: "wm3:1"}, "rtattr.IFA_LABEL = 5: no counterpart"},
		{"IPv4 address that expires", routing.Add, &routing.Address{Index: 3, Addr: addr.Addr, Bits: 24, Valid: 60}, "ifaliasreq.valid lifetime = 60: no counterpart"},
		{"link up, and MTU", routing.Change, &routing.Link{Index: 3, Flags: routing.LinkUp, Mask: routing.LinkUp, MTU: 1400}, "ioctl 0x8090697f, flags wm3 0x1/0x1"},
		{"link down", routing.Change, &routing.Link{Index: 3, Mask: routing.LinkUp}, "flags wm3 0x0/0x1"},
		{"new name", routing.Change, &routing.Link{Index: 3, Name: "lan"}, "rtattr.IFLA_IFNAME = 3: no counterpart"},
		{"new link", routing.Add, &routing.Link{Name: "tap0", Kind: "tap"}, "ioctl 0x8090697a"},
		{"new link of another kind", routing.Add, &routing.Link{Name: "eth0", Kind: "dummy"}, "ifinfomsg.IFLA_INFO_KIND = 5: no counterpart"},
		{"delete link", routing.Delete, &routing.Link{Index: 3}, "ioctl 0x80906979"},
		{"get link", routing.Get, &routing.Link{Index: 3}, "sysctl [4 34 0 18 6 3]"},
		{"get link by name", routing.Get, &routing.Link{Name: "wm4"}, "sysctl [4 34 0 18 6 4]"},
		{"dump links", routing.Dump, &routing.Link{}, "sysctl [4 34 0 18 6 0]"},
		{"add neighbor", routing.Add, &routing.Neighbor{Index: 3, Addr: addr.Addr, LinkAddr: []byte{2, 0, 0, 0, 0, 1}, Permanent: true}, "write 1"},
		{"replace neighbor", routing.Replace, &routing.Neighbor{Index: 3, Addr: addr.Addr, LinkAddr: []byte{2, 0, 0, 0, 0, 1}, Permanent: true}, "write 1 or 2 1"},
		{"neighbor that goes away", routing.Add, &routing.Neighbor{Index: 3, Addr: addr.Addr, LinkAddr: []byte{2, 0, 0, 0, 0, 1}}, "ndmsg.ndm_state = 2: no counterpart"},
		{"dump neighbors", routing.Dump, &routing.Neighbor{}, "sysctl [4 34 0 2 2 1024], sysctl [4 34 0 24 2 1024]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := tr.RequestToNetBSD(request(t, test.op, test.entry, 0))
			got := describe(list)
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func describe(list []rtsock.Action) string {
	var words []string
	for _, a := range list {
		switch a := a.(type) {
		case rtsock.Write:
			w := fmt.Sprint("write ", a.Message[3])
			for i, b := range a.IfExists {
				w += []string{" or ", " "}[min(i, 1)] + fmt.Sprint(b[3])
			}
			words = append(words, w)
		case rtsock.Ioctl:
			words = append(words, fmt.Sprintf("ioctl %#x", a.Request))
		case rtsock.SetFlags:
			words = append(words, fmt.Sprintf("flags %s %#x/%#x", a.Name, a.Set, a.Mask))
		case rtsock.Sysctl:
			words = append(words, fmt.Sprint("sysctl ", a.Name))
		}
	}
	return strings.Join(words, ", ")
}

// TestRequestsAndBack has requests of Linux go to NetBSD and back.
func TestRequestsAndBack(t *testing.T) {
	tr := &translate.Translator{Links: links{}}
	r := rand.New(rand.NewPCG(7, 8))
	for range 4000 {
		m := &routing.Message{Op: []routing.Op{routing.Add, routing.Change, routing.Delete}[r.IntN(3)], Entry: models.Entry(r)}
		switch e := m.Entry.(type) {
		case *routing.Link:
			continue // their requests are partial: TestRequestToNetBSD has some
		case *routing.Address:
			e.Flags, m.Op = 0, routing.Replace
		case *routing.Neighbor:
			if e.Permanent = m.Op != routing.Delete; e.Permanent {
				e.LinkAddr = models.HardwareAddr(r)
			}
		}
		lx := request(t, m.Op, m.Entry, 0)
		list, err := tr.RequestToNetBSD(lx)
		if err != nil {
			t.Fatalf("%+v: %v", m.Entry, err)
		}
		var back []byte
		switch a := list[0].(type) {
		case rtsock.Write:
			back, err = tr.RequestToLinux(a.Message)
		case rtsock.Ioctl:
			back, err = tr.IoctlToLinux(a.Request, a.Arg, 9)
		}
		if err != nil {
			t.Fatalf("%+v: %v", m.Entry, err)
		}
		got, want := decode(t, back), decode(t, lx)
		forgetLifetime(got.Entry)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("\n got %v %+v\nwant %v %+v", got.Op, got.Entry, want.Op, want.Entry)
		}
	}
}

// forgetLifetime removes the infinite lifetime that NetBSD's ioctls have and
// requests may leave out.
func forgetLifetime(e routing.Entry) {
	if a, ok := e.(*routing.Address); ok && a.Valid == routing.Forever {
		a.Valid, a.Preferred = 0, 0
	}
}

func decode(t *testing.T, lx []byte) *routing.Message {
	t.Helper()
	raw, rest, err := rtnetlink.Parse(lx)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%x: %v", lx, err)
	}
	m, err := raw.Decode()
	if err != nil {
		t.Fatalf("%x: %v", lx, err)
	}
	return m
}

// TestNotificationsAndBack has what NetBSD tells go to Linux and back.
func TestNotificationsAndBack(t *testing.T) {
	tr := &translate.Translator{Version: rtsock.NetBSD7, Links: links{}}
	told := 0
	for _, r := range recorded.Load(t, "../testdata/messages_7.99.34.txt") {
		nb := r.Fields[0]
		if strings.HasPrefix(r.Name, "rtm_errors/") {
			continue
		}
		lx, err := tr.NotificationToLinux(nb)
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		if lx == nil {
			continue // failures, lookups
		}
		told++
		back, err := tr.NotificationToNetBSD(lx)
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		first, _, err1 := rtsock.Parse(rtsock.NetBSD7, nb)
		second, _, err2 := rtsock.Parse(rtsock.NetBSD7, back)
		if err := errors.Join(err1, err2); err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		a, err1 := first.Decode()
		b, err2 := second.Decode()
		if err := errors.Join(err1, err2); err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		if l, ok := b.Entry.(*routing.Link); ok && a.Entry.(*routing.Link).Name == "" {
			l.Name = "" // the translator has added it
		}
		if a.Op != b.Op || first.Type != second.Type || fmt.Sprintf("%+v", plain(a.Entry)) != fmt.Sprintf("%+v", plain(b.Entry)) {
			t.Errorf("%s:\n sent %v %+v\n back %v %+v", r.Name, a.Op, plain(a.Entry), b.Op, plain(b.Entry))
		}
	}
	if told < 50 {
		t.Errorf("only %d messages were told", told)
	}
}

// plain returns what e points to, without what netlink has no room for.
func plain(e routing.Entry) any {
	switch e := e.(type) {
	case *routing.Link:
		l := *e
		l.Stats = nil // a pointer
		return l
	case *routing.Route:
		r := *e
		r.Metrics.RTT, r.Metrics.RTTVar = 0, 0 // coarser
		return r
	case *routing.Address:
		return *e
	case *routing.Neighbor:
		return *e
	}
	return nil
}

// TestDumps has dumps of a real kernel go to Linux and back.
func TestDumps(t *testing.T) {
	tr := &translate.Translator{Version: rtsock.NetBSD7, Links: links{}}
	tables := map[rtsock.DumpKind][]routing.Entry{
		rtsock.LinkDump:     {&routing.Link{}, &routing.Address{}},
		rtsock.RouteDump:    {&routing.Route{}},
		rtsock.NeighborDump: {&routing.Neighbor{}},
	}
	for _, r := range recorded.Load(t, "../testdata/dumps_7.99.34.txt") {
		var s rtsock.Sysctl
		for i := range s.Name {
			s.Name[i] = int32(binary.LittleEndian.Uint32(r.Fields[0][4*i:]))
		}
		requests, err := tr.SysctlToLinux(s.Name, 4)
		if s.Kind(rtsock.NetBSD7) == rtsock.NoDump {
			if !errors.Is(err, abi.ErrNoCounterpart) {
				t.Errorf("%s: %v", r.Name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		for _, e := range tables[s.Kind(rtsock.NetBSD7)] {
			if _, ok := e.(*routing.Address); ok && s.Name[3] == netbsd.AF_LINK {
				continue
			}
			if len(requests) == 0 {
				t.Fatalf("%s: %T is not asked for", r.Name, e)
			}
		}
		var lx []byte
		for _, q := range requests {
			part, err := tr.DumpToLinux(q, translate.Dump{Sysctl: s, Data: r.Fields[1]})
			if err != nil {
				t.Fatalf("%s: %v", r.Name, err)
			}
			lx = append(lx, part...)
		}
		back, err := tr.DumpToNetBSD(s.Name, lx)
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		want, _, err1 := rtsock.ParseDump(rtsock.NetBSD7, s, r.Fields[1])
		got, _, err2 := rtsock.ParseDump(rtsock.NetBSD7, s, back)
		if err := errors.Join(err1, err2); err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d entries, want %d; %v", r.Name, len(got), len(want), err)
		}
		for i := range want {
			if a, b := fmt.Sprintf("%+v", plain(want[i].Entry)), fmt.Sprintf("%+v", plain(got[i].Entry)); a != b {
				t.Errorf("%s:\n sent %s\n back %s", r.Name, a, b)
			}
		}
	}
}

// TestDumpOfTable asks for the routes of one table, as ip route does.
func TestDumpOfTable(t *testing.T) {
	tr := &translate.Translator{}
	var nb []byte
	for _, r := range []*routing.Route{
		{Dst: netip.MustParsePrefix("10.0.0.0/8"), Index: 3},
		{Dst: netip.MustParsePrefix("10.0.0.1/32"), Index: 1, Type: routing.Local},
	} {
		nb = append(nb, reply(t, r, 0)...)
	}
	for table, want := range map[linux.RtClassT]int{
		linux.RT_TABLE_UNSPEC: 2, linux.RT_TABLE_MAIN: 1, linux.RT_TABLE_LOCAL: 1, linux.RT_TABLE_DEFAULT: 0,
	} {
		var b rtnetlink.Builder
		b.Begin(linux.Nlmsghdr{Type: linux.RTM_GETROUTE, Flags: linux.NLM_F_REQUEST | linux.NLM_F_DUMP})
		rtnetlink.Struct(&b, &linux.Rtmsg{Family: linux.AF_INET, Table: uint8(table)})
		b.End()
		lx, err := tr.DumpToLinux(b.Bytes, translate.Dump{Sysctl: rtsock.Routes(netbsd.AF_INET), Data: nb})
		if err != nil {
			t.Fatal(err)
		}
		got := -1 // the last message is the end
		for len(lx) > 0 {
			if _, lx, err = rtnetlink.Parse(lx); err != nil {
				t.Fatal(err)
			}
			got++
		}
		if got != want {
			t.Errorf("table %d has %d routes, want %d", table, got, want)
		}
	}
}

func TestReplies(t *testing.T) {
	tr := &translate.Translator{}
	lx := request(t, routing.Get, &routing.Route{Dst: netip.MustParsePrefix("10.0.0.1/32")}, 0)
	nb := reply(t, &routing.Route{Dst: netip.MustParsePrefix("10.0.0.0/8"), Gateway: netip.MustParseAddr("192.0.2.1"), Index: 3}, 0)
	got, err := tr.ReplyToLinux(lx, nb)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := decode(t, got).Entry.(*routing.Route)
	if !ok || r.Dst != netip.MustParsePrefix("10.0.0.1/32") || !r.Cloned || r.Index != 3 || got[8] != 9 {
		t.Errorf("got %+v", r)
	}
	// An error.
	got, err = tr.ReplyToLinux(lx, reply(t, &routing.Route{Dst: netip.MustParsePrefix("10.0.0.0/8"), Index: 3}, netbsd.EAGAIN))
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := rtnetlink.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := raw.Errno(); err != nil || e != linux.EAGAIN {
		t.Errorf("got %v, %v", e, err)
	}
	// And the other way.
	back, err := tr.ReplyToNetBSD(nb, got)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := rtsock.Parse(rtsock.NetBSD10, back)
	if err != nil {
		t.Fatal(err)
	}
	if h, ok := m.Header.(*netbsd.RtMsghdr); !ok || h.Errno != int32(netbsd.EAGAIN) || h.Seq != 9 {
		t.Errorf("got %+v", m.Header)
	}
	if ack, err := translate.Acknowledge(lx, 0); ack != nil || err != nil {
		t.Errorf("an acknowledgement that nobody asked for: %x, %v", ack, err)
	}
	if _, err := translate.Acknowledge(lx, netbsd.EPROCLIM); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("EPROCLIM: %v", err)
	}
}

// reply returns the answer to an RTM_GET with sequence number 9.
func reply(t *testing.T, r *routing.Route, errno netbsd.Errno) []byte {
	t.Helper()
	m, err := rtsock.New(&routing.Message{Op: routing.Get, Entry: r})
	if err != nil {
		t.Fatal(err)
	}
	m.SetDone(9, 1, errno)
	b, err := m.Append(rtsock.NetBSD10, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzTranslate looks for bytes that break a translator in any direction.
func FuzzTranslate(f *testing.F) {
	for _, r := range recorded.Load(f, "../testdata/messages_7.99.34.txt") {
		f.Add(r.Fields[0], r.Fields[0])
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST}, &routing.Message{Op: routing.Op(1 + r.IntN(6)), Entry: models.Entry(r)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, lx, nb []byte) {
		lx0, nb0 := bytes.Clone(lx), bytes.Clone(nb)
		for _, v := range []*rtsock.Version{rtsock.NetBSD7, rtsock.NetBSD10} {
			tr := &translate.Translator{Version: v, Links: links{}}
			_, _ = tr.RequestToNetBSD(lx)
			_, _ = tr.NotificationToLinux(nb)
			_, _ = tr.ReplyToLinux(lx, nb)
			_, _ = tr.RequestToLinux(nb)
			_, _ = tr.NotificationToNetBSD(lx)
			_, _ = tr.ReplyToNetBSD(nb, lx)
			for _, s := range []rtsock.Sysctl{rtsock.Links(v, 0, 0), rtsock.Routes(0), rtsock.Neighbors(netbsd.AF_INET)} {
				_, _ = tr.DumpToLinux(lx, translate.Dump{Sysctl: s, Data: nb})
				_, _ = tr.DumpToNetBSD(s.Name, lx)
			}
		}
		if !bytes.Equal(lx, lx0) || !bytes.Equal(nb, nb0) {
			t.Error("a source was changed")
		}
	})
}
