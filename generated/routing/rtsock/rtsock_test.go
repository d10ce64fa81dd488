package rtsock_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/internal/models"
	"github.com/abigen/abigen/generated/routing/internal/recorded"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

const (
	messages = "../testdata/messages_7.99.34.txt"
	dumps    = "../testdata/dumps_7.99.34.txt"
)

func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

// TestRecorded has every message that a real kernel sent come out as it was, after
// it was taken apart.
func TestRecorded(t *testing.T) {
	good := 0
	for _, r := range recorded.Load(t, messages) {
		if strings.HasPrefix(r.Name, "rtm_errors/") {
			continue // requests that the kernel did not understand, sent back
		}
		m, rest, err := rtsock.Parse(rtsock.NetBSD7, r.Fields[0])
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		b, err := m.Append(rtsock.NetBSD7, nil)
		if err != nil || len(rest) != 0 || !bytes.Equal(b, r.Fields[0]) {
			t.Errorf("%s: %v\n got %x\nwant %x", r.Name, err, b, r.Fields[0])
		}
		good++
	}
	if good < 100 {
		t.Errorf("only %d messages were understood", good)
	}
}

func TestDecodeRecorded(t *testing.T) {
	want := map[string]routing.Message{
		// A route by a gateway, and the answer to its deletion, whose mask is short.
		"rtm_add_delete/20": {Op: routing.Add, Entry: &routing.Route{Dst: netip.MustParsePrefix("10.6.0.0/16"), Gateway: addr("10.5.0.2"), Origin: routing.OriginStatic}},
		"rtm_add_delete/60": {Op: routing.Delete, Entry: &routing.Route{Dst: netip.MustParsePrefix("10.6.0.0/16"), Gateway: addr("10.5.0.2"), Origin: routing.OriginStatic}},
		// The default route's mask is empty.
		"rtm_add_delete/64": {Op: routing.Delete, Entry: &routing.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Gateway: addr("10.5.0.2"), Origin: routing.OriginStatic}},
		// An own address.
		"rtm_add_delete/16":  {Op: routing.Get, Entry: &routing.Route{Dst: netip.MustParsePrefix("10.5.0.1/32"), Index: 1, Source: addr("10.5.0.1"), Type: routing.Local, Origin: routing.OriginKernel}},
		"rtm_arp_entries/16": {Op: routing.Get, Entry: &routing.Neighbor{Index: 2, Addr: addr("10.5.0.9"), LinkAddr: []byte{2, 0, 0, 0, 0, 0x99}, Permanent: true}},
		"rtm_change_and_metrics/32": {Op: routing.Change, Entry: &routing.Route{
			Dst: netip.MustParsePrefix("10.6.0.0/16"), Metrics: routing.Metrics{RTT: 5 * time.Millisecond, RTTVar: 600 * time.Microsecond},
		}},
		"rtm_reject_blackhole/9":    {Op: routing.Add, Entry: &routing.Route{Dst: netip.MustParsePrefix("10.2.0.0/16"), Type: routing.Blackhole, Origin: routing.OriginStatic}},
		"rtm_listener_addresses/16": {Op: routing.Delete, Entry: &routing.Address{Index: 1, Addr: addr("10.0.0.1"), Bits: 16}},
		"rtm_listener_shmif/24":     {Op: routing.Add, Entry: &routing.Address{Index: 2, Addr: addr("10.5.0.1"), Bits: 24, Broadcast: addr("10.5.0.255")}},
		// The kernel has the zone inside the address.
		"rtm_listener_addresses/22":  {Op: routing.Add, Entry: &routing.Route{Dst: netip.MustParsePrefix("2001:db8::/64"), Index: 1, Source: addr("fe80::1")}},
		"rtm_listener_interfaces/5":  {Op: routing.Add, Entry: &routing.Link{Index: 2, Name: "lo1"}},
		"rtm_listener_interfaces/35": {Op: routing.Delete, Entry: &routing.Link{Index: 2, Name: "lo1"}},
		"rtm_listener_interfaces/31": {Op: routing.Change, Entry: &routing.Link{
			Index: 2, Type: 24, Flags: routing.LinkRunning | routing.LinkMulticast, MTU: 1500, Stats: &routing.LinkStats{},
		}},
	}
	for _, r := range recorded.Load(t, messages) {
		w, ok := want[r.Name]
		if !ok {
			continue
		}
		delete(want, r.Name)
		m, _, err := rtsock.Parse(rtsock.NetBSD7, r.Fields[0])
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		got, err := m.Decode()
		if err != nil || !reflect.DeepEqual(*got, w) {
			t.Errorf("%s: got %v %+v, %v; want %v %+v", r.Name, got.Op, got.Entry, err, w.Op, w.Entry)
		}
	}
	for name := range want {
		t.Errorf("%s is not in %s", name, messages)
	}
}

