// The functions here are called by C code, or run in place of it, by the
// convention of System V: arguments in DI, SI, DX, CX; BX, BP and R12 to R15
// are the caller's. They find what they need in these three places.

// The table of functions that are not here: variable host in host_linux_amd64.go.
#define getspecific  ·host+0(SB)
#define setspecific  ·host+8(SB)
#define key          ·host+16(SB)
#define calloc       ·host+24(SB)
#define write        ·host+32(SB)
#define memcpy       ·host+40(SB)
#define vdprintf     ·host+48(SB)
#define pause        ·host+56(SB)
#define curlwp       ·host+64(SB)
#define curlwpSet    ·host+72(SB)
#define curlwpClear  ·host+80(SB)
#define syscall      ·host+88(SB)
#define cvWait       ·host+96(SB)
#define cvTimedwait  ·host+104(SB)
#define cvWaitNowrap ·host+112(SB)
#define cvBroadcast  ·host+120(SB)
#define mutexExit    ·host+128(SB)
#define unschedule   ·host+136(SB)
#define schedule     ·host+144(SB)
#define copyFar      ·host+152(SB)
#define console      ·host+160(SB)
#define alarm        ·host+168(SB)
#define dead         ·host+176(SB)
#define faultSignal  ·host+184(SB)
#define faultAddr    ·host+192(SB)
#define faultPC      ·host+200(SB)
#define handlers     ·host+208(SB)
#define ethernet     ·host+216(SB)
#define writev       ·host+224(SB)

// A thread of the host, in C memory: type block.
#define block_call 0
#define block_lwp  8
#define block_tid  16

// What a thread of the host does: type call in call_linux_amd64.go.
#define call_num     0
#define call_args    8
#define call_size    72
#define call_ret     80
#define call_errno   96
#define call_lwp     104
#define call_sp      112
#define call_status  120
#define call_lock    128
#define call_cv      136
#define call_fast    144
#define call_stack   152
#define call_steps   160
#define call_stop    168
#define call_busy    176
#define call_tid     184
#define call_self    192
#define call_block   200
#define call_windows 208

#define step_fn     0
#define step_args   8
#define step_result 40
#define step_size   48

// SAVE and RESTORE keep what is the caller's, and the stack aligned, with room for
// a word at 0(SP).
#define SAVE \
	SUBQ $56, SP \
	MOVQ BX, 8(SP) \
	MOVQ BP, 16(SP) \
	MOVQ R12, 24(SP) \
	MOVQ R13, 32(SP) \
	MOVQ R14, 40(SP) \
	MOVQ R15, 48(SP)

#define RESTORE \
	MOVQ 8(SP), BX \
	MOVQ 16(SP), BP \
	MOVQ 24(SP), R12 \
	MOVQ 32(SP), R13 \
	MOVQ 40(SP), R14 \
	MOVQ 48(SP), R15 \
	ADDQ $56, SP

// SELF has in AX what tells threads of the host that live apart: the address of a
// thread's control block, which the ABI has at FS:0.
#define SELF \
	BYTE $0x64; BYTE $0x48; BYTE $0x8b; BYTE $0x04; BYTE $0x25; BYTE $0; BYTE $0; BYTE $0; BYTE $0

// BEGIN: R12 is the call in DI, BX the block of this thread, which knows the call
// and its own number, of gettid(2). The place on the stack is where rumpuser_exit goes
// back to.
#define BEGIN(have) \
	MOVQ DI, R12 \
	MOVQ key, DI \
	MOVQ getspecific, AX \
	CALL AX \
	MOVQ AX, BX \
	TESTQ AX, AX \
	JNZ have \
	MOVQ $1, DI \
	MOVQ $64, SI \
	MOVQ calloc, AX \
	CALL AX \
	MOVQ AX, BX \
	MOVQ key, DI \
	MOVQ BX, SI \
	MOVQ setspecific, AX \
	CALL AX \
	MOVL $186, AX \
	SYSCALL \
	MOVQ AX, block_tid(BX) \
have: \
	MOVQ block_tid(BX), AX \
	MOVQ AX, call_tid(R12) \
	SELF \
	MOVQ AX, call_self(R12) \
	MOVQ BX, call_block(R12) \
	MOVQ SP, call_sp(R12) \
	MOVQ R12, block_call(BX)

// LEAVE takes a thread out of the kernel, so that it may do Go code, and BACK takes
// it there again: R12 is its call, AX first its block, which the caller keeps in R15, and
// then what the Go code has returned. BX is in use.
#define LEAVE \
	MOVQ unschedule, AX \
	CALL AX \
	MOVQ AX, BX \
	MOVQ key, DI \
	MOVQ getspecific, AX \
	CALL AX \
	MOVQ $0, block_call(AX)

#define BACK \
	MOVQ R12, block_call(R15) \
	MOVQ AX, R12 \
	MOVQ BX, DI \
	MOVQ schedule, AX \
	CALL AX \
	MOVQ R12, AX
