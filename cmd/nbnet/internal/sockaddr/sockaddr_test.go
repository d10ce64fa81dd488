package sockaddr_test

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
)

func TestParseIPv4(t *testing.T) {
	for s, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "10.1": "10.0.0.1", "10.1.258": "10.1.1.2", "0xffffff00": "255.255.255.0", "010.0.0.1": "8.0.0.1", "10": "0.0.0.10",
		"": "", "10.0.0.256": "", "1.2.3.4.5": "", "1_0.0.0.1": "", "-1": "", "0x100000000": "",
	} {
		a, ok := sockaddr.ParseIPv4(s)
		if ok != (want != "") || ok && a.String() != want {
			t.Errorf("%q is %v, %v; want %q", s, a, ok, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, s := range []string{"10.1.2.3", "2001:db8::1", "fe80::1%3", "ff02::1%2"} {
		a := netip.MustParseAddr(s)
		if got := sockaddr.Addr(sockaddr.Make(a)); got != a {
			t.Errorf("%s comes back as %s", s, got)
		}
		if got := sockaddr.Addr(sockaddr.MakeUser(a)); got != a {
			t.Errorf("%s comes back as %s from a program's form", s, got)
		}
	}
	for n := range 33 {
		if got, ok := sockaddr.MaskLen(sockaddr.Mask(netip.IPv4Unspecified(), n), netbsd.AF_INET); got != n || !ok {
			t.Errorf("%d bits come back as %d, %v", n, got, ok)
		}
	}
	if n, ok := sockaddr.MaskLen([]byte{7, 0, 0, 0, 255, 0, 255}, netbsd.AF_INET); n != 8 || ok {
		t.Errorf("a mask with a hole has %d bits, %v", n, ok)
	}
	for _, short := range [][]byte{nil, {2}, {2, netbsd.AF_INET}, {4, netbsd.AF_INET6, 0, 0}, {2, netbsd.AF_LINK}, {8, netbsd.AF_LINK, 0, 0, 0, 9, 9, 0}} {
		sockaddr.Addr(short)
		sockaddr.Port(short)
		sockaddr.ParseLink(short)
	}
}

func TestLink(t *testing.T) {
	want := sockaddr.Link{Index: 2, Type: netbsd.IFT_ETHER, Name: "shmif0", Addr: []byte{2, 0, 0, 0, 0, 1}}
	got, ok := sockaddr.ParseLink(sockaddr.MakeLink(want))
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, ok)
	}
	hw, ok := sockaddr.ParseHardware("2:0:0:0:0:1")
	if !ok || sockaddr.Hardware(hw) != "02:00:00:00:00:01" {
		t.Errorf("%x, %v", hw, ok)
	}
	if hw, ok := sockaddr.ParseHardware("2:0:0:0:0"); ok {
		t.Errorf("five bytes are %x", hw)
	}
}
