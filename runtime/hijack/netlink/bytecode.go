package netlink

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/sockets"
)

// A program chooses sockets: INET_DIAG_REQ_BYTECODE, which ss(8) makes from what
// it is asked to show. It consists of struct inet_diag_bc_op, each with what the op
// compares with behind it, and goes on at the op's yes or no, which are distances
// in bytes and only lead forward. At its end a socket is chosen, beyond that it is
// not.
type program []byte

// bytecode returns the program in the attributes of a request. The empty one
// chooses all.
func bytecode(attributes []byte) (program, error) {
	for len(attributes) >= linux.SizeofRtattr {
		n := int(binary.NativeEndian.Uint16(attributes))
		if n < linux.SizeofRtattr || n > len(attributes) {
			return nil, linux.EINVAL
		}
		if binary.NativeEndian.Uint16(attributes[2:]) == linux.INET_DIAG_REQ_BYTECODE {
			p := program(attributes[linux.SizeofRtattr:n])
			return p, p.check()
		}
		attributes = attributes[min(-(-n&^3), len(attributes)):]
	}
	return nil, nil
}

// op returns the op at the front of p.
func (p program) op() linux.InetDiagBcOp { return sized[linux.InetDiagBcOp](p) }

// size returns how many bytes the op at the front of p takes, with what belongs to
// it, and whether there is such an op.
func (p program) size() (int, bool) {
	switch op := p.op(); op.Code {
	case linux.INET_DIAG_BC_S_COND, linux.INET_DIAG_BC_D_COND:
		const at = linux.SizeofInetDiagBcOp + linux.SizeofInetDiagHostcond
		if len(p) < at {
			return 0, false
		}
		h := sized[linux.InetDiagHostcond](p[linux.SizeofInetDiagBcOp:])
		n := hostLen(h.Family)
		return at + n, int(h.PrefixLen) <= 8*n
	case linux.INET_DIAG_BC_S_GE, linux.INET_DIAG_BC_S_LE, linux.INET_DIAG_BC_D_GE, linux.INET_DIAG_BC_D_LE,
		linux.INET_DIAG_BC_S_EQ, linux.INET_DIAG_BC_D_EQ:
		return 2 * linux.SizeofInetDiagBcOp, true
	case linux.INET_DIAG_BC_DEV_COND:
		return linux.SizeofInetDiagBcOp + 4, true
	case linux.INET_DIAG_BC_NOP, linux.INET_DIAG_BC_JMP, linux.INET_DIAG_BC_AUTO:
		return linux.SizeofInetDiagBcOp, true
	}
	return 0, false // marks and control groups, which these sockets do not have
}

func hostLen(family uint8) int {
	switch family {
	case linux.AF_INET:
		return 4
	case linux.AF_INET6:
		return 16
	}
	return 0
}

// check returns EINVAL when p is no program.
func (p program) check() error {
	for len(p) > 0 {
		if len(p) < linux.SizeofInetDiagBcOp {
			return linux.EINVAL
		}
		op := p.op()
		n, ok := p.size()
		yes, no := int(op.Yes), int(op.No)
		if !ok || n > len(p) || yes < n || yes > len(p) || yes%4 != 0 {
			return linux.EINVAL
		}
		if op.Code != linux.INET_DIAG_BC_NOP && (no < n || no > len(p)+4 || no%4 != 0) {
			return linux.EINVAL
		}
		p = p[yes:]
	}
	return nil
}

// run tells whether p chooses s.
func (p program) run(s *sockets.Socket) bool {
	for len(p) > 0 {
		if n, ok := p.size(); !ok || n > len(p) {
			return false // a jump into the middle of an op
		}
		op := p.op()
		next := int(op.Yes)
		if !p.holds(op.Code, s) {
			next = int(op.No)
		}
		if next > len(p) || next < linux.SizeofInetDiagBcOp {
			return false
		}
		p = p[next:]
	}
	return true
}

// holds tells whether what the op at the front of p asks is so. That of a jump never
// is.
func (p program) holds(code uint8, s *sockets.Socket) bool {
	local, peer := int(s.Local.Port()), int(s.Peer.Port())
	arg := p[linux.SizeofInetDiagBcOp:]
	port := func() int { return int(binary.NativeEndian.Uint16(arg[2:])) } // the no of an op that is none
	switch code {
	case linux.INET_DIAG_BC_NOP:
		return true
	case linux.INET_DIAG_BC_S_EQ:
		return local == port()
	case linux.INET_DIAG_BC_S_GE:
		return local >= port()
	case linux.INET_DIAG_BC_S_LE:
		return local <= port()
	case linux.INET_DIAG_BC_D_EQ:
		return peer == port()
	case linux.INET_DIAG_BC_D_GE:
		return peer >= port()
	case linux.INET_DIAG_BC_D_LE:
		return peer <= port()
	case linux.INET_DIAG_BC_AUTO:
		return false // the kernel does not tell which ports it has chosen itself
	case linux.INET_DIAG_BC_S_COND:
		return host(arg, s.Local)
	case linux.INET_DIAG_BC_D_COND:
		return host(arg, s.Peer)
	case linux.INET_DIAG_BC_DEV_COND:
		return binary.NativeEndian.Uint32(arg) == routing.ZoneIndex(s.Local.Addr())
	}
	return false
}

// host tells whether a is what a struct inet_diag_hostcond describes.
func host(cond []byte, a netip.AddrPort) bool {
	h := sized[linux.InetDiagHostcond](cond)
	if h.Port != -1 && h.Port != int32(a.Port()) {
		return false
	}
	n := hostLen(h.Family)
	if n == 0 || h.PrefixLen == 0 {
		return h.Family == linux.AF_UNSPEC || h.Family == linux.AF_INET && a.Addr().Unmap().Is4() || h.Family == linux.AF_INET6 && a.Addr().Is6()
	}
	want, _ := netip.AddrFromSlice(cond[linux.SizeofInetDiagHostcond:][:n])
	have := a.Addr().WithZone("")
	if want.Is4() {
		have = have.Unmap()
	}
	return netip.PrefixFrom(want, int(h.PrefixLen)).Contains(have)
}
