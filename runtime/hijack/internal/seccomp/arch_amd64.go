package seccomp

// arch is AUDIT_ARCH_X86_64. Calls of x32 have a bit in their numbers.
const (
	arch           = 0xc000003e
	foreignNumbers = 0x40000000
)

// otherSockets are socketcall, socket, and io_uring's calls of 32-bit programs.
var otherSockets = []uint32{102, 359, 360, 425, 426, 427}
