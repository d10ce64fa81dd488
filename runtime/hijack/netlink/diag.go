package netlink

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/sockets"
)

// diag does what a message to sock_diag asks for. Sockets of other families than the
// inet ones are not the kernel's, and there is nothing to tell of them: ENOENT, as
// where Linux is built without that part.
func (c *Conn) diag(r *request) error {
	if r.Header.Type != linux.SOCK_DIAG_BY_FAMILY {
		return linux.EOPNOTSUPP // closing the sockets of others, among them
	}
	if len(r.Data) < linux.SizeofInetDiagReqV2 {
		if len(r.Data) < linux.SizeofSockDiagReq || r.Data[0] == linux.AF_INET || r.Data[0] == linux.AF_INET6 {
			return linux.EINVAL
		}
		return linux.ENOENT
	}
	asked := sized[linux.InetDiagReqV2](r.Data)
	if r.dumps() && c.busy() {
		return linux.EBUSY
	}
	list, err := sockets.List(c.server.ctx, c.server.cfg, uint16(asked.SdiagFamily), asked.SdiagProtocol)
	if err != nil && r.dumps() {
		// It turns out when the list is made, and is said at its end.
		errno, _ := explain(err)
		done := r.done()
		binary.NativeEndian.PutUint32(done[linux.SizeofNlmsghdr:], -uint32(errno))
		r.answered = true
		return c.dump(done)
	}
	if err != nil {
		return err
	}
	if !r.dumps() {
		return c.lookup(r, &asked, list)
	}
	program, err := bytecode(r.Data[linux.SizeofInetDiagReqV2:])
	if err != nil {
		return err
	}
	var b rtnetlink.Builder
	for i := range list {
		s := &list[i]
		if asked.IdiagStates&(1<<s.State) != 0 && matchesPorts(&asked, s) && program.run(s) {
			describe(&b, r, &asked, s, linux.NLM_F_MULTI)
		}
	}
	r.answered = true
	return c.dump(append(b.Bytes, r.done()...))
}

// matchesPorts tells whether a socket has the ports and the interface that a request
// for all sockets names.
func matchesPorts(asked *linux.InetDiagReqV2, s *sockets.Socket) bool {
	sport, dport := binary.BigEndian.Uint16(abi.AsBytes(&asked.ID.Sport)), binary.BigEndian.Uint16(abi.AsBytes(&asked.ID.Dport))
	return (sport == 0 || sport == s.Local.Port()) && (dport == 0 || dport == s.Peer.Port())
}

// lookup answers a request for one socket: the one with both addresses, or the one
// that would hear from there.
func (c *Conn) lookup(r *request, asked *linux.InetDiagReqV2, list []sockets.Socket) error {
	var want linux.InetDiagSockid
	ports := func(id *linux.InetDiagSockid) [4]byte { return [4]byte(abi.AsBytes(id)[:4]) }
	for i := range list {
		if want = sockid(&list[i]); ports(&want) == ports(&asked.ID) && want.Src == asked.ID.Src && want.Dst == asked.ID.Dst {
			var b rtnetlink.Builder
			describe(&b, r, asked, &list[i], 0)
			c.reply(b.Bytes)
			return nil
		}
	}
	return linux.ENOENT
}

// sockid returns the addresses of s as sock_diag has them.
func sockid(s *sockets.Socket) linux.InetDiagSockid {
	id := linux.InetDiagSockid{
		Sport: abi.MakeBE16(s.Local.Port()), Dport: abi.MakeBE16(s.Peer.Port()),
		Cookie: [2]uint32{uint32(s.Kernel), uint32(s.Kernel >> 32)},
	}
	copy(abi.AsBytes(&id.Src), s.Local.Addr().AsSlice())
	copy(abi.AsBytes(&id.Dst), s.Peer.Addr().AsSlice())
	for _, a := range []netip.Addr{s.Local.Addr(), s.Peer.Addr()} {
		if zone := routing.ZoneIndex(a); zone != 0 {
			id.If = zone
		}
	}
	return id
}

// describe appends the message about a socket.
func describe(b *rtnetlink.Builder, r *request, asked *linux.InetDiagReqV2, s *sockets.Socket, flags uint16) {
	b.Begin(linux.Nlmsghdr{Type: linux.SOCK_DIAG_BY_FAMILY, Flags: flags, Seq: r.Header.Seq, PID: r.Header.PID})
	rtnetlink.Struct(b, &linux.InetDiagMsg{
		IdiagFamily: uint8(s.Family), IdiagState: s.State, ID: sockid(s), IdiagRqueue: s.RecvQ, IdiagWqueue: s.SendQ,
	})
	if asked.IdiagExt&(1<<(linux.INET_DIAG_MEMINFO-1)) != 0 {
		b.Attribute(linux.INET_DIAG_MEMINFO, abi.AsBytes(&linux.InetDiagMeminfo{Rmem: s.RecvQ, Wmem: s.SendQ}))
	}
	if s.Family == linux.AF_INET6 && (s.State == linux.TCP_LISTEN || s.State == linux.TCP_CLOSE) {
		only := byte(0)
		if s.V6Only {
			only = 1
		}
		b.Attribute(linux.INET_DIAG_SKV6ONLY, []byte{only})
	}
	if s.Protocol == linux.IPPROTO_RAW {
		b.Attribute(linux.INET_DIAG_PROTOCOL, []byte{s.Raw})
	}
	b.End()
}
