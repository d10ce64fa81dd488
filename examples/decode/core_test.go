package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

var update = flag.Bool("update", false, "write the samples that the tests make up")

// A coreBuilder makes a core file that holds nothing but notes, as the kernel of
// a target would lay it out. No real one is at hand: the places of things are those
// of sys/exec_elf.h and the ELF specification, the values are ours.
type coreBuilder struct {
	t     portable.Target
	notes []byte
}

func (c *coreBuilder) note(name string, typ uint32, desc []byte) {
	order := byteOrder(c.t).(binary.AppendByteOrder)
	padded := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	c.notes = order.AppendUint32(c.notes, uint32(len(name)+1))
	c.notes = order.AppendUint32(c.notes, uint32(len(desc)))
	c.notes = order.AppendUint32(c.notes, typ)
	c.notes = append(c.notes, padded([]byte(name+"\x00"))...)
	c.notes = append(c.notes, padded(bytes.Clone(desc))...)
}

// file puts an ELF header and one program header in front of the notes.
func (c *coreBuilder) file() []byte {
	order := byteOrder(c.t).(binary.AppendByteOrder)
	wide := c.t.PointerSize() == 8
	class, data, headers, segment := byte(1), byte(1), 52, 32
	if wide {
		class, headers, segment = 2, 64, 56
	}
	if c.t.BigEndian() {
		data = 2
	}
	var machine uint16
	for m, t := range machines {
		if t == c.t {
			machine = m
		}
	}
	b := make([]byte, 16)
	copy(b, []byte{0x7f, 'E', 'L', 'F', class, data, 1})
	half := func(v int) { b = order.AppendUint16(b, uint16(v)) }
	word := func(v int) { b = order.AppendUint32(b, uint32(v)) }
	addr := func(v int) {
		if wide {
			b = order.AppendUint64(b, uint64(v))
		} else {
			b = order.AppendUint32(b, uint32(v))
		}
	}
	half(netbsd.ET_CORE)
	half(int(machine))
	word(1)       // version
	addr(0)       // entry
	addr(headers) // program headers
	addr(0)       // section headers
	word(0)       // flags
	half(headers)
	half(segment)
	half(1)
	half(0)
	half(0)
	half(0)
	word(netbsd.PT_NOTE)
	if wide {
		word(4)
	}
	addr(headers + segment) // offset
	addr(0)
	addr(0)
	addr(len(c.notes))
	addr(0)
	if !wide {
		word(4)
	}
	addr(4) // alignment
	return append(b, c.notes...)
}

// encoder is what every portable struct has.
type encoder interface {
	Encode(t portable.Target, b []byte) error
}

func encode(tb testing.TB, t portable.Target, size int, s encoder) []byte {
	tb.Helper()
	b := make([]byte, size)
	if err := s.Encode(t, b); err != nil {
		tb.Fatal(err)
	}
	return b
}

// sampleCore is a process of two threads that died of a bus error.
func sampleCore(tb testing.TB, t portable.Target) []byte {
	p := portable.NetbsdElfcoreProcinfo{
		Version: 1, Cpisize: uint32(portable.SizeofNetbsdElfcoreProcinfo(t)), Signo: uint32(netbsd.SIGBUS),
		Sigmask: [4]uint32{1 << (netbsd.SIGINT - 1)}, Sigcatch: [4]uint32{1<<(netbsd.SIGHUP-1) | 1<<(netbsd.SIGALRM-1), 1 << 2},
		PID: 513, PPID: 1, Pgrp: 513, SID: 300, Ruid: 1000, EUID: 0, Svuid: 1000, Rgid: 100, EGID: 100, Svgid: 100, Nlwps: 2, Siglwp: 2,
	}
	for i, c := range []byte("gauged") {
		p.Name[i] = int8(c)
	}
	c := &coreBuilder{t: t}
	const name = netbsd.ELF_NOTE_NETBSD_CORE_NAME
	c.note(name, netbsd.ELF_NOTE_NETBSD_CORE_PROCINFO, encode(tb, t, portable.SizeofNetbsdElfcoreProcinfo(t), &p))
	var aux []byte
	for _, a := range [][2]uint32{{netbsd.AT_PAGESZ, 8192}, {netbsd.AT_ENTRY, 0x101000}, {netbsd.AT_NULL, 0}} {
		if t.PointerSize() == 8 {
			aux = append(aux, encode(tb, t, portable.SizeofAux64Info(t), &portable.Aux64Info{Type: a[0], V: uint64(a[1])})...)
		} else {
			aux = append(aux, encode(tb, t, portable.SizeofAux32Info(t), &portable.Aux32Info{Type: a[0], V: a[1]})...)
		}
	}
	c.note(name, netbsd.ELF_NOTE_NETBSD_CORE_AUXV, aux)
	for _, thread := range []int{2, 1} {
		of := fmt.Sprintf("%s@%d", name, thread)
		c.note(of, getRegs(t), sampleRegisters(tb, t))
		s := portable.PtraceLwpstatus{Lwpid: int32(thread), Private: 0x200000}
		copy(s.Name[:], "worker")
		c.note(of, netbsd.PT_LWPSTATUS, encode(tb, t, portable.SizeofPtraceLwpstatus(t), &s))
		c.note(of, getRegs(t)+2, make([]byte, 40)) // floating point
	}
	return c.file()
}

