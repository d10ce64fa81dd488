package seccomp

// A Machine is what a filter knows of one.
type Machine struct {
	arch    uint32   // AUDIT_ARCH_* of its own programs
	foreign uint32   // numbers from here on are of others, 0: there are none
	sockets []uint32 // the calls of 32-bit programs that make sockets, and io_uring's
}

// The machines. On amd64, foreign calls are those of x32; those of 32-bit
// programs are socketcall, socket and socketpair of i386, socket and socketpair of
// arm, and io_uring's.
var (
	AMD64 = Machine{arch: 0xc000003e, foreign: 0x40000000, sockets: []uint32{102, 359, 360, 425, 426, 427}}
	ARM64 = Machine{arch: 0xc00000b7, sockets: []uint32{281, 288, 425, 426, 427}}
)
