package rump

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// redirect makes a library that is loaded call other functions in place of some
// that it gets from elsewhere.
func redirect(path string, to map[string]uintptr) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	base, err := loadedAt(path)
	if err != nil {
		return err
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA {
			continue
		}
		data, err := s.Data()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, s.Name, err)
		}
		for ; len(data) >= relaSize; data = data[relaSize:] {
			offset, info := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
			sym := elf.R_SYM64(info)
			typ := elf.R_X86_64(elf.R_TYPE64(info))
			if sym == 0 || int(sym) > len(names) || typ != elf.R_X86_64_JMP_SLOT && typ != elf.R_X86_64_GLOB_DAT {
				continue
			}
			if fn := to[names[sym-1].Name]; fn != 0 {
				if err := patch(base+uintptr(offset), fn); err != nil {
					return fmt.Errorf("%s: %s: %w", path, names[sym-1].Name, err)
				}
			}
		}
	}
	return nil
}

// relaSize is that of an Elf64_Rela.
const relaSize = 24

// patch stores a word where the loader may have made the memory read-only.
func patch(at, word uintptr) error {
	page := at &^ (uintptr(os.Getpagesize()) - 1)
	if err := unix.Mprotect(unsafe.Slice((*byte)(pointer(page)), os.Getpagesize()), unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return err
	}
	*(*uintptr)(pointer(at)) = word
	return nil
}

// pointer is for addresses of C memory.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// A mapping is a part of a file in memory.
type mapping struct {
	from, to, offset uintptr
	path             string
}

// mappings calls f for those of this process until it returns false.
func mappings(f func(mapping) bool) error {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		// 7f0000000000-7f0000001000 r--p 00000000 08:01 1234   /path
		var m mapping
		var mode, dev string
		var inode uint64
		n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %x %s %d %s", &m.from, &m.to, &mode, &m.offset, &dev, &inode, &m.path)
		if n == 7 && !f(m) {
			break
		}
	}
	return lines.Err()
}

// loadedAt returns where a library begins in memory.
func loadedAt(path string) (uintptr, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	var base uintptr
	err = mappings(func(m mapping) bool {
		if m.path == real && m.offset == 0 {
			base = m.from
		}
		return base == 0
	})
	if err == nil && base == 0 {
		err = fmt.Errorf("%s is not loaded", path)
	}
	return base, err
}

// place says in which function of which library an address is, if that is known.
func place(pc uintptr) string {
	var in mapping
	_ = mappings(func(m mapping) bool {
		if m.from <= pc && pc < m.to {
			in = m
		}
		return in.path == ""
	})
	base, err := loadedAt(in.path)
	if err != nil {
		return ""
	}
	f, err := elf.Open(in.path)
	if err != nil {
		return ""
	}
	defer f.Close()
	name, at := filepath.Base(in.path), uint64(0)
	symbols, _ := f.DynamicSymbols()
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value > at && s.Value <= uint64(pc-base) {
			name, at = s.Name, s.Value
		}
	}
	return fmt.Sprintf(" (%s+%#x)", name, uint64(pc-base)-at)
}
