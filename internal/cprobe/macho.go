package cprobe

import (
	"debug/macho"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Fields of a Mach-O symbol and section, from Apple's mach-o/nlist.h and
// mach-o/loader.h.
const (
	machoTypeMask    = 0x0e // N_TYPE of nlist.n_type
	machoTypeSection = 0x0e // N_SECT: the symbol is in section n_sect
	machoZeroFill    = 0x1  // S_ZEROFILL, the low byte of the section's flags
)

// readMachO reads the objects with our names from a Mach-O file. Its symbols
// have a leading underscore and no sizes: an object ends where the next symbol
// of its section begins, so that padding may follow its bytes.
func readMachO(r io.ReaderAt) (*object, error) {
	f, err := macho.NewFile(r)
	if err != nil {
		return nil, err
	}
	o := newObject(f.ByteOrder)
	if f.Symtab == nil {
		return o, nil
	}
	bySection := make(map[uint8][]macho.Symbol)
	for _, s := range f.Symtab.Syms {
		if s.Type&machoTypeMask == machoTypeSection {
			bySection[s.Sect] = append(bySection[s.Sect], s)
		}
	}
	for n, symbols := range bySection {
		if n == 0 || int(n) > len(f.Sections) {
			return nil, fmt.Errorf("symbol %s is in no section", symbols[0].Name)
		}
		if err := o.machoSection(f.Sections[n-1], symbols); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// machoSection takes the objects of one section.
func (o *object) machoSection(sec *macho.Section, symbols []macho.Symbol) error {
	ours := func(s macho.Symbol) bool { return strings.HasPrefix(s.Name, "_"+symbolPrefix) }
	if !slices.ContainsFunc(symbols, ours) {
		return nil
	}
	slices.SortStableFunc(symbols, func(a, b macho.Symbol) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	var data []byte
	if sec.Flags&0xff == machoZeroFill {
		data = make([]byte, sec.Size)
	} else {
		var err error
		if data, err = sec.Data(); err != nil {
			return err
		}
	}
	patched := make([]uint64, 0, len(sec.Relocs))
	for _, rel := range sec.Relocs {
		patched = append(patched, uint64(rel.Addr))
	}
	slices.Sort(patched)
	for i, s := range symbols {
		if !ours(s) {
			continue
		}
		end := sec.Addr + uint64(len(data))
		for _, next := range symbols[i+1:] {
			if next.Value > s.Value {
				end = min(end, next.Value)
				break
			}
		}
		if s.Value < sec.Addr || s.Value > end {
			return fmt.Errorf("symbol %s reaches beyond its section", s.Name)
		}
		name := strings.TrimPrefix(s.Name, "_")
		from, to := s.Value-sec.Addr, end-sec.Addr
		o.symbols[name] = data[from:to]
		at, _ := slices.BinarySearch(patched, from)
		o.address[name] = at < len(patched) && patched[at] < to
	}
	return nil
}
