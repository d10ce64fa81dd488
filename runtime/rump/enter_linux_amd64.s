#include "textflag.h"
#include "enter_linux_amd64.h"

// Where the functions are, for Go.
DATA ·enterAt(SB)/8, $·enter(SB)
GLOBL ·enterAt(SB), NOPTR|RODATA, $8
DATA ·runAt(SB)/8, $·run(SB)
GLOBL ·runAt(SB), NOPTR|RODATA, $8
DATA ·wakeAt(SB)/8, $·wake(SB)
GLOBL ·wakeAt(SB), NOPTR|RODATA, $8
DATA ·raiseAt(SB)/8, $·raise(SB)
GLOBL ·raiseAt(SB), NOPTR|RODATA, $8
DATA ·exitAt(SB)/8, $·exit(SB)
GLOBL ·exitAt(SB), NOPTR|RODATA, $8
DATA ·abortAt(SB)/8, $·abort(SB)
GLOBL ·abortAt(SB), NOPTR|RODATA, $8
DATA ·forgetAt(SB)/8, $·forget(SB)
GLOBL ·forgetAt(SB), NOPTR|RODATA, $8
DATA ·killAt(SB)/8, $·kill(SB)
GLOBL ·killAt(SB), NOPTR|RODATA, $8
DATA ·waitCVAt(SB)/8, $·waitCV(SB)
GLOBL ·waitCVAt(SB), NOPTR|RODATA, $8
DATA ·waitTimedCVAt(SB)/8, $·waitTimedCV(SB)
GLOBL ·waitTimedCVAt(SB), NOPTR|RODATA, $8
DATA ·waitNowrapCVAt(SB)/8, $·waitNowrapCV(SB)
GLOBL ·waitNowrapCVAt(SB), NOPTR|RODATA, $8

// enter(call *) makes a system call. The lwp stays this thread's afterwards, as long
// as the thread makes no call for another: what the kernel knows of a thread is
// which lwp it last was.
TEXT ·enter(SB), NOSPLIT|NOFRAME, $0
	SAVE
	BEGIN(have)
	MOVQ call_lwp(R12), SI
	MOVQ block_lwp(BX), DI
	CMPQ DI, SI
	JEQ  bound
	TESTQ DI, DI
	JZ   bind
	MOVQ curlwpClear, AX
	CALL AX
bind:
	MOVQ call_lwp(R12), DI
	MOVQ DI, block_lwp(BX)
	MOVQ curlwpSet, AX
	CALL AX
bound:
	MOVQ call_num(R12), DI
	LEAQ call_args(R12), SI
	MOVQ call_size(R12), DX
	LEAQ call_ret(R12), CX
	MOVQ syscall, AX
	CALL AX
	MOVLQSX AX, AX
	MOVQ AX, call_errno(R12)
	MOVQ $0, block_call(BX)
	RESTORE
	XORL AX, AX
	RET

// run(call *) calls functions of the kernel one after another, as the lwp of the
// call if it has one, and leaves the thread without one.
TEXT ·run(SB), NOSPLIT|NOFRAME, $0
	SAVE
	BEGIN(have)
	MOVQ block_lwp(BX), DI
	MOVQ $0, block_lwp(BX)
	TESTQ DI, DI
	JZ   free
	MOVQ curlwpClear, AX
	CALL AX
free:
	MOVQ call_lwp(R12), DI
	TESTQ DI, DI
	JZ   begin
	MOVQ curlwpSet, AX
	CALL AX
begin:
	MOVQ call_steps(R12), R13
	MOVQ call_num(R12), R14
next:
	TESTQ R14, R14
	JZ   end
	MOVQ (step_args+0)(R13), DI
	MOVQ (step_args+8)(R13), SI
	MOVQ (step_args+16)(R13), DX
	MOVQ (step_args+24)(R13), CX
	MOVQ step_fn(R13), R10
	XORL AX, AX
	CALL R10
	MOVQ AX, step_result(R13)
	ADDQ $step_size, R13
	DECQ R14
	JMP  next
end:
	MOVQ curlwp, AX
	CALL AX
	TESTQ AX, AX
	JZ   done
	MOVQ AX, DI
	MOVQ curlwpClear, AX
	CALL AX
done:
	MOVQ $0, block_call(BX)
	RESTORE
	XORL AX, AX
	RET

// unwind goes back to where the call of the block in BX began, which is in R12.
TEXT unwind<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ call_sp(R12), SP
	MOVQ $0, block_call(BX)
	RESTORE
	XORL AX, AX
	RET

DATA ·rescueAt(SB)/8, $·rescue(SB)
GLOBL ·rescueAt(SB), NOPTR|RODATA, $8
DATA ·faultedAt(SB)/8, $·faulted(SB)
GLOBL ·faultedAt(SB), NOPTR|RODATA, $8

// Members of a ucontext_t, and of a siginfo_t.
#define uc_r12  72
#define uc_rbx  128
#define uc_rsp  160
#define uc_rip  168
#define si_addr 16

