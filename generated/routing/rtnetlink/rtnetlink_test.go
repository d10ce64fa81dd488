package rtnetlink_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/internal/models"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// normal changes an entry to what netlink has for it: a route is in a table, and
// some flags are those of IPv6.
func normal(e routing.Entry) {
	switch e := e.(type) {
	case *routing.Route:
		if e.Table = uint32(linux.RT_TABLE_MAIN); e.Type == routing.Local || e.Type == routing.Broadcast {
			e.Table = uint32(linux.RT_TABLE_LOCAL)
		}
	case *routing.Address:
		if e.Addr.Is4() {
			e.Flags &^= routing.AddressTemporary
		}
	case *routing.Neighbor:
		if len(e.LinkAddr) == 0 {
			e.LinkAddr = nil
		}
	}
}

// TestModel has entries go to bytes and back.
func TestModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 8000 {
		m := &routing.Message{Op: []routing.Op{routing.Add, routing.Change, routing.Delete}[r.IntN(3)], Entry: models.Entry(r)}
		normal(m.Entry)
		b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Seq: 7}, m)
		if err != nil {
			t.Fatalf("%+v: %v", m.Entry, err)
		}
		raw, rest, err := rtnetlink.Parse(b)
		if err != nil || len(rest) != 0 || raw.Header.Seq != 7 {
			t.Fatalf("%+v: %x: %v", m.Entry, b, err)
		}
		got, err := raw.Decode()
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%v\n got %v %+v %v\nwant %v %+v", err, got.Op, got.Entry, got.Lost, m.Op, m.Entry)
		}
	}
}

func TestRequestOps(t *testing.T) {
	route := &routing.Route{}
	for op := routing.Add; op <= routing.Dump; op++ {
		r := models.Route(rand.New(rand.NewPCG(5, uint64(op))))
		*route = *r
		b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST}, &routing.Message{Op: op, Entry: route})
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := rtnetlink.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := raw.Decode(); err != nil || m.Op != op {
			t.Errorf("%v came back as %v, %v", op, m, err)
		}
	}
}

// message returns a netlink message with the struct v and attributes.
func message[T any](typ, flags uint16, v T, attributes ...[]byte) []byte {
	var b rtnetlink.Builder
	b.Begin(linux.Nlmsghdr{Type: typ, Flags: flags})
	rtnetlink.Struct(&b, &v)
	b.Bytes = append(b.Bytes, bytes.Join(attributes, nil)...)
	b.End()
	return b.Bytes
}

func attribute(t uint16, data ...byte) []byte {
	var b rtnetlink.Builder
	b.Attribute(t, data)
	return b.Bytes
}

