package rump

import (
	"context"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// probing makes a probe of a new process, whose calls may be answered by another than
// the kernel.
func probing(t *testing.T, k kernel.Kernel, other func(p *probe, num syscalls.Number, args syscalls.Args) (bool, error)) *probe {
	t.Helper()
	proc, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.Exit)
	p := &probe{mem: &abi.Bytes{Base: probeBase, Data: make([]byte, probeSize)}}
	th, err := proc.NewThread(p.mem)
	if err != nil {
		t.Fatal(err)
	}
	p.c = th
	if other != nil {
		p.c = callerFunc(func(ctx context.Context, num syscalls.Number, args syscalls.Args) (uintptr, uintptr, error) {
			r0, r1, err := th.Syscall(ctx, num, args)
			if change, changed := other(p, num, args); change {
				return r0, r1, changed
			}
			return r0, r1, err
		})
	}
	return p
}

type callerFunc func(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error)

func (f callerFunc) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	return f(ctx, num, args)
}

func embedded(t *testing.T, r *kernel.Release) kernel.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Release: r})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// TestProbe has kernels of all releases, known by their numbers and not, found out.
func TestProbe(t *testing.T) {
	for _, r := range []*kernel.Release{kernel.NetBSD10, kernel.NetBSD79934} {
		k := embedded(t, r)
		if got, err := probing(t, k, nil).release(t.Context(), r.Revision); got != r || err != nil {
			t.Errorf("NetBSD %s is taken for %+v, %v", r.Version, got, err)
		}
		got, err := probing(t, k, nil).release(t.Context(), r.Revision+100)
		if err != nil || got.Routing != r.Routing || got.Version != r.Version || got.Revision != r.Revision+100 || got.BPFDirection != r.BPFDirection {
			t.Errorf("one of about NetBSD %s is taken for %+v, %v", r.Version, got, err)
		}
	}
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	k, err := New(Config{Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	want := k.Release()
	got, err := probing(t, k, nil).release(t.Context(), want.Revision)
	if err != nil || got.Version != want.Version || got.Routing != want.Routing {
		t.Errorf("NetBSD %s is taken for %+v, %v", want.Version, got, err)
	}
}

// TestMisfits has kernels with other system calls refused, in words that say which.
func TestMisfits(t *testing.T) {
	k := embedded(t, kernel.NetBSD10)
	for _, test := range []struct {
		want  string
		other func(p *probe, num syscalls.Number, args syscalls.Args) (bool, error)
	}{
		{
			"kevent(2) (call 435): Function not implemented",
			func(_ *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				return num == netbsd.SYS___kevent50, netbsd.ENOSYS
			},
		},
		{
			"kevent(2) (call 435): a struct of 72 bytes, not 40",
			func(p *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				if num == netbsd.SYS___kevent50 {
					copy(p.at(probeOut+40), make([]byte, 32))
				}
				return false, nil
			},
		},
		{
			"kevent(2) (call 435): struct kevent has another form",
			func(p *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				if num == netbsd.SYS___kevent50 {
					p.at(probeOut)[8]++ // the filter
				}
				return false, nil
			},
		},
		{
			"fstat(2) (call 440): a struct of 160 bytes, not 152",
			func(p *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				if num == netbsd.SYS___fstat50 {
					copy(p.at(probeOut+152), make([]byte, 8))
				}
				return false, nil
			},
		},
		{
			"SIOCGIFDATA: Inappropriate ioctl for device",
			func(_ *probe, num syscalls.Number, args syscalls.Args) (bool, error) {
				return num == netbsd.SYS_ioctl && args[1] == netbsd.SIOCGIFDATA, netbsd.ENOTTY
			},
		},
		{
			"routing messages: they are of version 5, not 4",
			func(p *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				if p.at(probeIn)[0] == netbsd.CTL_NET {
					p.at(probeOut)[2] = 5
				}
				return false, nil
			},
		},
		{
			"routing messages: an interface is one of type 14, with 168 bytes",
			func(p *probe, num syscalls.Number, _ syscalls.Args) (bool, error) {
				if p.at(probeIn)[0] == netbsd.CTL_NET {
					p.at(probeOut)[3] = 14
				}
				return false, nil
			},
		},
	} {
		_, err := probing(t, k, test.other).release(t.Context(), kernel.NetBSD10.Revision)
		if want := "the kernel, NetBSD 10.1, has other system calls than this package knows: " + test.want; err == nil || err.Error() != want {
			t.Errorf("%v, want\n%s", err, want)
		}
	}
}

// TestLittle has a kernel without a network found out.
func TestLittle(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	k, err := New(Config{Apart: true, Components: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := probing(t, k, nil).release(t.Context(), k.Release().Revision); err != nil {
		t.Error(err)
	}
	p := probing(t, k, nil)
	if _, err := syscalls.Socket(t.Context(), p.c, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0); err == nil || strings.Contains(err.Error(), "panic") {
		t.Errorf("a socket without a network: %v", err)
	}
}
