#include "textflag.h"
#include "enter_linux_amd64.h"

// Where the functions are, for Go.
DATA ·ethernetCreateAt(SB)/8, $·ethernetCreate(SB)
GLOBL ·ethernetCreateAt(SB), NOPTR|RODATA, $8
DATA ·ethernetSendAt(SB)/8, $·ethernetSend(SB)
GLOBL ·ethernetSendAt(SB), NOPTR|RODATA, $8
DATA ·ethernetDestroyAt(SB)/8, $·ethernetDestroy(SB)
GLOBL ·ethernetDestroyAt(SB), NOPTR|RODATA, $8

// ethernetCreate(number, interface, address, handle *) and ethernetDestroy(handle) stand
// in for those of virtif, and have Go code do it. While that runs the thread is not in
// the kernel.
TEXT ·ethernetCreate(SB), NOSPLIT|NOFRAME, $0
	XORL R8, R8
	JMP  change<>(SB)

TEXT ·ethernetDestroy(SB), NOSPLIT|NOFRAME, $0
	MOVL $1, R8
	JMP  change<>(SB)

TEXT change<>(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ R8, 0(SP) // what
	MOVQ DI, R13
	MOVQ SI, R14
	MOVQ CX, R15
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	TESTQ AX, AX
	JZ   strange
	MOVQ block_call(AX), R12
	TESTQ R12, R12
	JZ   strange
	LEAVE
	MOVQ 0(SP), DI
	MOVQ R13, SI
	MOVQ R14, DX
	MOVQ R15, CX
	MOVQ AX, R15
	MOVQ ethernet, AX
	CALL AX
	BACK
	RESTORE
	RET
strange: // no thread of a call, which the kernel does not do
	MOVL $6, AX // ENXIO
	RESTORE
	RET

// ethernetSend(handle, iovec *, n) stands in for that of virtif. A handle is one
// more than the descriptor to write to.
TEXT ·ethernetSend(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ DI, R13
	MOVQ SI, R14
	MOVQ DX, R15
	MOVQ unschedule, AX
	CALL AX
	MOVQ AX, BX
	LEAQ -1(R13), DI
	MOVQ R14, SI
	MOVQ R15, DX
	MOVQ writev, AX
	CALL AX
	MOVQ BX, DI
	MOVQ schedule, AX
	CALL AX
	RESTORE
	RET
