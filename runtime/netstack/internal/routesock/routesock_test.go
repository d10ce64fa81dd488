package routesock

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A machine is as much of a kernel as routing sockets need.
type machine struct {
	*Sockets
	layer *socket.Layer
	lwp   *kern.Lwp
}

func boot(t testing.TB, form *rtsock.Version) *machine {
	s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol}})
	t.Cleanup(s.Destroy)
	ifs := netif.New(s)
	m := &machine{Sockets: New(rtable.New(ifs), ifs, form)}
	ifs.Notify = m.routes.Event
	if err := ifs.Boot(); err != nil {
		t.Fatal(err)
	}
	m.layer = socket.New(m.Domain(), m.OldDomain())
	m.lwp = kern.NewLwp(kerntest.Process(t, new(kern.Procs)), nil)
	m.lwp.Ctx = context.Background()
	return m
}

func (m *machine) open(t testing.TB, family, protocol int32) *conn {
	t.Helper()
	so, err := m.layer.Create(m.lwp, family, netbsd.SOCK_RAW, protocol)
	if err != nil {
		t.Fatal(err)
	}
	return so.Proto.(*conn)
}

// received takes the messages that wait on c.
func (c *conn) received() (list []string) {
	c.so.Mu.Lock()
	defer c.so.Mu.Unlock()
	for _, r := range c.so.Rcv.Records {
		list = append(list, string(r.Data))
	}
	c.so.Rcv.Records, c.so.Rcv.Count = nil, 0
	return list
}

// newRequest makes a request.
func newRequest(typ uint8, flags int32, addrs map[int][]byte) []byte {
	m := &rtsock.Message{Type: typ, Header: &netbsd.RtMsghdr{Flags: flags, Seq: 7}}
	for i, sa := range addrs {
		m.Addrs[i] = sa
	}
	b, err := m.Append(rtsock.NetBSD10, nil)
	if err != nil {
		panic(err)
	}
	return b
}

func sa(s string) []byte { return rtable.Sockaddr(netip.MustParseAddr(s), 0) }

func TestRequestAndAnswer(t *testing.T) {
	m := boot(t, rtsock.NetBSD10)
	c := m.open(t, netbsd.AF_ROUTE, 0)
	add := newRequest(netbsd.RTM_ADD, netbsd.RTF_UP|netbsd.RTF_GATEWAY|netbsd.RTF_STATIC, map[int][]byte{
		netbsd.RTAX_DST: sa("10.1.0.0"), netbsd.RTAX_GATEWAY: sa("127.0.0.1"), netbsd.RTAX_NETMASK: sa("255.255.0.0"),
	})
	if err := c.request(m.lwp, add); err != nil {
		t.Fatal(err)
	}
	get := newRequest(netbsd.RTM_GET, netbsd.RTF_UP, map[int][]byte{netbsd.RTAX_DST: sa("10.1.2.3"), netbsd.RTAX_IFA: {}})
	if err := c.request(m.lwp, get); err != nil {
		t.Fatal(err)
	}
	list := c.received()
	if len(list) != 2 {
		t.Fatalf("%d messages, want 2", len(list))
	}
	a, rest, err := rtsock.Parse(rtsock.NetBSD10, []byte(list[1]))
	if err != nil || len(rest) != 0 {
		t.Fatalf("answer: %v, %d bytes more", err, len(rest))
	}
	h := a.Header.(*netbsd.RtMsghdr)
	if h.Seq != 7 || h.PID != m.lwp.Proc.PID || h.Flags != netbsd.RTF_UP|netbsd.RTF_GATEWAY|netbsd.RTF_STATIC|netbsd.RTF_DONE || h.Index != 1 {
		t.Errorf("header is %+v", h)
	}
	if gw, _ := rtable.Address(a.Addrs[netbsd.RTAX_GATEWAY]); gw != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("gateway is %v", gw)
	}
	if got := a.Addrs[netbsd.RTAX_NETMASK]; string(got) != "\x06\xff\xff\xff\xff\xff" {
		t.Errorf("netmask is %x", got)
	}
}

