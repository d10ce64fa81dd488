package sysroot

import "github.com/abigen/abigen/abi/ctype"

// A target is a row of what this package knows about a [ctype.Target].
type target struct {
	ctype.Target

	// triple is what zig cc -target takes.
	triple string

	// libc are the directories in the package's lib/libc/include that zig cc
	// searches for the triple, after the compiler's own headers and in this
	// order. zig shares one directory between the word sizes of some
	// machines, so their names do not always follow from the triple.
	libc []string

	// describeOnly tells that zig can preprocess for the target but has no
	// code generator for it.
	describeOnly bool
}

// targets are the targets known, in the order in which messages list them. A
// new row needs a table of predefined macros beside it: run go generate.
var targets = []target{
	netbsd("amd64", "x86_64-netbsd", "x86_64-netbsd-none"),
	netbsd("arm64", "aarch64-netbsd", "aarch64-netbsd-none"),
	netbsd("386", "x86-netbsd", "x86-netbsd-none"),
	netbsd("arm", "arm-netbsd-eabi", "arm-netbsd-eabi"),
	netbsd("sparc64", "sparc64-netbsd", "sparc64-netbsd-none"),
	netbsd("powerpc", "powerpc-netbsd-eabi", "powerpc-netbsd-eabi"),
	netbsd("mips", "mips-netbsd-eabi", "mips-netbsd-eabi"),
	describeOnly(netbsd("m68k", "m68k-netbsd", "m68k-netbsd-none")),
	linux("amd64", "x86_64-linux-gnu", "x86"),
	linux("arm64", "aarch64-linux-gnu", "aarch64"),
	linux("386", "x86-linux-gnu", "x86"),
	linux("arm", "arm-linux-gnueabihf", "arm"),
	freebsd("amd64", "x86_64-freebsd", "x86_64-freebsd-none"),
	freebsd("arm64", "aarch64-freebsd", "aarch64-freebsd-none"),
	freebsd("386", "x86-freebsd", "x86-freebsd-none"),
	freebsd("arm", "arm-freebsd-eabihf", "arm-freebsd-eabihf"),
	darwin("amd64", "x86_64-macos"),
	darwin("arm64", "aarch64-macos"),
}

func netbsd(arch, triple, dir string) target {
	return target{Target: ctype.Target{OS: "netbsd", Arch: arch}, triple: triple, libc: []string{dir, "generic-netbsd"}}
}

func linux(arch, triple, cpu string) target {
	return target{
		Target: ctype.Target{OS: "linux", Arch: arch},
		triple: triple,
		libc:   []string{cpu + "-linux-gnu", "generic-glibc", cpu + "-linux-any", "any-linux-any"},
	}
}

func freebsd(arch, triple, dir string) target {
	return target{Target: ctype.Target{OS: "freebsd", Arch: arch}, triple: triple, libc: []string{dir, "generic-freebsd"}}
}

func darwin(arch, triple string) target {
	return target{Target: ctype.Target{OS: "darwin", Arch: arch}, triple: triple, libc: []string{"any-macos-any"}}
}

func describeOnly(t target) target {
	t.describeOnly = true
	return t
}

func lookupTarget(t ctype.Target) (target, bool) {
	for _, row := range targets {
		if row.Target == t {
			return row, true
		}
	}
	return target{}, false
}

// Targets returns the targets whose predefined macros this package knows, and
// whose headers the zig sysroot can give.
func Targets() []ctype.Target {
	ts := make([]ctype.Target, len(targets))
	for i, row := range targets {
		ts[i] = row.Target
	}
	return ts
}