// UNWIND has the thread go on at unwind when it leaves the handler of a signal, whose
// ucontext_t is in DX.
#define UNWIND \
	MOVQ R12, uc_r12(DX) \
	MOVQ BX, uc_rbx(DX) \
	MOVQ call_sp(R12), AX \
	MOVQ AX, uc_rsp(DX) \
	MOVQ $unwind<>(SB), AX \
	MOVQ AX, uc_rip(DX) \
	MOVQ $2, call_status(R12)

// rescue(signal, siginfo_t *, ucontext_t *) handles the signal that gets a thread out
// of a dead kernel.
TEXT ·rescue(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ DX, R13
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	MOVQ R13, DX
	MOVQ AX, BX
	TESTQ BX, BX
	JZ   out
	MOVQ block_call(BX), R12
	TESTQ R12, R12
	JZ   out
	UNWIND
out:
	RESTORE
	RET

// faulted(signal, siginfo_t *, ucontext_t *) handles signals that a thread brings upon
// itself. When it is in the kernel, that is dead; else the signal is Go's.
TEXT ·faulted(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ DI, R15
	MOVQ SI, R14
	MOVQ DX, R13
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	MOVQ AX, BX
	XORL R12, R12
	TESTQ BX, BX
	JZ   stranger
	MOVQ block_call(BX), R12
	TESTQ R12, R12
	JZ   ours
	JMP  kernel
stranger:
	MOVQ curlwp, AX
	CALL AX
	TESTQ AX, AX
	JZ   ours
kernel:
	MOVQ R15, faultSignal
	MOVQ si_addr(R14), AX
	MOVQ AX, faultAddr
	MOVQ uc_rip(R13), AX
	MOVQ AX, faultPC
	MOVL $3, CX
	XORL AX, AX
	LOCK
	CMPXCHGQ CX, dead
	CALL ring<>(SB)
	TESTQ R12, R12
	JZ   stop
	MOVQ R13, DX
	UNWIND
	RESTORE
	RET
stop:
	MOVQ pause, AX
	CALL AX
	JMP  stop
ours:
	MOVQ R15, DI
	MOVQ R14, SI
	MOVQ R13, DX
	MOVQ handlers, R10
	MOVQ R15, AX
	SHLQ $3, AX
	ADDQ AX, R10
	MOVQ (R10), R10
	RESTORE
	JMP  R10

// func hurry(c *call, num uintptr) (done bool) makes a system call without
// arguments on a stack of its own. Stop, whoever sets it, and busy are told apart by
// membarrier(2) on the other side, see process.stopQuick: this one has no time.
TEXT ·hurry(SB), NOSPLIT, $0-17
	MOVQ c+0(FP), DI
	MOVQ $1, call_busy(DI)
	MOVQ call_stop(DI), AX
	ORQ  dead, AX
	JNE  no
	MOVQ num+8(FP), AX
	MOVQ AX, call_num(DI)
	MOVQ $1, call_fast(DI)
	MOVQ $0, call_status(DI)
	MOVQ $0, (call_ret+0)(DI)
	MOVQ $0, (call_ret+8)(DI)
	MOVQ SP, R13
	MOVQ DI, R15
	MOVQ call_stack(DI), SP
	SELF
	CMPQ AX, call_self(DI)
	JNE  first
	MOVQ call_block(DI), BX
	MOVQ block_lwp(BX), AX
	CMPQ AX, call_lwp(DI)
	JNE  first
	CALL again<>(SB)
	JMP  back
first:
	CALL ·enter(SB)
back:
	MOVQ R13, SP
	MOVQ R15, DI
	MOVQ $0, call_fast(DI)
	MOVQ $0, call_busy(DI)
	CMPQ call_status(DI), $1
	SETNE done+16(FP)
	RET
no:
	MOVQ $0, call_busy(DI)
	MOVB $0, done+16(FP)
	RET

// again is enter for a thread that was the lwp the last time, too: R15 is the call, and
// BX the block. What is Go's is saved for unwind.
TEXT again<>(SB), NOSPLIT|NOFRAME, $0
	SUBQ $56, SP
	MOVQ BP, 16(SP)
	MOVQ R13, 32(SP)
	MOVQ R15, 48(SP)
	MOVQ SP, call_sp(R15)
	MOVQ R15, block_call(BX)
	MOVQ call_num(R15), DI
	LEAQ call_args(R15), SI
	MOVQ call_size(R15), DX
	LEAQ call_ret(R15), CX
	MOVQ syscall, AX
	CALL AX
	MOVLQSX AX, AX
	MOVQ AX, call_errno(R15)
	MOVQ $0, block_call(BX)
	ADDQ $56, SP
	RET

// forget(block *) is called when a thread of the host ends. Calls may know its block,
// which says from now on that it is no lwp; it is not freed.
TEXT ·forget(SB), NOSPLIT|NOFRAME, $0
	MOVQ $0, block_lwp(DI)
	RET

// wake(call *) wakes the thread of a call, if it waits.
TEXT ·wake(SB), NOSPLIT|NOFRAME, $0
	SUBQ $8, SP
	MOVQ BX, 0(SP)
	MOVQ DI, BX
lock:
	MOVQ $1, AX
	XCHGQ AX, call_lock(BX)
	TESTQ AX, AX
	JZ   locked
	PAUSE
	JMP  lock
locked:
	MOVQ call_cv(BX), DI
	TESTQ DI, DI
	JZ   unlock
	MOVQ cvBroadcast, AX
	CALL AX
unlock:
	XORL AX, AX
	XCHGQ AX, call_lock(BX)
	MOVQ 0(SP), BX
	ADDQ $8, SP
	XORL AX, AX
	RET

// waitCV(cv, mutex) stands in for rumpuser_cv_wait, and notes in the call what its
// thread waits for.
TEXT ·waitCV(SB), NOSPLIT|NOFRAME, $0
	MOVQ cvWait, R10
	JMP  wait<>(SB)

TEXT ·waitTimedCV(SB), NOSPLIT|NOFRAME, $0
	MOVQ cvTimedwait, R10
	JMP  wait<>(SB)

TEXT wait<>(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ R10, 0(SP)
	MOVQ DI, R12
	MOVQ SI, R13
	MOVQ DX, R14
	MOVQ CX, R15
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	MOVQ AX, BX
	TESTQ BX, BX
	JZ   plain
	MOVQ block_call(BX), BX
	TESTQ BX, BX
	JZ   plain
	MOVQ R12, AX
	XCHGQ AX, call_cv(BX)
plain:
	MOVQ R12, DI
	MOVQ R13, SI
	MOVQ R14, DX
	MOVQ R15, CX
	MOVQ 0(SP), R10
	CALL R10
	MOVQ AX, R12
	TESTQ BX, BX
	JZ   done
lock:
	MOVQ $1, AX
	XCHGQ AX, call_lock(BX)
	TESTQ AX, AX
	JZ   locked
	PAUSE
	JMP  lock
locked:
	MOVQ $0, call_cv(BX)
	XORL AX, AX
	XCHGQ AX, call_lock(BX)
done:
	MOVQ R12, AX
	RESTORE
	RET

// waitNowrapCV(cv, mutex) stands in for rumpuser_cv_wait_nowrap, with which the
// scheduler waits for a processor. A fast call does not wait: it is given up.
TEXT ·waitNowrapCV(SB), NOSPLIT|NOFRAME, $0
	SAVE
	MOVQ DI, R13
	MOVQ SI, R14
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	MOVQ AX, BX
	TESTQ BX, BX
	JZ   wait
	MOVQ block_call(BX), R12
	TESTQ R12, R12
	JZ   wait
	CMPQ call_fast(R12), $0
	JEQ  wait
	MOVQ R14, DI
	MOVQ mutexExit, AX
	CALL AX
	MOVQ $1, call_status(R12)
	JMP  unwind<>(SB)
wait:
	MOVQ R13, DI
	MOVQ R14, SI
	MOVQ cvWaitNowrap, AX
	CALL AX
	RESTORE
	RET

// raise(process, signal) notes a signal. What is raised while the process makes no
// call has to be told.
TEXT ·raise(SB), NOSPLIT|NOFRAME, $0
	MOVLQSX SI, SI
	ANDL $63, SI
	LOCK
	BTSQ SI, 0(DI)
	SUBQ $8, SP
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	ADDQ $8, SP
	TESTQ AX, AX
	JZ   tell
	CMPQ block_call(AX), $0
	JNE  told
tell:
	SUBQ $8, SP
	CALL ring<>(SB)
	ADDQ $8, SP
told:
	XORL AX, AX
	RET

// ring wakes the goroutine that waits for alarms.
TEXT ring<>(SB), NOSPLIT|NOFRAME, $0
	SUBQ $8, SP
	MOVQ $1, 0(SP)
	MOVQ alarm, DI
	MOVQ SP, SI
	MOVL $8, DX
	MOVQ write, AX
	CALL AX
	ADDQ $8, SP
	RET

// exit(status) stands in for rumpuser_exit: the kernel is dead, this process is
// not. A thread in a call leaves it, a thread of the kernel stops.
TEXT ·exit(SB), NOSPLIT|NOFRAME, $0
	SAVE
	XORL CX, CX
	CMPL DI, $-1 // RUMPUSER_PANIC
	SETEQ CX
	INCL CX
	XORL AX, AX
	LOCK
	CMPXCHGQ CX, dead // it dies once
	CALL ring<>(SB)
	MOVQ key, DI
	MOVQ getspecific, AX
	CALL AX
	MOVQ AX, BX
	TESTQ BX, BX
	JZ   stop
	MOVQ block_call(BX), R12
	TESTQ R12, R12
	JZ   stop
	MOVQ $2, call_status(R12)
	JMP  unwind<>(SB)
stop:
	MOVQ pause, AX
	CALL AX
	JMP  stop

// abort() stands in for the one of the host in librumpuser.
TEXT ·abort(SB), NOSPLIT|NOFRAME, $0
	MOVL $-1, DI
	JMP  ·exit(SB)

// kill(pid, signal) stands in for rumpuser_kill, and for rumpuser_sp_fini: no signals
// for this process.
TEXT ·kill(SB), NOSPLIT|NOFRAME, $0
	XORL AX, AX
	RET
