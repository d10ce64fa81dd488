package routing_test

import (
	"net/netip"
	"testing"

	"github.com/abigen/abigen/generated/routing"
)

func TestLastAddr(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.1.2.3/8":    "10.255.255.255",
		"10.1.2.3/32":   "10.1.2.3",
		"10.1.2.3/30":   "10.1.2.3",
		"0.0.0.0/0":     "255.255.255.255",
		"2001:db8::/64": "2001:db8::ffff:ffff:ffff:ffff",
	} {
		if got := routing.LastAddr(netip.MustParsePrefix(prefix)); got.String() != want {
			t.Errorf("%s ends with %v, want %s", prefix, got, want)
		}
	}
}

func TestZones(t *testing.T) {
	for _, test := range []struct {
		addr  string
		index uint32
		want  string
	}{
		{"fe80::1", 3, "fe80::1%3"},
		{"fe80::1%7", 3, "fe80::1%3"},
		{"fe80::1%7", 0, "fe80::1"},
		{"ff02::1", 3, "ff02::1%3"},
		{"ff01::1", 3, "ff01::1%3"},
		{"ff05::1", 3, "ff05::1"},
		{"2001:db8::1", 3, "2001:db8::1"},
		{"169.254.0.1", 3, "169.254.0.1"},
		{"::ffff:169.254.0.1", 3, "::ffff:169.254.0.1"},
	} {
		got := routing.InZone(netip.MustParseAddr(test.addr), test.index)
		if got.String() != test.want {
			t.Errorf("%s in zone %d is %v, want %s", test.addr, test.index, got, test.want)
		}
		if want := test.index; got.Zone() != "" && routing.ZoneIndex(got) != want {
			t.Errorf("the zone of %v is %d, want %d", got, routing.ZoneIndex(got), want)
		}
	}
	if routing.ZoneIndex(netip.MustParseAddr("fe80::1%wm0")) != 0 {
		t.Error("a name is not an index")
	}
}

func TestAddressPrefix(t *testing.T) {
	a := &routing.Address{Addr: netip.MustParseAddr("10.0.0.1"), Bits: 24}
	if got := a.Prefix(); got.String() != "10.0.0.0/24" {
		t.Errorf("the network is %v", got)
	}
	a.Peer = netip.MustParseAddr("192.0.2.9")
	if got := a.Prefix(); got.String() != "192.0.2.0/24" {
		t.Errorf("the peer's network is %v", got)
	}
	if routing.Op(0).String() == routing.Add.String() || routing.Dump.String() != "dump" {
		t.Error("names of operations")
	}
}
