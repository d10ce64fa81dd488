package tonetbsd_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

func TestIoctl(t *testing.T) {
	for _, test := range []struct {
		name   string
		nb, lx uint64
	}{
		{"FIONREAD", 0x4004667f, 0x541b}, {"FIONBIO", 0x8004667e, 0x5421}, {"FIOASYNC", 0x8004667d, 0x5452},
		{"FIOCLEX", 0x20006601, 0x5451}, {"FIONCLEX", 0x20006602, 0x5450}, {"SIOCATMARK", 0x40047307, 0x8905},
		{"SIOCGIFADDR", 0xc0906921, 0x8915}, {"SIOCSIFADDR", 0x8090690c, 0x8916}, {"SIOCGIFFLAGS", 0xc0906911, 0x8913},
		{"SIOCGIFMTU", 0xc090697e, 0x8921}, {"SIOCGIFINDEX", 0xc090698c, 0x8933}, {"TIOCGWINSZ", 0x40087468, 0x5413},
		{"TIOCGETA", 0x402c7413, 0x802c542a},
	} {
		if got, ok := tonetbsd.Ioctl(test.lx); got != test.nb || !ok {
			t.Errorf("tonetbsd.Ioctl(%s %#x) = %#x, %t; want %#x", test.name, test.lx, got, ok, test.nb)
		}
		if got, ok := tolinux.Ioctl(test.nb); got != test.lx || !ok {
			t.Errorf("tolinux.Ioctl(%s %#x) = %#x, %t; want %#x", test.name, test.nb, got, ok, test.lx)
		}
	}
	for _, none := range []uint64{0, 0x8946, 0x5401, 0x890b, 1 << 40, 0x541b | 1<<32} {
		if got, ok := tonetbsd.Ioctl(none); ok {
			t.Errorf("tonetbsd.Ioctl(%#x) = %#x; want none", none, got)
		}
	}
	// The older 32-byte ifreq gave its requests other numbers.
	if got, ok := tolinux.Ioctl(0xc0206921); ok {
		t.Errorf("an old SIOCGIFADDR became %#x", got)
	}
}

// TestIoctlRoundTrip gives an ioctl of a Linux program to NetBSD and what came of it
// back, as a translator does.
func TestIoctlRoundTrip(t *testing.T) {
	arg := make([]byte, linux.SizeofIfreq)
	copy(arg, "lo0")
	copy(arg[16:], "garbage that a program left here") // in a union that the kernel fills in
	in := make([]byte, 512)
	n, err := tonetbsd.IoctlArgument(linux.SIOCGIFADDR, in, arg)
	if err != nil || n != netbsd.SizeofIfreq || !bytes.HasPrefix(in, []byte("lo0\x00")) || !bytes.Equal(in[16:n], make([]byte, n-16)) {
		t.Fatalf("SIOCGIFADDR in: %d, %v, % x", n, err, in[:n])
	}
	// What the kernel writes: 127.0.0.1 in NetBSD's form.
	copy(in[16:], []byte{16, netbsd.AF_INET, 0, 0, 127, 0, 0, 1})
	out := make([]byte, 512)
	n, err = tolinux.IoctlResult(netbsd.SIOCGIFADDR, out, in[:n])
	if err != nil || n != linux.SizeofIfreq || !bytes.Equal(out[16:24], append(memory(uint16(linux.AF_INET)), 0, 0, 127, 0, 0, 1)) {
		t.Fatalf("SIOCGIFADDR out: %d, %v, % x", n, err, out[:n])
	}

	conf := memory(linux.Ifconf{Len: 3 * linux.SizeofIfreq})
	n, err = tonetbsd.IoctlArgument(linux.SIOCGIFCONF, in, conf)
	var nb netbsd.Ifconf
	copy(abi.AsBytes(&nb), in[:n])
	if err != nil || nb.Len != 3*netbsd.SizeofIfreq {
		t.Errorf("SIOCGIFCONF: room for %d bytes, %v", nb.Len, err)
	}

	// An argument that is only written is not read on the way in.
	if n, err := tonetbsd.IoctlArgument(linux.TIOCGWINSZ, in, nil); n != netbsd.SizeofWinsize || err != nil {
		t.Errorf("TIOCGWINSZ in: %d, %v", n, err)
	}
	size := memory(netbsd.Winsize{Row: 24, Col: 80})
	if n, err := tolinux.IoctlResult(netbsd.TIOCGWINSZ, out, size); err != nil || !bytes.Equal(out[:n], memory(linux.Winsize{Row: 24, Col: 80})) {
		t.Errorf("TIOCGWINSZ out: % x, %v", out[:n], err)
	}
	if n, err := tonetbsd.IoctlArgument(linux.FIONBIO, in, memory(int32(5))); err != nil || !bytes.Equal(in[:n], memory(int32(1))) {
		t.Errorf("FIONBIO: % x, %v", in[:n], err)
	}
	if n, err := tolinux.IoctlResult(netbsd.FIONBIO, out, nil); n != 0 || err != nil {
		t.Errorf("FIONBIO writes %d bytes, %v", n, err)
	}
}

func TestIoctlErrors(t *testing.T) {
	dst := make([]byte, 256)
	for _, test := range []struct {
		name string
		req  uint64
		src  []byte
		want error
	}{
		{"no such request", 0x8946, nil, abi.ErrNoCounterpart},
		{"half an int", linux.FIONBIO, []byte{1, 0}, abi.ErrLength},
		{"half an ifreq", linux.SIOCGIFADDR, make([]byte, 39), abi.ErrLength},
		{"a name without NUL", linux.SIOCGIFADDR, bytes.Repeat([]byte("x"), linux.SizeofIfreq), abi.ErrString},
		{"flags of Linux alone", linux.SIOCSIFFLAGS, append(make([]byte, 16), append(memory(int16(linux.IFF_SLAVE)), make([]byte, linux.SizeofIfreq-18)...)...), abi.ErrNoCounterpart},
	} {
		if _, err := tonetbsd.IoctlArgument(test.req, dst, test.src); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := tonetbsd.IoctlArgument(linux.TIOCGWINSZ, dst[:7], nil); !errors.Is(err, abi.ErrSpace) {
		t.Errorf("in 7 bytes: %v", err)
	}
}

func FuzzIoctl(f *testing.F) {
	f.Add(uint64(linux.SIOCGIFADDR), make([]byte, linux.SizeofIfreq))
	f.Add(uint64(linux.TCSETS2), make([]byte, linux.SizeofTermios2))
	f.Add(uint64(netbsd.TIOCSETA), make([]byte, netbsd.SizeofTermios))
	f.Fuzz(func(t *testing.T, request uint64, src []byte) {
		dst, again := make([]byte, 512), make([]byte, 512)
		if n, err := tonetbsd.IoctlArgument(request, dst, src); err == nil {
			back, ok := tonetbsd.Ioctl(request)
			if !ok {
				t.Fatalf("%#x has an argument and no counterpart", request)
			}
			if _, err := tolinux.IoctlArgument(back, again, dst[:n]); err != nil {
				t.Fatalf("%#x: % x became % x: %v", request, src, dst[:n], err)
			}
		}
		for _, convert := range []func(uint64, []byte, []byte) (int, error){tolinux.IoctlArgument, tolinux.IoctlResult, tonetbsd.IoctlResult} {
			if _, err := convert(request, dst, src); err != nil && err.Error() == "" {
				t.Fatal("an error without a text")
			}
		}
	})
}
