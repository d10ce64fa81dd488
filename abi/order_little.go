//go:build !(armbe || arm64be || m68k || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || shbe || sparc || sparc64)

package abi

// bigEndian tells that this machine keeps the most significant byte first.
const bigEndian = false
