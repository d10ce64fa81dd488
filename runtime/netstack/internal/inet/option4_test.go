package inet

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"testing"

	"github.com/abigen/abigen/netbsd"
)

// TestParseRoute has what is kept of IP options: the first hop, then what goes
// into packets.
func TestParseRoute(t *testing.T) {
	for _, row := range []struct {
		options, want string
		err           error
	}{
		{"", "", nil},
		{"01010100", "0000000001010100", nil},
		{"00ffffff", "0000000000", nil}, // nothing counts behind the end
		{"9404000001010100", "000000009404000001010100", nil},
		{"830704c000020100", "c000020183030400", nil}, // one hop: nothing is left of the route
		{"830b04c0000201c000020200", "c0000201830704c000020200", nil},
		{"83060400c0000201", "", netbsd.EINVAL}, // no room for a hop
		{"0702", "", netbsd.EINVAL},             // not whole words
		{"07010000", "", netbsd.EINVAL},
		{"07050000", "", netbsd.EINVAL},
	} {
		b, err := hex.DecodeString(row.options)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseRoute(b)
		if hex.EncodeToString(got) != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s: %x, %v, want %s, %v", row.options, got, err, row.want, row.err)
		}
	}
}

// TestLookupAll has who gets a packet to a group.
func TestLookupAll(t *testing.T) {
	n := testNet(t)
	n.Params.V6Only.Store(0)
	table := NewTable(n)
	l := testLwp(t, 0)
	bind := func(name string, opts int32) *Pcb {
		p, sa := testPcb(table, l, netip.MustParseAddrPort(name), opts)
		if err := p.Bind(l, sa); err != nil {
			t.Fatalf("bind %s: %v", name, err)
		}
		return p
	}
	const addr = netbsd.SO_REUSEADDR
	alone := bind("0.0.0.0:4000", 0)
	hidden := bind("0.0.0.0:4001", addr)
	group := bind("239.0.0.1:4001", addr)
	both := bind("[::ffff:239.0.0.1]:4001", addr)
	bind("239.0.0.2:4001", addr)
	for _, row := range []struct {
		dst  string
		want []*Pcb
	}{
		{"239.0.0.1:4000", []*Pcb{alone}},
		{"239.0.0.1:4001", []*Pcb{group, hidden, both}},
		{"239.0.0.3:4001", []*Pcb{hidden}},
		{"239.0.0.3:4002", nil},
	} {
		got := table.LookupAll(Names{Src: netip.MustParseAddrPort("127.0.0.1:1"), Dst: netip.MustParseAddrPort(row.dst)})
		if len(got) != len(row.want) {
			t.Errorf("%s: %d blocks, want %d", row.dst, len(got), len(row.want))
			continue
		}
		for i := range got {
			if got[i] != row.want[i] {
				t.Errorf("%s: block %d is another", row.dst, i)
			}
		}
	}
}
