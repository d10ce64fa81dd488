package bpf

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// opcodes are the instructions that both machines understand the same way. How far
// it is shifted by X is not the same, when that is more than 31.
var opcodes = []uint16{
	netbsd.BPF_LD | netbsd.BPF_IMM, netbsd.BPF_LD | netbsd.BPF_MEM, netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_LEN,
	netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_ABS, netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_ABS, netbsd.BPF_LD | netbsd.BPF_B | netbsd.BPF_ABS,
	netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_IND, netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_IND, netbsd.BPF_LD | netbsd.BPF_B | netbsd.BPF_IND,
	netbsd.BPF_LDX | netbsd.BPF_IMM, netbsd.BPF_LDX | netbsd.BPF_MEM, netbsd.BPF_LDX | netbsd.BPF_MSH | netbsd.BPF_B,
	netbsd.BPF_ST, netbsd.BPF_STX, netbsd.BPF_MISC | netbsd.BPF_TAX, netbsd.BPF_MISC | netbsd.BPF_TXA,
	netbsd.BPF_ALU | netbsd.BPF_ADD, netbsd.BPF_ALU | netbsd.BPF_ADD | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_SUB, netbsd.BPF_ALU | netbsd.BPF_SUB | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_MUL, netbsd.BPF_ALU | netbsd.BPF_MUL | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_DIV, netbsd.BPF_ALU | netbsd.BPF_DIV | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_MOD, netbsd.BPF_ALU | netbsd.BPF_MOD | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_AND, netbsd.BPF_ALU | netbsd.BPF_AND | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_OR, netbsd.BPF_ALU | netbsd.BPF_OR | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_XOR, netbsd.BPF_ALU | netbsd.BPF_XOR | netbsd.BPF_X,
	netbsd.BPF_ALU | netbsd.BPF_LSH, netbsd.BPF_ALU | netbsd.BPF_RSH,
	netbsd.BPF_JMP | netbsd.BPF_JA,
	netbsd.BPF_JMP | netbsd.BPF_JEQ, netbsd.BPF_JMP | netbsd.BPF_JEQ | netbsd.BPF_X,
	netbsd.BPF_JMP | netbsd.BPF_JGT, netbsd.BPF_JMP | netbsd.BPF_JGT | netbsd.BPF_X,
	netbsd.BPF_JMP | netbsd.BPF_JGE, netbsd.BPF_JMP | netbsd.BPF_JGE | netbsd.BPF_X,
	netbsd.BPF_JMP | netbsd.BPF_JSET, netbsd.BPF_JMP | netbsd.BPF_JSET | netbsd.BPF_X,
	netbsd.BPF_RET | netbsd.BPF_A,
}

// TestFiltersLikeAnother compares with another machine what programs make of
// packets.
func TestFiltersLikeAnother(t *testing.T) {
	if strconv.IntSize < 64 {
		t.Skip("the other panics where an int has 32 bits")
	}
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for range 50000 {
		f := make(filter, 2+r.IntN(20))
		for i := range f {
			f[i] = netbsd.BPFInsn{
				Code: opcodes[r.IntN(len(opcodes))], Jt: uint8(r.IntN(4)), Jf: uint8(r.IntN(4)), K: uint32(r.IntN(30)),
			}
		}
		f[len(f)-1] = netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_A}
		if !f.validate() {
			continue
		}
		raw := make([]bpf.RawInstruction, len(f))
		for i, in := range f {
			raw[i] = bpf.RawInstruction{Op: in.Code, Jt: in.Jt, Jf: in.Jf, K: in.K}
		}
		list, ok := bpf.Disassemble(raw)
		if !ok {
			t.Fatalf("%v are no instructions", f)
		}
		vm, err := bpf.NewVM(list)
		if err != nil {
			continue // it is stricter
		}
		packet := make([]byte, r.IntN(40))
		for i := range packet {
			packet[i] = byte(r.Uint32())
		}
		want, err := vm.Run(packet)
		if err != nil {
			t.Fatal(err)
		}
		compared++
		if got := f.run(packet); int(got) != want {
			t.Fatalf("%v makes %d of %x, not %d", f, got, packet, want)
		}
	}
	if compared < 1000 {
		t.Errorf("no more than %d programs were compared", compared)
	}
}

// FuzzFilter runs whatever is valid.
func FuzzFilter(f *testing.F) {
	f.Add([]byte{0x28, 0, 0, 0, 12, 0, 0, 0, 0x15, 0, 0, 1, 0, 8, 0, 0, 6, 0, 0, 0, 255, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}, []byte("a packet that is long enough"))
	f.Fuzz(func(t *testing.T, code, packet []byte) {
		p := make(filter, len(code)/netbsd.SizeofBPFInsn)
		copy(kern.SliceBytes(p), code)
		if p.validate() {
			p.run(packet)
		}
	})
}

// TestPacketAllocates: packets are stored where there is room already.
func TestPacketAllocates(t *testing.T) {
	b := buffers{size: 4096}
	b.allocate()
	f := filter{
		{Code: netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_ABS, K: 12},
		{Code: netbsd.BPF_JMP | netbsd.BPF_JEQ, Jf: 1, K: 0x800},
		{Code: netbsd.BPF_RET | netbsd.BPF_K, K: 1000},
		{Code: netbsd.BPF_RET | netbsd.BPF_K},
	}
	packet, now := make([]byte, 1514), time.Now()
	binary.BigEndian.PutUint16(packet[12:], 0x800)
	if n := testing.AllocsPerRun(100, func() {
		if want := f.run(packet); want != 1000 {
			t.Fatal("the filter takes", want)
		}
		if full, lost := b.add(packet, 1000, etherHeader, now); full || lost {
			b.reset()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
