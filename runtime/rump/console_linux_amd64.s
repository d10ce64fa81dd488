#include "textflag.h"
#include "enter_linux_amd64.h"

// Where the functions are, for Go.
DATA ·putcharAt(SB)/8, $·putchar(SB)
GLOBL ·putcharAt(SB), NOPTR|RODATA, $8
DATA ·dprintfAt(SB)/8, $·dprintf(SB)
GLOBL ·dprintfAt(SB), NOPTR|RODATA, $8
DATA ·fprintfAt(SB)/8, $·fprintf(SB)
GLOBL ·fprintfAt(SB), NOPTR|RODATA, $8

// putchar(c) stands in for rumpuser_putchar.
TEXT ·putchar(SB), NOSPLIT|NOFRAME, $0
	SUBQ $8, SP
	MOVQ DI, 0(SP)
	MOVQ console, DI
	MOVQ SP, SI
	MOVL $1, DX
	MOVQ write, AX
	CALL AX
	ADDQ $8, SP
	RET

// dprintf(format, ...) stands in for rumpuser_dprintf, and fprintf(file, format, ...)
// for that of the host in librumpuser.
TEXT ·dprintf(SB), NOSPLIT|NOFRAME, $0
	MOVL $8, R10
	MOVQ DI, R11
	JMP  print<>(SB)

TEXT ·fprintf(SB), NOSPLIT|NOFRAME, $0
	MOVL $16, R10
	MOVQ SI, R11
	JMP  print<>(SB)

// print prints with the format in R11, and arguments from where R10 says. It makes a
// va_list of 24 bytes at 0(SP), and at 32(SP) the registers it leads to.
TEXT print<>(SB), NOSPLIT|NOFRAME, $0
	SUBQ $216, SP
	MOVQ SI, 40(SP)
	MOVQ DX, 48(SP)
	MOVQ CX, 56(SP)
	MOVQ R8, 64(SP)
	MOVQ R9, 72(SP)
	TESTB AX, AX
	JZ   integers
	MOVUPS X0, 80(SP)
	MOVUPS X1, 96(SP)
	MOVUPS X2, 112(SP)
	MOVUPS X3, 128(SP)
	MOVUPS X4, 144(SP)
	MOVUPS X5, 160(SP)
	MOVUPS X6, 176(SP)
	MOVUPS X7, 192(SP)
integers:
	MOVL R10, 0(SP)
	MOVL $48, 4(SP)
	LEAQ 224(SP), R10
	MOVQ R10, 8(SP)
	LEAQ 32(SP), R10
	MOVQ R10, 16(SP)
	MOVQ console, DI
	MOVQ R11, SI
	MOVQ SP, DX
	MOVQ vdprintf, AX
	CALL AX
	ADDQ $216, SP
	RET
