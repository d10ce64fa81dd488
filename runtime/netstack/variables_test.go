package netstack

import (
	"bytes"
	"errors"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// TestVariablesOfTheStack sets variables and looks at what they are in gVisor.
func TestVariablesOfTheStack(t *testing.T) {
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.CreateInterface(t.Context(), "shmif0"); err != nil {
		t.Fatal(err)
	}
	check := func(when string, forward4, forward6 bool, hops uint8, sack bool, algorithm string) {
		t.Helper()
		const shmif0 = 2
		if on, err := k.stack.NICForwarding(shmif0, ipv4.ProtocolNumber); on != forward4 || err != nil {
			t.Errorf("%s: forwarding of IPv4 is %v, %v", when, on, err)
		}
		if on, err := k.stack.NICForwarding(shmif0, ipv6.ProtocolNumber); on != forward6 || err != nil {
			t.Errorf("%s: forwarding of IPv6 is %v, %v", when, on, err)
		}
		var gotHops tcpip.DefaultTTLOption
		if err := k.stack.NetworkProtocolOption(ipv6.ProtocolNumber, &gotHops); uint8(gotHops) != hops || err != nil {
			t.Errorf("%s: hop limit is %d, %v", when, gotHops, err)
		}
		var gotSACK tcpip.TCPSACKEnabled
		if err := k.stack.TransportProtocolOption(tcp.ProtocolNumber, &gotSACK); bool(gotSACK) != sack || err != nil {
			t.Errorf("%s: selective acknowledgment is %v, %v", when, gotSACK, err)
		}
		var cc tcpip.CongestionControlOption
		if err := k.stack.TransportProtocolOption(tcp.ProtocolNumber, &cc); string(cc) != algorithm || err != nil {
			t.Errorf("%s: congestion control is %s, %v", when, cc, err)
		}
	}
	check("after boot", true, false, 64, true, "reno")
	for name, v := range map[string]int32{
		"net.inet.ip.forwarding":   0,
		"net.inet6.ip6.forwarding": 1,
		"net.inet6.ip6.hlim":       17,
		"net.inet.tcp.sack.enable": 0,
	} {
		if err := c.SetInt(t.Context(), name, v); err != nil {
			t.Error(err)
		}
	}
	if err := c.SetString(t.Context(), "net.inet6.tcp6.congctl.selected", "cubic"); err != nil {
		t.Error(err)
	}
	check("after changes", false, true, 17, false, "cubic")
}

// TestPcblist looks for a listening socket in the list that netstat reads.
func TestPcblist(t *testing.T) {
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	variables, err := c.Variables(t.Context(), "net.inet.tcp")
	if err != nil {
		t.Fatal(err)
	}
	name := []int32{netbsd.CTL_NET, netbsd.PF_INET, netbsd.IPPROTO_TCP, 0, netbsd.PCB_ALL, 0, netbsd.SizeofKinfoPcb, 100}
	for _, v := range variables {
		if v.Name == "pcblist" {
			name[3] = v.Number
		}
	}

	const nameAt, lenAt, addrAt, oldAt = 0x1000, 0x1100, 0x1200, 0x2000
	mem := &abi.Bytes{Base: 0x1000, Data: make([]byte, 0x3000)}
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	th, err := p.NewThread(mem)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	fd, err := syscalls.Socket(ctx, th, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	addr := []byte{16, netbsd.AF_INET, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	copy(mem.Data[addrAt-0x1000:], addr)
	if err := errors.Join(syscalls.Bind(ctx, th, fd, addrAt, 16), syscalls.Listen(ctx, th, fd, 1)); err != nil {
		t.Fatal(err)
	}

	for i, n := range name {
		copy(mem.Data[4*i:], abi.AsBytes(&n))
	}
	room := uint(netbsd.SizeofKinfoPcb)
	copy(mem.Data[lenAt-0x1000:], abi.AsBytes(&room))
	if err := syscalls.Sysctl(ctx, th, nameAt, uint32(len(name)), oldAt, lenAt, 0, 0); err != nil {
		t.Fatal(err)
	}
	var pcb netbsd.KinfoPcb
	copy(abi.AsBytes(&pcb), mem.Data[oldAt-0x1000:])
	if pcb.Family != netbsd.AF_INET || pcb.Type != netbsd.SOCK_STREAM || pcb.Tstate != netbsd.TCPS_LISTEN || !bytes.Equal(abi.AsBytes(&pcb.S)[:16], addr) {
		t.Errorf("the socket is %+v", pcb)
	}
}
