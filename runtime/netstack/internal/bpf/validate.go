package bpf

import "github.com/abigen/abigen/netbsd"

// validate tells whether a program ends, stays within itself and within the
// memory it has, and reads no word of that before it was written (bpf_validate).
// What only is no instruction is found when it is run.
func (f filter) validate() bool {
	if len(f) == 0 || len(f) > netbsd.BPF_MAXINSNS {
		return false
	}
	if last := f[len(f)-1].Code; last != netbsd.BPF_RET|netbsd.BPF_K && last != netbsd.BPF_RET|netbsd.BPF_A {
		return false
	}
	v := validation{program: f, unset: make([]uint32, len(f)), now: ^uint32(0)}
	for pc := range f {
		v.now |= v.unset[pc]
		if !v.check(pc) {
			return false
		}
	}
	return true
}

// A validation knows which words of memory may not have been written when an
// instruction is reached, a bit for each.
type validation struct {
	program filter
	unset   []uint32 // by jumps to the instruction
	now     uint32
}

func (v *validation) check(pc int) bool {
	in := &v.program[pc]
	switch in.Code & classBits {
	case netbsd.BPF_LD, netbsd.BPF_LDX:
		switch in.Code & modeBits {
		case netbsd.BPF_MEM:
			return in.K < netbsd.BPF_MEMWORDS && v.now&(1<<in.K) == 0
		case netbsd.BPF_IMM, netbsd.BPF_ABS, netbsd.BPF_IND, netbsd.BPF_LEN, netbsd.BPF_MSH:
			return true
		}
		return false
	case netbsd.BPF_ST, netbsd.BPF_STX:
		if in.K >= netbsd.BPF_MEMWORDS {
			return false
		}
		v.now &^= 1 << in.K
		return true
	case netbsd.BPF_ALU:
		return validCompute(in)
	case netbsd.BPF_JMP:
		return v.checkJump(pc)
	case netbsd.BPF_MISC:
		// The kernel has no coprocessor for the programs of others.
		op := in.Code & (opBits | netbsd.BPF_X)
		return op != netbsd.BPF_COP && op != netbsd.BPF_COPX
	}
	return true // BPF_RET
}

func validCompute(in *netbsd.BPFInsn) bool {
	switch in.Code & opBits {
	case netbsd.BPF_DIV, netbsd.BPF_MOD:
		return in.Code&netbsd.BPF_X != 0 || in.K != 0
	case netbsd.BPF_ADD, netbsd.BPF_SUB, netbsd.BPF_MUL, netbsd.BPF_OR, netbsd.BPF_AND, netbsd.BPF_XOR,
		netbsd.BPF_LSH, netbsd.BPF_RSH, netbsd.BPF_NEG:
		return true
	}
	return false
}

func (v *validation) checkJump(pc int) bool {
	in := &v.program[pc]
	switch in.Code & opBits {
	case netbsd.BPF_JA:
		if !v.reach(uint64(pc) + 1 + uint64(in.K)) {
			return false
		}
	case netbsd.BPF_JEQ, netbsd.BPF_JGT, netbsd.BPF_JGE, netbsd.BPF_JSET:
		if !v.reach(uint64(pc)+1+uint64(in.Jt)) || !v.reach(uint64(pc)+1+uint64(in.Jf)) {
			return false
		}
	default:
		return false
	}
	v.now = 0 // nobody gets behind a jump but by jumping
	return true
}

// reach notes that an instruction is jumped to.
func (v *validation) reach(pc uint64) bool {
	if pc >= uint64(len(v.program)) {
		return false
	}
	v.unset[pc] |= v.now
	return true
}
