#include "textflag.h"
#include "enter_linux_amd64.h"

// Where the functions are, for Go.
DATA ·copyinAt(SB)/8, $·copyin(SB)
GLOBL ·copyinAt(SB), NOPTR|RODATA, $8
DATA ·copyinstrAt(SB)/8, $·copyinstr(SB)
GLOBL ·copyinstrAt(SB), NOPTR|RODATA, $8
DATA ·copyoutAt(SB)/8, $·copyout(SB)
GLOBL ·copyoutAt(SB), NOPTR|RODATA, $8
DATA ·copyoutstrAt(SB)/8, $·copyoutstr(SB)
GLOBL ·copyoutstrAt(SB), NOPTR|RODATA, $8

// copyin(process, user, kernel, n), and so on: what a process has as its memory
// is in a few slices that the call lists, and elsewhere with Go code. While that runs
// the thread is not in the kernel.
TEXT ·copyin(SB), NOSPLIT|NOFRAME, $0
	XORL R8, R8
	JMP  copy<>(SB)

TEXT ·copyout(SB), NOSPLIT|NOFRAME, $0
	XCHGQ SI, DX
	MOVL $1, R8
	JMP  copy<>(SB)

TEXT ·copyinstr(SB), NOSPLIT|NOFRAME, $0
	MOVL $2, R8
	JMP  copy<>(SB)

TEXT ·copyoutstr(SB), NOSPLIT|NOFRAME, $0
	XCHGQ SI, DX
	MOVL $3, R8
	JMP  copy<>(SB)

TEXT copy<>(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ R8, 0(SP) // what
	MOVQ SI, R13 // user
	MOVQ DX, R14 // kernel
	MOVQ CX, R15 // length
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	TESTQ AX, AX
	JZ   fault
	MOVQ block_call(AX), R12
	TESTQ R12, R12
	JZ   fault
	CMPQ 0(SP), $1
	JHI  far
	LEAQ call_windows(R12), R8
	MOVQ $4, CX
window:
	MOVQ R13, R9
	SUBQ 0(R8), R9 // offset
	MOVQ 8(R8), R10
	CMPQ R9, R10
	JCC  no
	SUBQ R9, R10 // from there to the end
	CMPQ R15, R10
	JHI  no
	ADDQ 16(R8), R9
	MOVQ R15, DX
	CMPQ 0(SP), $0
	JNZ  out
	MOVQ R14, DI
	MOVQ R9, SI
	JMP  move
out:
	MOVQ R9, DI
	MOVQ R14, SI
move:
	MOVQ memcpy, AX
	CALL AX
	XORL AX, AX
	RESTORE
	RET
no:
	ADDQ $24, R8
	DECQ CX
	JNZ  window
far:
	LEAVE
	MOVQ 0(SP), DI
	MOVQ R12, SI
	MOVQ R13, DX
	MOVQ R14, CX
	MOVQ R15, R8
	MOVQ AX, R15
	MOVQ copyFar, AX
	CALL AX
	BACK
	RESTORE
	RET
fault:
	MOVL $14, AX // EFAULT
	RESTORE
	RET