func TestDumpsRecorded(t *testing.T) {
	want := map[string]int{"route_dump/1": 6, "route_dump/12": 5, "route_iflist/1": 4, "route_arp_table/13": 3}
	for _, r := range recorded.Load(t, dumps) {
		var s rtsock.Sysctl
		for i := range s.Name {
			s.Name[i] = int32(binary.LittleEndian.Uint32(r.Fields[0][4*i:]))
		}
		list, lost, err := rtsock.ParseDump(rtsock.NetBSD7, s, r.Fields[1])
		if err != nil || len(lost) != 0 {
			t.Errorf("%s: %v, %v", r.Name, lost, err)
		}
		if n, ok := want[r.Name]; ok && n != len(list) {
			t.Errorf("%s: %d entries, want %d", r.Name, len(list), n)
		}
		delete(want, r.Name)
		for _, m := range list {
			if _, ok := m.Entry.(*routing.Neighbor); ok != (s.Kind(rtsock.NetBSD7) == rtsock.NeighborDump) {
				t.Errorf("%s: %+v", r.Name, m.Entry)
			}
		}
	}
	if len(want) != 0 {
		t.Errorf("not in %s: %v", dumps, want)
	}
}

// TestModel has entries go to bytes and back.
func TestModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range []*rtsock.Version{rtsock.NetBSD10, rtsock.NetBSD7} {
		for range 4000 {
			m := &routing.Message{Op: routing.Add, Entry: models.Entry(r)}
			switch e := m.Entry.(type) {
			case *routing.Link:
				m.Op = routing.Change // an announcement has the name alone
			case *routing.Address:
				if v.IfaAddrflags < 0 {
					e.Flags = 0
				}
				if e.Addr.Is4() {
					e.Flags &= routing.AddressTentative | routing.AddressDuplicated
				}
			}
			nb, err := rtsock.New(m)
			if err != nil {
				t.Fatalf("%+v: %v", m.Entry, err)
			}
			b, err := nb.Append(v, nil)
			if err != nil {
				t.Fatalf("%+v: %v", m.Entry, err)
			}
			back, rest, err := rtsock.Parse(v, b)
			if err != nil || len(rest) != 0 {
				t.Fatalf("%+v: %x: %v", m.Entry, b, err)
			}
			got, err := back.Decode()
			if err != nil || !reflect.DeepEqual(got, m) {
				t.Fatalf("%s: %v\n got %v %+v %v\nwant %v %+v", v.Name, err, got.Op, got.Entry, got.Lost, m.Op, m.Entry)
			}
		}
	}
}

