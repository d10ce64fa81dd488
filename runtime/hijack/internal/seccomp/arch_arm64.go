package seccomp

// arch is AUDIT_ARCH_AARCH64.
const (
	arch           = 0xc00000b7
	foreignNumbers = 0
)

// otherSockets are socket, socketpair, and io_uring's calls of 32-bit programs.
var otherSockets = []uint32{281, 288, 425, 426, 427}
