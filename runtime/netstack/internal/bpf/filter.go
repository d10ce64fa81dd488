package bpf

import (
	"encoding/binary"

	"github.com/abigen/abigen/netbsd"
)

// A filter is a program that says how much of a packet is wanted. It is one that
// validate has found good. No program wants all.
type filter []netbsd.BPFInsn

const (
	classBits = 0x07
	opBits    = 0xf0
	modeBits  = 0xe0
	wantsAll  = ^uint32(0)
	shiftBits = 31 // of a shift's distance, as the processor has it
)

// A machine is what a program runs on.
type machine struct {
	packet []byte
	a, x   uint32
	mem    [netbsd.BPF_MEMWORDS]uint32
}

// run returns how many bytes of the packet are wanted. What is no instruction, or
// looks behind the packet's end, wants none.
func (f filter) run(packet []byte) uint32 {
	if len(f) == 0 {
		return wantsAll
	}
	m := machine{packet: packet}
	for pc := 0; ; pc++ {
		in := &f[pc]
		ok := true
		switch in.Code & classBits {
		case netbsd.BPF_LD:
			m.a, ok = m.load(in)
		case netbsd.BPF_LDX:
			m.x, ok = m.loadIndex(in)
		case netbsd.BPF_ST:
			m.mem[in.K], ok = m.a, in.Code == netbsd.BPF_ST
		case netbsd.BPF_STX:
			m.mem[in.K], ok = m.x, in.Code == netbsd.BPF_STX
		case netbsd.BPF_ALU:
			m.a, ok = m.compute(in)
		case netbsd.BPF_JMP:
			var skip uint32
			skip, ok = m.jump(in)
			pc += int(skip)
		case netbsd.BPF_RET:
			return m.result(in)
		case netbsd.BPF_MISC:
			ok = m.transfer(in)
		}
		if !ok {
			return 0
		}
	}
}

// load does the instructions that set A.
func (m *machine) load(in *netbsd.BPFInsn) (uint32, bool) {
	at := uint64(in.K)
	switch in.Code {
	case netbsd.BPF_LD | netbsd.BPF_IMM:
		return in.K, true
	case netbsd.BPF_LD | netbsd.BPF_MEM:
		return m.mem[in.K], true
	case netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_LEN:
		return uint32(len(m.packet)), true
	case netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_ABS, netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_ABS, netbsd.BPF_LD | netbsd.BPF_B | netbsd.BPF_ABS:
	case netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_IND, netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_IND, netbsd.BPF_LD | netbsd.BPF_B | netbsd.BPF_IND:
		at += uint64(m.x)
	default:
		return 0, false
	}
	switch in.Code &^ (classBits | modeBits) {
	case netbsd.BPF_W:
		if at+4 > uint64(len(m.packet)) {
			return 0, false
		}
		return binary.BigEndian.Uint32(m.packet[at:]), true
	case netbsd.BPF_H:
		if at+2 > uint64(len(m.packet)) {
			return 0, false
		}
		return uint32(binary.BigEndian.Uint16(m.packet[at:])), true
	}
	if at >= uint64(len(m.packet)) {
		return 0, false
	}
	return uint32(m.packet[at]), true
}

// loadIndex does the instructions that set X.
func (m *machine) loadIndex(in *netbsd.BPFInsn) (uint32, bool) {
	switch in.Code {
	case netbsd.BPF_LDX | netbsd.BPF_IMM:
		return in.K, true
	case netbsd.BPF_LDX | netbsd.BPF_MEM:
		return m.mem[in.K], true
	case netbsd.BPF_LDX | netbsd.BPF_W | netbsd.BPF_LEN:
		return uint32(len(m.packet)), true
	case netbsd.BPF_LDX | netbsd.BPF_MSH | netbsd.BPF_B:
		if uint64(in.K) < uint64(len(m.packet)) {
			return uint32(m.packet[in.K]&0xf) * 4, true
		}
	}
	return 0, false
}

// compute does arithmetic with A.
func (m *machine) compute(in *netbsd.BPFInsn) (uint32, bool) {
	if in.Code == netbsd.BPF_ALU|netbsd.BPF_NEG {
		return -m.a, true
	}
	v := m.operand(in)
	switch in.Code &^ netbsd.BPF_X {
	case netbsd.BPF_ALU | netbsd.BPF_ADD:
		return m.a + v, true
	case netbsd.BPF_ALU | netbsd.BPF_SUB:
		return m.a - v, true
	case netbsd.BPF_ALU | netbsd.BPF_MUL:
		return m.a * v, true
	case netbsd.BPF_ALU | netbsd.BPF_DIV:
		if v != 0 {
			return m.a / v, true
		}
	case netbsd.BPF_ALU | netbsd.BPF_MOD:
		if v != 0 {
			return m.a % v, true
		}
	case netbsd.BPF_ALU | netbsd.BPF_AND:
		return m.a & v, true
	case netbsd.BPF_ALU | netbsd.BPF_OR:
		return m.a | v, true
	case netbsd.BPF_ALU | netbsd.BPF_XOR:
		return m.a ^ v, true
	case netbsd.BPF_ALU | netbsd.BPF_LSH:
		return m.a << (v & shiftBits), true
	case netbsd.BPF_ALU | netbsd.BPF_RSH:
		return m.a >> (v & shiftBits), true
	}
	return 0, false
}

// jump returns how many instructions to skip.
func (m *machine) jump(in *netbsd.BPFInsn) (skip uint32, ok bool) {
	if in.Code == netbsd.BPF_JMP|netbsd.BPF_JA {
		return in.K, true
	}
	v, yes := m.operand(in), false
	switch in.Code &^ netbsd.BPF_X {
	case netbsd.BPF_JMP | netbsd.BPF_JEQ:
		yes = m.a == v
	case netbsd.BPF_JMP | netbsd.BPF_JGT:
		yes = m.a > v
	case netbsd.BPF_JMP | netbsd.BPF_JGE:
		yes = m.a >= v
	case netbsd.BPF_JMP | netbsd.BPF_JSET:
		yes = m.a&v != 0
	default:
		return 0, false
	}
	if yes {
		return uint32(in.Jt), true
	}
	return uint32(in.Jf), true
}

func (m *machine) operand(in *netbsd.BPFInsn) uint32 {
	if in.Code&netbsd.BPF_X != 0 {
		return m.x
	}
	return in.K
}

func (m *machine) result(in *netbsd.BPFInsn) uint32 {
	switch in.Code {
	case netbsd.BPF_RET | netbsd.BPF_K:
		return in.K
	case netbsd.BPF_RET | netbsd.BPF_A:
		return m.a
	}
	return 0
}

func (m *machine) transfer(in *netbsd.BPFInsn) bool {
	switch in.Code {
	case netbsd.BPF_MISC | netbsd.BPF_TAX:
		m.x = m.a
	case netbsd.BPF_MISC | netbsd.BPF_TXA:
		m.a = m.x
	default:
		return false
	}
	return true
}