func TestBad(t *testing.T) {
	inet := linux.Rtmsg{Family: linux.AF_INET, DstLen: 8, Type: linux.RTN_UNICAST}
	const route = linux.RTM_NEWROUTE
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "nlmsghdr = 0: truncated"},
		{"length 0", make([]byte, 16), "nlmsghdr.nlmsg_len = 0: bad length"},
		{"longer than the buffer", message(route, 0, inet)[:20], "nlmsghdr.nlmsg_len = 28: truncated"},
		{"no rtmsg", message(route, 0, uint32(0)), "rtmsg = 4: truncated"},
		{"family", message(route, 0, linux.Rtmsg{Family: linux.AF_MPLS}), "rtmsg.rtm_family = 28: no counterpart"},
		{"type", message(route, 0, linux.Rtmsg{Family: linux.AF_INET, Type: linux.RTN_NAT}), "rtmsg.rtm_type = 10: no counterpart"},
		{"attribute of length 0", message(route, 0, inet, []byte{0, 0, 1, 0}), "rtattr.rta_len = 0: bad length"},
		{"attribute past the end", message(route, 0, inet, []byte{8, 0, 1, 0}), "rtattr.rta_len = 8: truncated"},
		{"half an attribute", message(route, 0, inet, []byte{8, 0}), "rtattr = 2: truncated"},
		{"short address", message(route, 0, inet, attribute(1, 10, 0, 0)), "rtattr.RTA_DST = 3: bad length"},
		{"address of the other family", message(route, 0, inet, attribute(1, make([]byte, 16)...)), "rtattr.RTA_DST = 16: bad length"},
		{"no address", message(route, 0, inet), "rtmsg.rtm_dst_len = 8: bad length"},
		{"prefix", message(route, 0, linux.Rtmsg{Family: linux.AF_INET, DstLen: 33}, attribute(1, 10, 0, 0, 0)), "rtmsg.rtm_dst_len = 33: bad length"},
		{"nested attribute of length 0", message(route, 0, inet, attribute(8, 0, 0, 2, 0)), "rtattr.rta_len = 0: bad length"},
		{"next hop of length 0", message(route, 0, inet, attribute(9, make([]byte, 8)...)), "rtnexthop.rtnh_len = 0: bad length"},
		{"request that neither makes nor changes", message(route, linux.NLM_F_REQUEST, inet), "nlmsghdr.nlmsg_flags = 1: no counterpart"},
		{"other table", message(linux.RTM_NEWRULE, 0, inet), "nlmsghdr.nlmsg_type = 32: no counterpart"},
		{"no table", message(linux.NLMSG_DONE, 0, inet), "nlmsghdr.nlmsg_type = 3: no counterpart"},
		{"name", message(linux.RTM_NEWLINK, 0, linux.Ifinfomsg{}, attribute(linux.IFLA_IFNAME, []byte("sixteen-letters!")...)), "rtattr.IFLA_IFNAME = 16: not a proper string"},
		{"no neighbor", message(linux.RTM_NEWNEIGH, 0, linux.Ndmsg{Family: linux.AF_INET}), "ndmsg.NDA_DST = 0: truncated"},
		{"no own address", message(linux.RTM_NEWADDR, 0, linux.Ifaddrmsg{Family: linux.AF_INET}), "ifaddrmsg.IFA_LOCAL = 0: truncated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, _, err := rtnetlink.Parse(test.b)
			if err == nil {
				_, err = m.Decode()
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestLost(t *testing.T) {
	b := message(linux.RTM_NEWROUTE, 0, linux.Rtmsg{Family: linux.AF_INET, Type: linux.RTN_UNICAST, Tos: 16}, attribute(6, 100, 0, 0, 0))
	raw, _, err := rtnetlink.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := raw.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if got := errors.Join(m.Lost...); got == nil || got.Error() != "rtmsg.rtm_tos = 16: no counterpart\nRTA.rta_type = 6: no counterpart" {
		t.Errorf("lost %v", got)
	}
}

func TestError(t *testing.T) {
	request := linux.Nlmsghdr{Len: 28, Type: linux.RTM_NEWROUTE, Seq: 5, PID: 6}
	b := rtnetlink.AppendDone(rtnetlink.AppendError(nil, request, linux.EEXIST), request)
	m, rest, err := rtnetlink.Parse(b)
	if err != nil || m.Header.Seq != 5 || m.Header.PID != 6 || len(m.Data) != 20 {
		t.Fatalf("got %+v, %v", m, err)
	}
	if e, err := m.Errno(); e != linux.EEXIST || err != nil {
		t.Errorf("got %v, %v", e, err)
	}
	done, rest, err := rtnetlink.Parse(rest)
	if err != nil || len(rest) != 0 || done.Header.Type != linux.NLMSG_DONE {
		t.Errorf("got %+v, %v", done, err)
	}
	if _, err := done.Errno(); !errors.Is(err, abi.ErrNoCounterpart) {
		t.Errorf("NLMSG_DONE has an errno: %v", err)
	}
}

// FuzzDecode looks for messages that break Decode, or that mean something else
// when they were written again.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: uint16(r.IntN(2))}, &routing.Message{Op: routing.Op(1 + r.IntN(6)), Entry: models.Entry(r)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(message(linux.RTM_NEWROUTE, 0, linux.Rtmsg{Family: linux.AF_INET}, attribute(9, 8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			raw, rest, err := rtnetlink.Parse(b)
			if err != nil {
				return
			}
			if len(rest) >= len(b) {
				t.Fatalf("no way forward at %x", b)
			}
			b = rest
			first, err := raw.Decode()
			if err != nil {
				continue
			}
			header := raw.Header
			header.Flags &= linux.NLM_F_REQUEST
			again, err := rtnetlink.Append(nil, header, first)
			if err != nil {
				continue
			}
			raw2, _, err := rtnetlink.Parse(again)
			if err != nil {
				t.Fatalf("%x: %v", again, err)
			}
			if second, err := raw2.Decode(); err != nil || header.Flags != 0 && second.Op != first.Op {
				t.Fatalf("%x became %x: %v, %v", b, again, second, err)
			}
		}
	})
}