func TestIoctls(t *testing.T) {
	for _, test := range []struct {
		name     string
		op       routing.Op
		entry    routing.Entry
		request  uint64
		want     string // of the argument, behind the name
		backAlso bool
	}{
		{"IPv4", routing.Replace, &routing.Address{Addr: addr("10.0.0.1"), Bits: 24, Valid: routing.Forever, Preferred: routing.Forever}, netbsd.SIOCAIFADDR,
			"100200000a0000010000000000000000" + "00000000000000000000000000000000" + "10020000ffffff000000000000000000", true},
		{"IPv4 with broadcast", routing.Replace, &routing.Address{Addr: addr("10.0.0.1"), Bits: 24, Broadcast: addr("10.0.0.255"), Valid: routing.Forever, Preferred: routing.Forever}, netbsd.SIOCAIFADDR,
			"100200000a0000010000000000000000" + "100200000a0000ff0000000000000000" + "10020000ffffff000000000000000000", true},
		{"IPv6", routing.Replace, &routing.Address{Addr: addr("2001:db8::1"), Bits: 64, Flags: routing.AddressNoDAD, Valid: 600, Preferred: 300}, netbsd.SIOCAIFADDR_IN6,
			"1c1800000000000020010db800000000000000000000000100000000" + "00000000000000000000000000000000000000000000000000000000" + "1c18000000000000ffffffffffffffff000000000000000000000000" +
				"20000000" + "00000000000000000000000000000000" + "580200002c010000", true},
		{"delete", routing.Delete, &routing.Address{Addr: addr("10.0.0.1"), Bits: 32}, netbsd.SIOCDIFADDR, "100200000a0000010000000000000000", true},
		{"delete IPv6", routing.Delete, &routing.Address{Addr: addr("fe80::1"), Bits: 128}, netbsd.SIOCDIFADDR_IN6, "1c18000000000000fe80000000000000000000000000000100000000", true},
		{"MTU", routing.Change, &routing.Link{Name: "lo0", MTU: 1500}, netbsd.SIOCSIFMTU, "dc050000", true},
		{"create", routing.Add, &routing.Link{Name: "lo0"}, netbsd.SIOCIFCREATE, "00", true},
		{"destroy", routing.Delete, &routing.Link{Name: "lo0"}, netbsd.SIOCIFDESTROY, "00", true},
		{"hardware address", routing.Change, &routing.Link{Addr: []byte{2, 0, 0, 0, 0, 1}}, netbsd.SIOCALIFADDR, "0040000000000000" + "1412000006000600020000000001", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &routing.Message{Op: test.op, Entry: test.entry}
			list, err := rtsock.NewIoctls(m, "lo0")
			if err != nil || len(list) != 1 || list[0].Request != test.request {
				t.Fatalf("got %+v, %v", list, err)
			}
			want, err := hex.DecodeString(test.want)
			if err != nil {
				t.Fatal(err)
			}
			arg := list[0].Arg
			if n := int(list[0].Request >> 16 & 0x1fff); len(arg) != n {
				t.Errorf("the argument has %d bytes, want %d", len(arg), n)
			}
			if !bytes.HasPrefix(arg, []byte("lo0\x00")) || !bytes.HasPrefix(arg[16:], want) {
				t.Errorf("the argument is %x, want %x", arg[16:], want)
			}
			back, name, err := rtsock.ParseIoctl(list[0].Request, arg)
			if !test.backAlso {
				if !errors.Is(err, abi.ErrNoCounterpart) {
					t.Errorf("read back: %v", err)
				}
				return
			}
			if err != nil || name != "lo0" || !reflect.DeepEqual(back, m) {
				t.Errorf("came back as %q %+v, %v", name, back, err)
			}
		})
	}
}

func TestSetFlags(t *testing.T) {
	f, err := rtsock.NewSetFlags(&routing.Link{Flags: routing.LinkUp, Mask: routing.LinkUp | routing.LinkDebug}, "wm0")
	if err != nil {
		t.Fatal(err)
	}
	// LINK0 stays, DEBUG goes, UP comes.
	now := int16(netbsd.IFF_DEBUG | netbsd.IFF_LINK0 | netbsd.IFF_RUNNING)
	arg := f.Ioctl(now).Arg
	if got := binary.NativeEndian.Uint16(arg[16:]); got != netbsd.IFF_UP|netbsd.IFF_LINK0|netbsd.IFF_RUNNING {
		t.Errorf("flags %#x", got)
	}
	if _, err := rtsock.NewSetFlags(&routing.Link{Mask: routing.LinkRunning}, "wm0"); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("IFF_RUNNING is not to be set: %v", err)
	}
}

// TestRequestsRecorded has requests that a real kernel carried out go through the
// model: what New makes of them has the same flags and addresses. A link that is
// known by its name alone (RTA_IFP) is lost.
func TestRequestsRecorded(t *testing.T) {
	for _, r := range recorded.Load(t, "../testdata/requests_7.99.34.txt") {
		want, _, err := rtsock.Parse(rtsock.NetBSD7, r.Fields[0])
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		e, err := want.Decode()
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		got, err := rtsock.New(e)
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		want.Addrs[netbsd.RTAX_IFP] = nil
		if n, ok := e.Entry.(*routing.Neighbor); ok && n.LinkAddr == nil {
			got.Addrs[netbsd.RTAX_GATEWAY][4] = netbsd.IFT_ETHER // needs an address to be known
		}
		g, w := got.Header.(*netbsd.RtMsghdr), want.Header.(*netbsd.RtMsghdr)
		if got.Type != want.Type || g.Flags&^netbsd.RTF_HOST != w.Flags&^netbsd.RTF_HOST || !reflect.DeepEqual(got.Addrs, want.Addrs) {
			t.Errorf("%s:\n got %d %#x %x\nwant %d %#x %x", r.Name, got.Type, g.Flags, got.Addrs, want.Type, w.Flags, want.Addrs)
		}
	}
}
