package cprobe

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// symbolPrefix begins the names of the objects that answer questions.
const symbolPrefix = "abigen_probe_"

// An object is what an object file defines.
type object struct {
	order   binary.ByteOrder
	symbols map[string][]byte
	address map[string]bool // symbols whose bytes the linker would fill
}

func newObject(order binary.ByteOrder) *object {
	return &object{order: order, symbols: make(map[string][]byte), address: make(map[string]bool)}
}

func (o *object) bigEndian() bool { return o.order == binary.ByteOrder(binary.BigEndian) }

// readObject reads the objects with our names from an ELF or Mach-O file.
func readObject(path string) (*object, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil {
		return nil, err
	}
	if bytes.Equal(magic[:], []byte(elf.ELFMAG)) {
		return readELF(f)
	}
	return readMachO(f)
}

// readELF reads the objects with our names from an ELF file.
func readELF(r io.ReaderAt) (*object, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	o := newObject(f.ByteOrder)
	symbols, err := f.Symbols()
	if err != nil {
		if errors.Is(err, elf.ErrNoSymbols) {
			return o, nil
		}
		return nil, err
	}
	patched, err := relocations(f)
	if err != nil {
		return nil, err
	}
	sections := make(map[elf.SectionIndex][]byte)
	for _, s := range symbols {
		if !strings.HasPrefix(s.Name, symbolPrefix) {
			continue
		}
		if int(s.Section) >= len(f.Sections) {
			return nil, fmt.Errorf("symbol %s is in no section", s.Name)
		}
		sec := f.Sections[s.Section]
		if sec.Type == elf.SHT_NOBITS {
			o.symbols[s.Name] = make([]byte, s.Size)
			continue
		}
		data, ok := sections[s.Section]
		if !ok {
			if data, err = sec.Data(); err != nil {
				return nil, err
			}
			sections[s.Section] = data
		}
		if s.Value > uint64(len(data)) || s.Size > uint64(len(data))-s.Value {
			return nil, fmt.Errorf("symbol %s reaches beyond its section", s.Name)
		}
		o.symbols[s.Name] = data[s.Value : s.Value+s.Size]
		at := patched[s.Section]
		i, _ := slices.BinarySearch(at, s.Value)
		o.address[s.Name] = i < len(at) && at[i] < s.Value+s.Size
	}
	return o, nil
}

// relocations returns, for each section, the sorted offsets that the linker
// would write to.
func relocations(f *elf.File) (map[elf.SectionIndex][]uint64, error) {
	word := 4
	if f.Class == elf.ELFCLASS64 {
		word = 8
	}
	found := make(map[elf.SectionIndex][]uint64)
	for _, sec := range f.Sections {
		if sec.Type != elf.SHT_REL && sec.Type != elf.SHT_RELA {
			continue
		}
		size := 2 * word
		if sec.Type == elf.SHT_RELA {
			size = 3 * word
		}
		data, err := sec.Data()
		if err != nil {
			return nil, err
		}
		target := elf.SectionIndex(sec.Info)
		for ; len(data) >= size; data = data[size:] {
			var at uint64
			if word == 8 {
				at = f.ByteOrder.Uint64(data)
			} else {
				at = uint64(f.ByteOrder.Uint32(data))
			}
			found[target] = append(found[target], at)
		}
	}
	for _, at := range found {
		slices.Sort(at)
	}
	return found, nil
}
