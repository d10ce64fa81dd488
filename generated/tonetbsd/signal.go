package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Siginfo writes src to dst in NetBSD form. On error dst is unchanged. Which
// member of the union is in use follows from si_signo and si_code. Mapped:
// si_signo, si_code, si_errno, si_status. Dropped: si_tid, si_overrun,
// si_addr_lsb and the bounds. It is written by hand, for the two forms have their
// members in other orders and under other names.
//
//	Linux siginfo_t, from bits/types/siginfo_t.h
//	NetBSD union siginfo, from sys/siginfo.h
func Siginfo(dst *netbsd.Siginfo, src *linux.SiginfoT) error {
	var to netbsd.Siginfo
	info := to.Info()
	if !fitSignal(&info.Signo, src.SiSigno) {
		return abi.NoCounterpart("siginfo_t", "si_signo", src.SiSigno)
	}
	if src.SiErrno != 0 {
		errno, ok := Errno(linux.Errno(src.SiErrno))
		if !ok {
			return abi.NoCounterpart("siginfo_t", "si_errno", src.SiErrno)
		}
		info.Errno = int32(errno)
	}
	var ok bool
	if info.Code, ok = UserSignalCode(src.SiCode); ok {
		rt, from := info.Reason.Rt(), src.Sifields.Rt()
		if src.SiCode == linux.SI_TIMER {
			*rt.Value.Ptr() = *src.Sifields.Timer().Sigval.Ptr()
		} else {
			rt.PID, rt.UID = from.PID, from.UID
			*rt.Value.Ptr() = *from.Sigval.Ptr()
		}
		*dst = to
		return nil
	}
	if _, info.Code, ok = SignalCode(src.SiSigno, src.SiCode); !ok {
		return abi.NoCounterpart("siginfo_t", "si_code", src.SiCode)
	}
	if err := signalReason(&info.Reason, src); err != nil {
		return err
	}
	*dst = to
	return nil
}

// signalReason translates what the kernel says of a signal that it sent itself.
func signalReason(dst *netbsd.KsiginfoReason, src *linux.SiginfoT) error {
	switch src.SiSigno {
	case int32(linux.SIGCHLD):
		child, from := dst.Child(), src.Sifields.Sigchld()
		child.PID, child.UID, child.Status = from.PID, from.UID, from.Status
		if src.SiCode != linux.CLD_EXITED && !fitSignal(&child.Status, from.Status) {
			return abi.NoCounterpart("siginfo_t", "si_status", from.Status)
		}
		if !fit(&child.Utime, from.Utime) {
			return abi.OutOfRange("siginfo_t", "si_utime", from.Utime)
		}
		if !fit(&child.Stime, from.Stime) {
			return abi.OutOfRange("siginfo_t", "si_stime", from.Stime)
		}
	case int32(linux.SIGIO):
		poll, from := dst.Poll(), src.Sifields.Sigpoll()
		events, ok := PollEvents(int16(from.Band))
		if !ok || !fit(new(int16), from.Band) {
			return abi.NoCounterpart("siginfo_t", "si_band", from.Band)
		}
		fit(&poll.Band, events)
		poll.FD = from.FD
	default:
		dst.Fault().Addr = src.Sifields.Sigfault().SiAddr
	}
	return nil
}

// fitSignal stores the signal that means the same as v.
func fitSignal(dst *int32, v int32) bool {
	s, ok := Signal(linux.Signal(v))
	*dst = int32(s)
	return ok
}

// WaitStatus returns the NetBSD status of a process, as wait4 tells it, that means
// the same as Linux's: the signals in it are translated. It is false for a signal
// without a counterpart, and for a number that is no status.
func WaitStatus(status int32) (int32, bool) {
	switch sig := status & 0x7f; {
	case status&^0xffff != 0:
		return 0, false
	case status == 0xffff: // continued
		return status, true
	case sig == 0: // exited
		return status, status&0xff == 0
	case sig == 0x7f: // stopped
		if status&0xff != 0x7f {
			return 0, false
		}
		ok := fitSignal(&sig, status>>8)
		return sig<<8 | 0x7f, ok
	default: // killed, perhaps with a core
		ok := fitSignal(&sig, sig)
		return sig | status&0x80, ok && status&^0xff == 0
	}
}

// KernelSigset returns the NetBSD set of the signals in one of Linux's kernel,
// which is one 64-bit word. Signals without a counterpart are left out.
func KernelSigset(set uint64) netbsd.SigsetT {
	var from linux.SigsetT
	words := abi.AsBytes(&from.Val)
	for i := range 8 {
		words[i] = byte(set >> (8 * i))
	}
	var to netbsd.SigsetT
	if SigsetT(&to, &from) != nil {
		return netbsd.SigsetT{} // it has no error but for what is left out
	}
	return to
}
