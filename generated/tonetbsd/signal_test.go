package tonetbsd_test

import (
	"runtime"
	"testing"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

func TestWaitStatus(t *testing.T) {
	for _, test := range []struct {
		name   string
		lx, nb int32
	}{
		{"exit 3", 0x300, 0x300}, {"killed by SIGBUS", 7, 10}, {"core of SIGSYS", 31 | 0x80, 12 | 0x80},
		{"stopped by SIGSTOP", 19<<8 | 0x7f, 17<<8 | 0x7f}, {"continued", 0xffff, 0xffff},
	} {
		if got, ok := tonetbsd.WaitStatus(test.lx); got != test.nb || !ok {
			t.Errorf("%s to NetBSD: %#x, %t; want %#x", test.name, got, ok, test.nb)
		}
		if got, ok := tolinux.WaitStatus(test.nb); got != test.lx || !ok {
			t.Errorf("%s to Linux: %#x, %t; want %#x", test.name, got, ok, test.lx)
		}
	}
	// SIGSTKFLT is Linux's alone, SIGEMT and SIGINFO are NetBSD's.
	for _, status := range []int32{16, 16<<8 | 0x7f, 0x10000, -1, 0x80, 0x80 | 0x7f, 0x107} {
		if got, ok := tonetbsd.WaitStatus(status); ok {
			t.Errorf("%#x to NetBSD: %#x; want none", status, got)
		}
	}
	for _, status := range []int32{7, 29<<8 | 0x7f} {
		if got, ok := tolinux.WaitStatus(status); ok {
			t.Errorf("%#x to Linux: %#x; want none", status, got)
		}
	}
}

func TestSignalSets(t *testing.T) {
	// SIGHUP and SIGCHLD; SIGSTKFLT and the real-time signals are left out.
	set := tonetbsd.KernelSigset(1<<0 | 1<<16 | 1<<15 | 1<<40)
	if want := (netbsd.SigsetT{Bits: [4]uint32{1<<0 | 1<<19}}); set != want {
		t.Errorf("got %#x, want %#x", set.Bits, want.Bits)
	}
	if got := tolinux.KernelSigset(&set); got != 1<<0|1<<16 {
		t.Errorf("came back as %#x", got)
	}
	full := netbsd.SigsetT{Bits: [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}}
	if got := tolinux.KernelSigset(&full); got != 0x7fffffff&^(1<<15) {
		t.Errorf("the full set is %#x", got)
	}
}

func TestSiginfo(t *testing.T) {
	var lx linux.SiginfoT
	lx.SiSigno, lx.SiCode = int32(linux.SIGCHLD), linux.CLD_KILLED
	child := lx.Sifields.Sigchld()
	child.PID, child.Status = 42, int32(linux.SIGBUS)
	var nb netbsd.Siginfo
	if err := tonetbsd.Siginfo(&nb, &lx); err != nil {
		t.Fatal(err)
	}
	info := nb.Info()
	if info.Signo != 20 || info.Code != netbsd.CLD_KILLED || info.Reason.Child().PID != 42 || info.Reason.Child().Status != 10 {
		t.Errorf("SIGCHLD: signal %d, code %d, status %d", info.Signo, info.Code, info.Reason.Child().Status)
	}
	lx = linux.SiginfoT{SiSigno: int32(linux.SIGSEGV), SiCode: linux.SEGV_ACCERR}
	lx.Sifields.Sigfault().SiAddr = 0x1234
	if err := tonetbsd.Siginfo(&nb, &lx); err != nil || nb.Info().Reason.Fault().Addr != 0x1234 {
		t.Errorf("SIGSEGV: address %s, %v", nb.Info().Reason.Fault().Addr, err)
	}
	for _, test := range []struct {
		lx   linux.SiginfoT
		want string
	}{
		{linux.SiginfoT{SiSigno: 16}, "siginfo_t.si_signo = 16: no counterpart"},
		{linux.SiginfoT{SiSigno: 10, SiCode: 5}, "siginfo_t.si_code = 5: no counterpart"},
		{linux.SiginfoT{SiSigno: 11, SiCode: linux.SEGV_PKUERR}, "siginfo_t.si_code = 4: no counterpart"},
		{linux.SiginfoT{SiSigno: 10, SiErrno: 133}, "siginfo_t.si_errno = 133: no counterpart"},
	} {
		before := nb
		if err := tonetbsd.Siginfo(&nb, &test.lx); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
		if nb != before {
			t.Error("failed, and wrote")
		}
	}
}

func TestSystemCall(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the numbers are those of amd64, for Linux numbers system calls by machine")
	}
	for _, test := range []struct {
		name   string
		nb, lx int32
	}{
		{"read", 3, 0}, {"socket", 394, 41}, {"select", 417, 23}, {"stat", 439, 4}, {"wait4", 449, 61}, {"getdents", 390, 217},
		{"fstatat", 466, 262}, {"mq_timedsend", 432, 242}, {"sigprocmask", 293, 14}, {"openat", 468, 257}, {"sigaction", 340, 13},
	} {
		if got, ok := tolinux.SystemCall(test.nb); got != test.lx || !ok {
			t.Errorf("%s to Linux: %d, %t; want %d", test.name, got, ok, test.lx)
		}
		if got, ok := tonetbsd.SystemCall(test.lx); got != test.nb || !ok {
			t.Errorf("%s to NetBSD: %d, %t; want %d", test.name, got, ok, test.nb)
		}
	}
	// The first number of socket keeps the behavior of before NetBSD 3.
	for _, none := range []int32{97, 93, 34, 1 << 20, -1} {
		if got, ok := tolinux.SystemCall(none); ok {
			t.Errorf("%d to Linux: %d; want none", none, got)
		}
	}
}
