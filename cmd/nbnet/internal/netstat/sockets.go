package netstat

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
)

// A table is one of the kernel's lists of sockets.
type table struct {
	variable string
	family   uint8
	protocol string // as it is shown
	proto    string // what -p calls it
}

var tables = []table{
	{"net.inet.tcp.pcblist", netbsd.AF_INET, "tcp", "tcp"},
	{"net.inet.udp.pcblist", netbsd.AF_INET, "udp", "udp"},
	{"net.inet6.tcp6.pcblist", netbsd.AF_INET6, "tcp6", "tcp"},
	{"net.inet6.udp6.pcblist", netbsd.AF_INET6, "udp6", "udp"},
	{"net.local.stream.pcblist", netbsd.AF_LOCAL, "stream", ""},
	{"net.local.dgram.pcblist", netbsd.AF_LOCAL, "dgram", ""},
	{"net.local.seqpacket.pcblist", netbsd.AF_LOCAL, "seqpac", ""},
}

// A sock is a line of the list of sockets. Its JSON form is that of the command.
type sock struct {
	Protocol string `json:"protocol"`
	RecvQ    uint64 `json:"receiveQueue"` // bytes
	SendQ    uint64 `json:"sendQueue"`
	Local    string `json:"local"` // address and port, or the name of a local socket
	Foreign  string `json:"foreign,omitempty"`
	State    string `json:"state,omitempty"` // of TCP

	family   uint8
	src, dst []byte
	pcb      netbsd.KinfoPcb
}

// sockets shows the sockets that are connected, and with -a the others, too.
func (e *env) sockets(ctx context.Context) error {
	list := []sock{}
	for _, t := range tables {
		if e.family != netbsd.AF_UNSPEC && t.family != e.family || e.proto != "" && t.proto != e.proto {
			continue
		}
		pcbs, err := e.pcbs(ctx, t.variable)
		if err != nil {
			return fmt.Errorf("%s: %w", t.variable, err)
		}
		for i := range pcbs {
			if s := newSock(t, &pcbs[i]); e.set['a'] > 0 || t.family == netbsd.AF_LOCAL || s.Foreign != "" {
				list = append(list, s)
			}
		}
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	b := new(bytes.Buffer)
	family := uint8(netbsd.AF_UNSPEC)
	for i := range list {
		s := &list[i]
		if s.family != family {
			family = s.family
			e.socketHeading(b, family)
		}
		if family == netbsd.AF_LOCAL {
			writeLocal(b, s)
		} else {
			e.write(b, s)
		}
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

// pcbs returns one of the kernel's lists.
func (e *env) pcbs(ctx context.Context, variable string) ([]netbsd.KinfoPcb, error) {
	mib, err := e.Number(ctx, variable)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	b, err := e.Value(ctx, append(mib, 0, 0, netbsd.SizeofKinfoPcb, most)...)
	if err != nil {
		return nil, err
	}
	list := make([]netbsd.KinfoPcb, len(b)/netbsd.SizeofKinfoPcb)
	for i := range list {
		copy(abi.AsBytes(&list[i]), b[i*netbsd.SizeofKinfoPcb:])
	}
	return list, nil
}

func newSock(t table, k *netbsd.KinfoPcb) sock {
	s := sock{Protocol: t.protocol, RecvQ: k.Rcvq, SendQ: k.Sndq, family: t.family, pcb: *k}
	s.src, s.dst = abi.AsBytes(&s.pcb.S), abi.AsBytes(&s.pcb.D)
	if t.family == netbsd.AF_LOCAL {
		s.Local, s.Foreign = path(s.src), path(s.dst)
		return s
	}
	s.Local = endpoint(s.src)
	if a := sockaddr.Addr(s.dst); a.IsValid() && !a.IsUnspecified() {
		s.Foreign = endpoint(s.dst)
	}
	if t.proto == "tcp" {
		s.State = strconv.Itoa(int(k.Tstate))
		if k.Tstate >= 0 && k.Tstate < int32(len(tcpStates)) {
			s.State = tcpStates[k.Tstate]
		}
	}
	return s
}

// path returns the name in a sockaddr_un.
func path(sa []byte) string {
	n := int(sa[0])
	if n <= 2 || n > len(sa) || sa[1] != netbsd.AF_LOCAL {
		return ""
	}
	name := sa[2:n]
	return string(name[:abi.StringLen(name)])
}

// endpoint returns an address and a port for JSON, "" for none.
func endpoint(sa []byte) string {
	a := sockaddr.Addr(sa)
	if !a.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(a, sockaddr.Port(sa)).String()
}

// width is that of the columns of addresses.
const width = 22

func (e *env) socketHeading(b *bytes.Buffer, family uint8) {
	switch family {
	case netbsd.AF_LOCAL:
		b.WriteString("Active UNIX domain sockets\n")
		fmt.Fprintf(b, "%-8s %-6s %-6s %-6s %*s %*s %*s %*s Addr\n", "Address", "Type", "Recv-Q", "Send-Q",
			pointer, "Inode", pointer, "Conn", pointer, "Refs", pointer, "Nextref")
		return
	case netbsd.AF_INET6:
		b.WriteString("Active Internet6 connections")
	default:
		b.WriteString("Active Internet connections")
	}
	if e.set['a'] > 0 {
		b.WriteString(" (including servers)")
	}
	fmt.Fprintf(b, "\n%-5s %-6s %-6s  %-*s %-*s %s\n", "Proto", "Recv-Q", "Send-Q", width, "Local Address", width, "Foreign Address", "State")
}

func (e *env) write(b *bytes.Buffer, s *sock) {
	fmt.Fprintf(b, "%-5s %6d %6d  %s %s", s.Protocol, s.RecvQ, s.SendQ, e.cut(e.name(s.src), width), e.cut(e.name(s.dst), width))
	if s.State != "" {
		b.WriteString(" " + s.State)
	}
	b.WriteByte('\n')
}

// name returns an address and a port as they are shown: "10.1.0.1.http", "*.*".
func (e *env) name(sa []byte) string {
	host, port := "*", "*"
	if a := sockaddr.Addr(sa); a.IsValid() && !a.IsUnspecified() {
		host = sockaddr.Format(a, e.links.Name)
		const most = 16
		if e.set['v'] == 0 && len(host) > most {
			host = host[:most]
		}
	}
	if p := sockaddr.Port(sa); p != 0 {
		port = strconv.Itoa(int(p))
		if n, ok := services[p]; ok && e.set['n'] == 0 {
			port = n
		}
	}
	return host + "." + port
}

// pointer is the width of columns with addresses in the kernel's memory. That of
// the embedded kernel tells none.
const pointer = 8

// writeLocal writes a line about a local socket.
func writeLocal(b *bytes.Buffer, s *sock) {
	k := &s.pcb
	fmt.Fprintf(b, "%*x %-6.6s %6d %6d %*x %*x %*x %*x", 8, k.Sockaddr, s.Protocol, s.RecvQ, s.SendQ,
		pointer, k.Inode, pointer, k.Conn, pointer, k.Refs, pointer, k.Nextref)
	if s.Local != "" {
		b.WriteString(" " + s.Local)
	}
	if s.Foreign != "" {
		b.WriteString(" -> " + s.Foreign)
	}
	b.WriteByte('\n')
}
