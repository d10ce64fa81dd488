package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// machines are the targets by what the header of an ELF file says.
var machines = map[uint16]portable.Target{
	netbsd.EM_X86_64: portable.AMD64, netbsd.EM_AARCH64: portable.ARM64, netbsd.EM_386: portable.I386, netbsd.EM_ARM: portable.ARM,
	netbsd.EM_SPARCV9: portable.SPARC64, netbsd.EM_PPC: portable.PowerPC, netbsd.EM_MIPS: portable.MIPS, netbsd.EM_68K: portable.M68K,
}

// core prints the notes of a core file.
func core(w io.Writer, data []byte) error {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if f.Type != elf.ET_CORE {
		return fmt.Errorf("an ELF file, but no core file: %v", f.Type)
	}
	t, ok := machines[uint16(f.Machine)]
	if !ok || (f.ByteOrder == binary.BigEndian) != t.BigEndian() || (f.Class == elf.ELFCLASS64) != (t.PointerSize() == 8) {
		return fmt.Errorf("a core file of %v, %v, %v; its layouts are not known", f.Machine, f.Class, f.Data)
	}
	fmt.Fprintf(w, "  core file of %v\n", t)
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		if p.Filesz > uint64(len(data)) {
			return errors.New("notes longer than the file")
		}
		b := make([]byte, p.Filesz)
		if _, err := io.ReadFull(p.Open(), b); err != nil {
			return fmt.Errorf("notes: %w", err)
		}
		if err := notes(w, t, b); err != nil {
			return err
		}
	}
	return nil
}

// notes prints a segment of notes: each has the lengths of its name and of what
// it describes, its type, and then both, padded to 4 bytes.
func notes(w io.Writer, t portable.Target, b []byte) error {
	order := byteOrder(t)
	for len(b) > 0 {
		if len(b) < 12 {
			return fmt.Errorf("%d bytes are no note", len(b))
		}
		namesz, descsz, typ := uint64(order.Uint32(b)), uint64(order.Uint32(b[4:])), order.Uint32(b[8:])
		descAt := 12 + (namesz+3)&^3
		end := descAt + (descsz+3)&^3
		if descAt+descsz > uint64(len(b)) {
			return fmt.Errorf("a note of %d and %d bytes in %d", namesz, descsz, len(b))
		}
		name := text(b[12 : 12+namesz])
		if err := note(w, t, name, typ, b[descAt:descAt+descsz]); err != nil {
			return fmt.Errorf("note %s, type %d: %w", name, typ, err)
		}
		b = b[min(end, uint64(len(b))):]
	}
	return nil
}

// note prints one note. Those of the process have the plain name, those of a thread
// have its number behind an @ and types as ptrace numbers its requests.
func note(w io.Writer, t portable.Target, name string, typ uint32, desc []byte) error {
	if name == netbsd.ELF_NOTE_NETBSD_CORE_NAME {
		switch typ {
		case netbsd.ELF_NOTE_NETBSD_CORE_PROCINFO:
			return procinfo(w, t, desc)
		case netbsd.ELF_NOTE_NETBSD_CORE_AUXV:
			return auxv(w, t, desc)
		}
	}
	if thread, ok := strings.CutPrefix(name, netbsd.ELF_NOTE_NETBSD_CORE_NAME+"@"); ok {
		switch typ {
		case netbsd.PT_LWPSTATUS:
			return lwpstatus(w, t, thread, desc)
		case getRegs(t):
			return registers(w, t, thread, desc)
		}
	}
	fmt.Fprintf(w, "  %s, type %d: %d bytes\n", name, typ, len(desc))
	return nil
}

func procinfo(w io.Writer, t portable.Target, b []byte) error {
	var p portable.NetbsdElfcoreProcinfo
	if err := p.Decode(t, b); err != nil {
		return err
	}
	command := make([]byte, 0, len(p.Name))
	for _, c := range p.Name {
		command = append(command, byte(c))
	}
	fmt.Fprintf(w, "  process %d (%s): killed by %s in thread %d of %d\n", p.PID, text(command), netbsd.Signal(p.Signo).Name(), p.Siglwp, p.Nlwps)
	fmt.Fprintf(w, "    parent %d, group %d, session %d\n", p.PPID, p.Pgrp, p.SID)
	fmt.Fprintf(w, "    user %d (effective %d, saved %d), group %d (effective %d, saved %d)\n", p.Ruid, p.EUID, p.Svuid, p.Rgid, p.EGID, p.Svgid)
	for _, set := range []struct {
		what string
		bits [4]uint32
	}{{"pending", p.Sigpend}, {"blocked", p.Sigmask}, {"ignored", p.Sigignore}, {"caught", p.Sigcatch}} {
		if set.bits != [4]uint32{} {
			fmt.Fprintf(w, "    %s: %s\n", set.what, signals(set.bits))
		}
	}
	return nil
}

// signals spells a set, in which the lowest bit of the first word is signal 1.
func signals(set [4]uint32) string {
	var names []string
	for i := range 32 * len(set) {
		if set[i/32]&(1<<(i%32)) == 0 {
			continue
		}
		name := netbsd.Signal(i + 1).Name()
		if name == "" {
			name = fmt.Sprintf("signal %d", i+1)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func auxv(w io.Writer, t portable.Target, b []byte) error {
	fmt.Fprintln(w, "  what the kernel told the program:")
	for len(b) > 0 {
		var typ uint32
		var value uint64
		var size int
		if t.PointerSize() == 8 {
			var a portable.Aux64Info
			if err := a.Decode(t, b); err != nil {
				return err
			}
			typ, value, size = a.Type, a.V, portable.SizeofAux64Info(t)
		} else {
			var a portable.Aux32Info
			if err := a.Decode(t, b); err != nil {
				return err
			}
			typ, value, size = a.Type, uint64(a.V), portable.SizeofAux32Info(t)
		}
		if typ == netbsd.AT_NULL {
			return nil
		}
		name := auxNames[typ]
		if name == "" {
			name = fmt.Sprintf("type %d", typ)
		}
		fmt.Fprintf(w, "    %-12s %#x\n", name, value)
		b = b[size:]
	}
	return nil
}

func lwpstatus(w io.Writer, t portable.Target, thread string, b []byte) error {
	var s portable.PtraceLwpstatus
	if err := s.Decode(t, b); err != nil {
		return err
	}
	fmt.Fprintf(w, "  thread %s %q, private data at %#x\n", thread, text(s.Name[:]), s.Private)
	return nil
}
