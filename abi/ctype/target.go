package ctype

import (
	"fmt"
	"strings"
)

// A Target is a system on a machine. Both words are those of Go's GOOS and
// GOARCH where Go has one ("386", not "i386"), else NetBSD's port name
// ("m68k", "sparc64", "powerpc", "mips", the big-endian 32-bit MIPS).
type Target struct {
	OS   string
	Arch string
}

// String returns "OS/ARCH".
func (t Target) String() string { return t.OS + "/" + t.Arch }

// ParseTarget reads "OS/ARCH". It does not tell whether such a target is
// supported; [Target.Model] does.
func ParseTarget(s string) (Target, error) {
	os, arch, ok := strings.Cut(s, "/")
	if !ok || os == "" || arch == "" || strings.Contains(arch, "/") {
		return Target{}, fmt.Errorf("target %q: want OS/ARCH, such as netbsd/amd64", s)
	}
	return Target{OS: os, Arch: arch}, nil
}
