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

// addressRequest makes Linux's argument of a request about an IPv4 address.
func addressRequest(name string, ip [4]byte) *linux.Ifreq {
	r := new(linux.Ifreq)
	copy(r.Ifrn.IfrnName()[:], name)
	a := r.Ifru.Addr()
	a.Family = linux.AF_INET
	copy(abi.AsBytes(&a.Data)[2:], ip[:])
	return r
}

func TestIfaliasreq(t *testing.T) {
	addr, brd, mask := addressRequest("shmif0", [4]byte{10, 1, 2, 3}), addressRequest("shmif0", [4]byte{10, 1, 2, 255}), addressRequest("shmif0", [4]byte{255, 255, 255})
	var nb netbsd.Ifaliasreq
	if err := tonetbsd.Ifaliasreq(&nb, addr, brd, mask); err != nil {
		t.Fatal(err)
	}
	if string(nb.Name[:7]) != "shmif0\x00" || nb.Addr.Len != 16 || nb.Addr.Family != netbsd.AF_INET || abi.AsBytes(&nb.Addr.Data)[5] != 3 {
		t.Errorf("%+v", nb)
	}
	var a, b, m linux.Ifreq
	if err := tolinux.Ifaliasreq(&a, &b, &m, &nb); err != nil {
		t.Fatal(err)
	}
	if a != *addr || b != *brd || m != *mask {
		t.Errorf("came back as %v, %v, %v", a, b, m)
	}
	// A mask may be short and without a family, and the broadcast address
	// missing.
	nb.Mask.Len, nb.Mask.Family, nb.Dstaddr = 7, 0, netbsd.Sockaddr{}
	if err := tolinux.Ifaliasreq(&a, &b, &m, &nb); err != nil || m != *mask || b != (linux.Ifreq{}) {
		t.Errorf("%v; mask %v, broadcast %v", err, m, b)
	}
	before := nb
	for _, bad := range []*linux.Ifreq{addressRequest("other", [4]byte{}), {}} {
		if err := tonetbsd.Ifaliasreq(&nb, addr, bad, mask); err == nil || nb != before {
			t.Errorf("%v: %v, and the result is %v", bad, err, nb)
		}
	}
}

func TestIn6Aliasreq(t *testing.T) {
	for length := range uint32(129) {
		lx := linux.In6Ifreq{Addr: linux.In6Addr{0: 0x20, 15: 1}, Prefixlen: length, Ifindex: 3}
		var nb netbsd.In6Aliasreq
		if err := tonetbsd.In6Aliasreq(&nb, &lx, "virt0"); err != nil {
			t.Fatal(err)
		}
		var again linux.In6Ifreq
		if err := tolinux.In6Ifreq(&again, &nb, 3); err != nil || again != lx {
			t.Fatalf("/%d came back as %v: %v", length, again, err)
		}
	}
}

func TestIn6AliasreqErrors(t *testing.T) {
	var nb netbsd.In6Aliasreq
	lx := linux.In6Ifreq{Prefixlen: 129}
	if err := tonetbsd.In6Aliasreq(&nb, &lx, "virt0"); !errors.Is(err, abi.ErrRange) {
		t.Errorf("a prefix of 129: %v", err)
	}
	lx.Prefixlen = 64
	for _, name := range []string{"", "a-name-of-sixteen"} {
		if err := tonetbsd.In6Aliasreq(&nb, &lx, name); err == nil {
			t.Errorf("name %q: no error", name)
		}
	}
	if err := tonetbsd.In6Aliasreq(&nb, &lx, "virt0"); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*netbsd.In6Aliasreq){
		"holes":       func(r *netbsd.In6Aliasreq) { r.Prefixmask.Addr[0] = 0xf7 },
		"late bits":   func(r *netbsd.In6Aliasreq) { r.Prefixmask.Addr[12] = 0x80 },
		"flags":       func(r *netbsd.In6Aliasreq) { r.Flags = 4 },
		"life":        func(r *netbsd.In6Aliasreq) { r.Lifetime.Vltime = 3600 },
		"destination": func(r *netbsd.In6Aliasreq) { r.Dstaddr.Family = netbsd.AF_INET6 },
		"family":      func(r *netbsd.In6Aliasreq) { r.Addr.Family = netbsd.AF_INET },
	} {
		bad := nb
		change(&bad)
		to := linux.In6Ifreq{Ifindex: 7}
		if err := tolinux.In6Ifreq(&to, &bad, 3); !errors.Is(err, abi.ErrNoCounterpart) || to.Ifindex != 7 {
			t.Errorf("%s: %v, and the result is %v", what, err, to)
		}
	}
}