// sampleRegisters has the program counter at 0x10203, the stack pointer at 0x7f000
// and, where there is one, the return address at 0x10300.
func sampleRegisters(tb testing.TB, t portable.Target) []byte {
	if t == portable.SPARC64 {
		r := portable.Reg64{Pc: 0x10203}
		r.Out[6], r.Out[7] = 0x7f000, 0x10300
		return encode(tb, t, portable.SizeofReg64(t), &r)
	}
	var r portable.Reg
	switch t {
	case portable.AMD64:
		r.Regs[21], r.Regs[24] = 0x10203, 0x7f000
	case portable.I386:
		r.REip, r.REsp = 0x10203, 0x7f000
	case portable.ARM64:
		r.RPc, r.RSp, r.RReg[30] = 0x10203, 0x7f000, 0x10300
	case portable.ARM:
		r.RPc, r.RSp, r.RLr = 0x10203, 0x7f000, 0x10300
	case portable.PowerPC:
		r.Pc, r.Fixreg[1], r.Lr = 0x10203, 0x7f000, 0x10300
	case portable.MIPS:
		r.RRegs[37], r.RRegs[29], r.RRegs[31] = 0x10203, 0x7f000, 0x10300
	case portable.M68K:
		r.RPc, r.RRegs[15] = 0x10203, 0x7f000
	}
	return encode(tb, t, portable.SizeofReg(t), &r)
}

// A core file of every machine says the same, whatever this machine is.
func TestCore(t *testing.T) {
	for target := portable.AMD64; target <= portable.M68K; target++ {
		t.Run(target.String(), func(t *testing.T) {
			var out strings.Builder
			if err := core(&out, sampleCore(t, target)); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{
				"core file of " + target.String() + "\n",
				"process 513 (gauged): killed by SIGBUS in thread 2 of 2\n",
				"parent 1, group 513, session 300\n",
				"user 1000 (effective 0, saved 1000), group 100 (effective 100, saved 100)\n",
				"blocked: SIGINT\n", "caught: SIGHUP SIGALRM signal 35\n",
				"AT_PAGESZ    0x2000\n", "AT_ENTRY     0x101000\n",
				"thread 2: program counter 0x10203, stack pointer 0x7f000",
				`thread 1 "worker", private data at 0x200000`,
				fmt.Sprintf("NetBSD-CORE@1, type %d: 40 bytes\n", getRegs(target)+2),
			} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output lacks %q:\n%s", want, &out)
				}
			}
		})
	}
}

// The committed sample is what the builder makes.
func TestSampleCore(t *testing.T) {
	const name = "testdata/sparc64.core"
	want := sampleCore(t, portable.SPARC64)
	if *update {
		if err := os.WriteFile(name, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the builder makes; go test -update writes it", name)
	}
}

func FuzzCore(f *testing.F) {
	for target := portable.AMD64; target <= portable.M68K; target++ {
		f.Add(sampleCore(f, target))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		var out strings.Builder
		_ = core(&out, b) // may fail, must not panic
	})
}
