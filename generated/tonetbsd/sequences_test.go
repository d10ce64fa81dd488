package tonetbsd_test

import (
	"bytes"
	"errors"
	"testing"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
)

// A byteConverter is the two converters of one sort of bytes, with good ones of
// Linux's form.
type byteConverter struct {
	name     string
	toN, toL func(dst, src []byte) (int, error)
	good     []byte
}

// dirents makes a buffer as getdents64 fills it.
func dirents(names ...string) []byte {
	var b []byte
	for i, name := range names {
		d := linux.Dirent64{Ino: uint64(i + 1), Type: linux.DT_REG}
		copy(d.Name[:], name)
		size := (int(unsafe.Offsetof(d.Name)) + len(name) + 1 + 7) &^ 7
		d.Reclen = uint16(size)
		b = append(b, abi.AsBytes(&d)[:size]...)
	}
	return b
}

func interfaces() []byte {
	var b []byte
	for _, name := range []string{"lo", "eth0"} {
		var r linux.Ifreq
		copy(abi.AsBytes(&r), name)
		setLen(&r.Ifru.Addr().Family, linux.AF_INET)
		b = append(b, abi.AsBytes(&r)...)
	}
	return b
}

func byteConverters() []byteConverter {
	fds := [2]linux.Pollfd{{FD: 3, Events: linux.POLLIN}, {FD: 4, Events: linux.POLLOUT, Revents: linux.POLLOUT}}
	var iov [3]linux.Iovec
	setLen(&iov[1].Len, 77)
	var msgs [2]linux.Mmsghdr
	msgs[1].Len = 9
	return []byteConverter{
		{"Sockaddr", tonetbsd.Sockaddr, tolinux.Sockaddr, inet6()},
		{"ControlMessages", tonetbsd.ControlMessages, tolinux.ControlMessages, rights(3, 4)},
		{"Iovecs", tonetbsd.Iovecs, tolinux.Iovecs, bytes.Clone(abi.AsBytes(&iov))},
		{"Pollfds", tonetbsd.Pollfds, tolinux.Pollfds, bytes.Clone(abi.AsBytes(&fds))},
		{"Mmsghdrs", tonetbsd.Mmsghdrs, tolinux.Mmsghdrs, bytes.Clone(abi.AsBytes(&msgs))},
		{"Dirents", tonetbsd.Dirents, tolinux.Dirents, dirents(".", "..", "a.out", "a-name-that-is-longer")},
		{"InterfaceAddresses", tonetbsd.InterfaceAddresses, tolinux.InterfaceAddresses, interfaces()},
	}
}

// TestBytes converts good bytes there and back, in buffers without alignment, and
// then what is left of them when they are cut, and with less room than they need.
func TestBytes(t *testing.T) {
	for _, b := range byteConverters() {
		t.Run(b.name, func(t *testing.T) {
			src := append([]byte{0xff}, b.good...)[1:]
			dst := make([]byte, 2049)[1:]
			n, err := b.toN(dst, src)
			if err != nil || n == 0 {
				t.Fatalf("%d, %v", n, err)
			}
			back := make([]byte, 2049)[1:]
			m, err := b.toL(back, dst[:n])
			if err != nil || !bytes.Equal(back[:m], b.good) {
				t.Fatalf("came back as\n% x, %v, want\n% x", back[:m], err, b.good)
			}
			for room := range n - 16 {
				if _, err := b.toN(make([]byte, room), src); !errors.Is(err, abi.ErrSpace) {
					t.Fatalf("in %d bytes: %v", room, err)
				}
			}
			for cut := range len(src) {
				if _, err := b.toN(dst, src[:cut]); err != nil && err.Error() == "" {
					t.Fatalf("cut to %d bytes: an error without a text", cut)
				}
			}
			if b.name != "Sockaddr" { // which may overlap
				if _, err := b.toN(src, src); !errors.Is(err, abi.ErrOverlap) {
					t.Errorf("in place: %v", err)
				}
			}
			if allocs := testing.AllocsPerRun(100, func() { _, _ = b.toN(dst, src) }); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}

func TestDirentErrors(t *testing.T) {
	lie := func(n uint16) []byte {
		b := dirents("name")
		copy(b[16:], abi.AsBytes(&n))
		return b
	}
	whole := linux.Dirent64{Reclen: linux.SizeofDirent64}
	for i := range whole.Name {
		whole.Name[i] = 'x'
	}
	for _, test := range []struct {
		name string
		src  []byte
		want error
	}{
		{"zero length", lie(0), abi.ErrLength},
		{"length inside the header", lie(19), abi.ErrLength},
		{"length past the end", lie(1000), abi.ErrLength},
		{"length in front of the NUL", lie(22), abi.ErrString},
		{"no NUL at all", abi.AsBytes(&whole), abi.ErrString},
		{"half a header", dirents("name")[:18], abi.ErrTruncated},
		{"garbage behind", append(dirents("name"), 1), abi.ErrTruncated},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := tonetbsd.Dirents(make([]byte, 1024), test.src); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// FuzzBytes converts whatever the fuzzer writes, in both directions.
func FuzzBytes(f *testing.F) {
	for i, b := range byteConverters() {
		f.Add(uint8(i), b.good)
		f.Add(uint8(i), b.good[:len(b.good)-1])
	}
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		all := byteConverters()
		b := all[int(which)%len(all)]
		dst, again := make([]byte, 8*len(src)+600), make([]byte, 16*len(src)+1200)
		if n, err := b.toN(dst, src); err == nil {
			if _, err := b.toL(again, dst[:n]); err != nil {
				t.Fatalf("%s: % x became % x: %v", b.name, src, dst[:n], err)
			}
		} else if err.Error() == "" {
			t.Fatal("an error without a text")
		}
		if _, err := b.toL(dst, src); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}
