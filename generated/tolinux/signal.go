package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// SiginfoT writes src to dst in Linux form. On error dst is unchanged. Which
// member of the union is in use follows from _signo and _code. Mapped: _signo,
// _code, _errno, _status. Dropped: _trap, _trap2, _trap3. It is written by hand,
// for the two forms have their members in other orders and under other names.
//
//	NetBSD union siginfo, from sys/siginfo.h
//	Linux siginfo_t, from bits/types/siginfo_t.h
func SiginfoT(dst *linux.SiginfoT, src *netbsd.Siginfo) error {
	var to linux.SiginfoT
	info := src.Info()
	if !fitSignal(&to.SiSigno, info.Signo) {
		return abi.NoCounterpart("siginfo", "_signo", info.Signo)
	}
	if info.Errno != 0 {
		errno, ok := Errno(netbsd.Errno(info.Errno))
		if !ok {
			return abi.NoCounterpart("siginfo", "_errno", info.Errno)
		}
		to.SiErrno = int32(errno)
	}
	var ok bool
	if to.SiCode, ok = UserSignalCode(info.Code); ok {
		from := info.Reason.Rt()
		if info.Code == netbsd.SI_TIMER {
			*to.Sifields.Timer().Sigval.Ptr() = *from.Value.Ptr()
		} else {
			rt := to.Sifields.Rt()
			rt.PID, rt.UID = from.PID, from.UID
			*rt.Sigval.Ptr() = *from.Value.Ptr()
		}
		*dst = to
		return nil
	}
	if _, to.SiCode, ok = SignalCode(info.Signo, info.Code); !ok {
		return abi.NoCounterpart("siginfo", "_code", info.Code)
	}
	if err := signalReason(&to.Sifields, info); err != nil {
		return err
	}
	*dst = to
	return nil
}

// signalReason translates what the kernel says of a signal that it sent itself.
func signalReason(dst *linux.SiginfoTSifields, src *netbsd.Ksiginfo) error {
	switch src.Signo {
	case int32(netbsd.SIGCHLD):
		child, from := dst.Sigchld(), src.Reason.Child()
		child.PID, child.UID, child.Status = from.PID, from.UID, from.Status
		if src.Code != netbsd.CLD_EXITED && !fitSignal(&child.Status, from.Status) {
			return abi.NoCounterpart("siginfo", "_status", from.Status)
		}
		if !fit(&child.Utime, from.Utime) {
			return abi.OutOfRange("siginfo", "_utime", from.Utime)
		}
		if !fit(&child.Stime, from.Stime) {
			return abi.OutOfRange("siginfo", "_stime", from.Stime)
		}
	case int32(netbsd.SIGIO):
		poll, from := dst.Sigpoll(), src.Reason.Poll()
		events, ok := PollEvents(int16(from.Band))
		if !ok || !fit(new(int16), from.Band) {
			return abi.NoCounterpart("siginfo", "_band", from.Band)
		}
		fit(&poll.Band, events)
		poll.FD = from.FD
	default:
		dst.Sigfault().SiAddr = src.Reason.Fault().Addr
	}
	return nil
}

// fitSignal stores the signal that means the same as v.
func fitSignal(dst *int32, v int32) bool {
	s, ok := Signal(netbsd.Signal(v))
	*dst = int32(s)
	return ok
}

// WaitStatus returns the Linux status of a process, as wait4 tells it, that means
// the same as NetBSD's: the signals in it are translated. It is false for a
// signal without a counterpart, and for a number that is no status.
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

// KernelSigset returns the set of Linux's kernel, one 64-bit word, of the signals
// in a NetBSD one. Signals without a counterpart are left out.
func KernelSigset(set *netbsd.SigsetT) (result uint64) {
	var to linux.SigsetT
	if SigsetT(&to, set) != nil {
		return 0 // it has no error but for what is left out
	}
	for i, b := range abi.AsBytes(&to.Val)[:8] {
		result |= uint64(b) << (8 * i)
	}
	return result
}
