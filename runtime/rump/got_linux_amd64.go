package rump

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// loadedAt returns where a library begins in memory.
func loadedAt(path string) (uintptr, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0, err
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 7f0000000000-7f0000001000 r--p 00000000 08:01 1234   /path
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[5] != real || strings.Trim(fields[2], "0") != "" {
			continue
		}
		from, _, _ := strings.Cut(fields[0], "-")
		a, err := strconv.ParseUint(from, 16, 64)
		return uintptr(a), err
	}
	return 0, fmt.Errorf("%s is not loaded", path)
}
