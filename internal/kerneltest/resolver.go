package kerneltest

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/abigen/abigen/runtime/nbsock"
)

// testResolver asks a DNS server in the same kernel for the address of another.
func testResolver(t *testing.T, s *Subject) {
	n, err := nbsock.New(s.Start(t), nbsock.Config{DNS: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	pc, err := n.ListenPacket("udp4", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	go answer(t, pc, "server.test.", [4]byte{127, 0, 0, 1})
	l, err := n.Listen("tcp4", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Dial("tcp", "server.test:80")
	if err != nil {
		t.Fatal(err)
	}
	if c.RemoteAddr().String() != "127.0.0.1:80" {
		t.Errorf("connected to %v", c.RemoteAddr())
	}
	_, _, _ = c.Close(), l.Close(), pc.Close()
}

// answer is a DNS server that knows one name.
func answer(t *testing.T, pc net.PacketConn, name string, a [4]byte) {
	b := make([]byte, 1500)
	for {
		n, from, err := pc.ReadFrom(b)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(b[:n]); err != nil || len(m.Questions) != 1 {
			t.Errorf("query: %v, %v", m.Questions, err)
			return
		}
		q := m.Questions[0]
		m.Response, m.Authoritative, m.Additionals = true, true, nil
		if q.Name.String() != name {
			m.RCode = dnsmessage.RCodeNameError
		} else if q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
				Body:   &dnsmessage.AResource{A: a},
			}}
		}
		reply, err := m.Pack()
		if err == nil {
			_, err = pc.WriteTo(reply, from)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}
