package emit

import "strings"

// constraintWords are the last words of a file name that the go command reads
// as a build constraint: its systems and architectures, past ones too, and the
// mark of a test file.
var constraintWords = func() map[string]bool {
	words := make(map[string]bool)
	for _, word := range strings.Fields(`test
		aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos
		386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64
		ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm`) {
		words[word] = true
	}
	return words
}()

// FileBase returns the name, without ".go" and without an architecture, of the
// Go file for a header:
//
//	sys/socket.h     zsys_socket
//	netinet6/in6.h   znetinet6_in6
//	asm/arm.h        zasm_arm_h
//
// Names sort last in a listing by their z. A name that the go command would
// take for a build constraint keeps its "_h". Two headers may share a file.
func FileBase(header string) string {
	name := strings.Map(func(r rune) rune {
		if isIdent(r) && r < 0x7f {
			return r
		}
		return '_'
	}, strings.ToLower(strings.TrimSuffix(header, ".h")))
	base := "z" + strings.Trim(name, "_")
	if constraintWords[base[strings.LastIndexByte(base, '_')+1:]] {
		base += "_h"
	}
	return base
}