// Some events come while a request is under way; its answer is first all the
// same. Sockets that are full lose messages, and nothing else happens.
func TestOrderAndOverflow(t *testing.T) {
	m := boot(t, rtsock.NetBSD10)
	c := m.open(t, netbsd.AF_ROUTE, netbsd.AF_INET)
	six := m.open(t, netbsd.AF_ROUTE, netbsd.AF_INET6)
	b := newRequest(netbsd.RTM_ADD, netbsd.RTF_UP|netbsd.RTF_GATEWAY, map[int][]byte{
		netbsd.RTAX_DST: sa("10.1.0.0"), netbsd.RTAX_GATEWAY: sa("10.9.9.9"), netbsd.RTAX_NETMASK: sa("255.255.0.0"), netbsd.RTAX_IFA: sa("127.0.0.1"),
	})
	if err := c.request(m.lwp, b); err != nil {
		t.Fatal(err)
	}
	list := c.received()
	if len(list) != 2 || list[0][3] != netbsd.RTM_ADD || list[1][3] != netbsd.RTM_MISS {
		t.Errorf("%d messages, want RTM_ADD and RTM_MISS: %x", len(list), list)
	}
	if list := six.received(); len(list) != 0 {
		t.Errorf("the other family hears %x", list)
	}
	for range 1000 {
		m.routes.Resolve(netip.MustParseAddr("10.200.0.1"), 0)
	}
	if n := len(c.received()); n == 0 || n == 1000 {
		t.Errorf("%d messages of 1000 fitted", n)
	}
	six.Close(m.lwp)
	c.Close(m.lwp)
	if len(m.list) != 0 {
		t.Error("closed sockets are still there")
	}
}

func TestOldSockets(t *testing.T) {
	m := boot(t, rtsock.NetBSD10)
	c, old := m.open(t, netbsd.AF_ROUTE, 0), m.open(t, netbsd.AF_OROUTE, 0)
	b := newRequest(netbsd.RTM_GET, 0, map[int][]byte{netbsd.RTAX_DST: sa("127.0.0.1")})
	if err := old.request(m.lwp, b); !errors.Is(err, netbsd.EPROTONOSUPPORT) {
		t.Errorf("request: %v", err)
	}
	if got := c.received(); len(got) != 0 {
		t.Errorf("others hear %x", got)
	}
	if err := c.request(m.lwp, b); err != nil {
		t.Fatal(err)
	}
	if got := old.received(); len(got) != 0 {
		t.Errorf("old socket hears %x", got)
	}
}

// FuzzRequest writes anything, as the superuser, to find what panics.
func FuzzRequest(f *testing.F) {
	for typ := uint8(0); typ <= netbsd.RTM_CHGADDR; typ++ {
		f.Add(newRequest(typ, netbsd.RTF_UP, map[int][]byte{0: sa("10.0.0.0"), 1: sa("127.0.0.1"), 2: sa("255.0.0.0")}))
		f.Add(newRequest(typ, netbsd.RTF_LLDATA, map[int][]byte{0: sa("::2"), 1: {20, netbsd.AF_LINK, 1, 0, 24, 0, 6, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := boot(t, rtsock.NetBSD7)
		c := m.open(t, netbsd.AF_ROUTE, 0)
		for _, typ := range []uint8{netbsd.RTM_ADD, netbsd.RTM_GET, netbsd.RTM_CHANGE, netbsd.RTM_DELETE} {
			again := append([]byte(nil), b...)
			if len(again) >= netbsd.SizeofRtMsghdr {
				var h netbsd.RtMsghdr
				copy(abi.AsBytes(&h), again)
				h.Msglen, h.Version, h.Type = uint16(len(again)), netbsd.RTM_VERSION, typ
				copy(again, abi.AsBytes(&h))
			}
			_ = c.request(m.lwp, again) // any errno will do
		}
		_ = c.request(m.lwp, b)
		for _, op := range []int32{netbsd.NET_RT_DUMP, netbsd.NET_RT_FLAGS, m.form.IfList} {
			for _, family := range []uint8{0, netbsd.AF_INET, netbsd.AF_INET6} {
				list, _ := m.dump(family, op, 0)
				for _, msg := range list {
					if _, err := msg.Append(m.form, nil); err != nil {
						t.Errorf("a message of dump %d cannot be written: %v", op, err)
					}
				}
			}
		}
	})
}
