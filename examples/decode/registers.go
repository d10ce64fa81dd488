package main

import (
	"fmt"
	"io"

	"github.com/abigen/abigen/netbsd/portable"
)

// getRegs is PT_GETREGS of the target: the type of the note with the registers.
func getRegs(t portable.Target) uint32 {
	if t == portable.ARM64 || t == portable.SPARC64 {
		return 32
	}
	return 33
}

// registers prints where a thread was: its program counter, its stack pointer
// and, on machines that have one in a register, where it would return to.
func registers(w io.Writer, t portable.Target, thread string, b []byte) error {
	var pc, sp, ra uint64
	if t == portable.SPARC64 {
		var r portable.Reg64
		if err := r.Decode(t, b); err != nil {
			return err
		}
		pc, sp, ra = uint64(r.Pc), uint64(r.Out[6]), uint64(r.Out[7])
	} else {
		var r portable.Reg
		if err := r.Decode(t, b); err != nil {
			return err
		}
		switch t {
		case portable.AMD64:
			pc, sp = uint64(r.Regs[21]), uint64(r.Regs[24]) // _REG_RIP, _REG_RSP
		case portable.I386:
			pc, sp = uint64(uint32(r.REip)), uint64(uint32(r.REsp))
		case portable.ARM64:
			pc, sp, ra = uint64(r.RPc), r.RSp, r.RReg[30]
		case portable.ARM:
			pc, sp, ra = uint64(r.RPc), r.RSp, uint64(r.RLr)
		case portable.PowerPC:
			pc, sp, ra = uint64(r.Pc), uint64(r.Fixreg[1]), uint64(r.Lr)
		case portable.MIPS:
			pc, sp, ra = uint64(uint32(r.RRegs[37])), uint64(uint32(r.RRegs[29])), uint64(uint32(r.RRegs[31]))
		case portable.M68K:
			pc, sp = uint64(uint32(r.RPc)), uint64(uint32(r.RRegs[15]))
		}
	}
	fmt.Fprintf(w, "  thread %s: program counter %#x, stack pointer %#x", thread, pc, sp)
	if ra != 0 {
		fmt.Fprintf(w, ", return address %#x", ra)
	}
	fmt.Fprintln(w)
	return nil
}
