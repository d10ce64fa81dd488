package abi_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/abigen/abigen/abi"
)

func TestNetworkOrder(t *testing.T) {
	b16, b32, b64 := abi.MakeBE16(0x1234), abi.MakeBE32(0x12345678), abi.MakeBE64(0x123456789abcdef0)
	for _, test := range []struct {
		name      string
		got, want []byte
	}{
		{"BE16", abi.AsBytes(&b16), []byte{0x12, 0x34}},
		{"BE32", abi.AsBytes(&b32), []byte{0x12, 0x34, 0x56, 0x78}},
		{"BE64", abi.AsBytes(&b64), []byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0}},
	} {
		if !bytes.Equal(test.got, test.want) {
			t.Errorf("%s lies in memory as % x, want % x", test.name, test.got, test.want)
		}
	}
	if b16.Uint16() != 0x1234 || b32.Uint32() != 0x12345678 || b64.Uint64() != 0x123456789abcdef0 {
		t.Errorf("read back %#x, %#x, %#x", b16.Uint16(), b32.Uint32(), b64.Uint64())
	}
	if s := abi.MakeBE16(443).String() + " " + abi.MakeBE32(1).String() + " " + abi.MakeBE64(2).String(); s != "443 1 2" {
		t.Errorf("printed as %q", s)
	}
	if native := binary.NativeEndian.Uint16(abi.AsBytes(&b16)); native != uint16(b16) {
		t.Errorf("a BE16 is %#x, its bytes %#x", uint16(b16), native)
	}
}

func TestAddrAdd(t *testing.T) {
	top := ^abi.Addr(0)
	for _, test := range []struct {
		a  abi.Addr
		n  uint64
		ok bool
	}{
		{0, 0, true}, {0x1000, 16, true}, {top, 0, true}, {top, 1, false}, {top - 15, 16, false}, {1, ^uint64(0), false},
	} {
		sum, ok := test.a.Add(test.n)
		if ok != test.ok || ok && uint64(sum-test.a) != test.n {
			t.Errorf("%s + %d = %s, %t", test.a, test.n, sum, ok)
		}
	}
	if !abi.Addr(0).IsNull() || abi.Addr(1).IsNull() {
		t.Error("null is not null, or something else is")
	}
}

func TestFieldError(t *testing.T) {
	for _, test := range []struct {
		err  error
		over error
		want string
	}{
		{abi.OutOfRange("msghdr", "msg_iovlen", uint64(0x10000000000)), abi.ErrRange, "msghdr.msg_iovlen = 0x10000000000: value does not fit"},
		{abi.OutOfRange("timeval", "tv_usec", int64(-5)), abi.ErrRange, "timeval.tv_usec = -5: value does not fit"},
		{abi.OutOfRange("timeval", "tv_usec", int64(-1<<63)), abi.ErrRange, "timeval.tv_usec = -0x8000000000000000: value does not fit"},
		{abi.NoCounterpart("sockaddr_in6", "sin6_family", uint16(28)), abi.ErrNoCounterpart, "sockaddr_in6.sin6_family = 28: no counterpart"},
		{abi.NoCounterpart("errno", "", 4096), abi.ErrNoCounterpart, "errno = 0x1000: no counterpart"},
		{abi.BadLength("cmsghdr", "cmsg_len", uint32(3)), abi.ErrLength, "cmsghdr.cmsg_len = 3: bad length"},
		{abi.Truncated("sockaddr", "", 1), abi.ErrTruncated, "sockaddr = 1: truncated"},
		{abi.NoSpace("sockaddr", "", 16), abi.ErrSpace, "sockaddr = 16: no space for the result"},
		{abi.BadString("ifreq", "ifr_name", 16), abi.ErrString, "ifreq.ifr_name = 16: not a proper string"},
	} {
		if test.err.Error() != test.want {
			t.Errorf("got %q, want %q", test.err, test.want)
		}
		if !errors.Is(test.err, test.over) {
			t.Errorf("%v is not %v", test.err, test.over)
		}
	}
}

func TestLookup(t *testing.T) {
	table := []abi.Entry[int8]{{To: 5, OK: true}, {}, {To: 0, OK: true}}
	for v, want := range map[int]int8{0: 5, 2: 0} {
		if got, ok := abi.Lookup(table, v); got != want || !ok {
			t.Errorf("%d became %d, %t; want %d", v, got, ok, want)
		}
	}
	for _, v := range []int{1, 3, -1, 1 << 40 >> 20} {
		if got, ok := abi.Lookup(table, v); ok {
			t.Errorf("%d became %d; want nothing", v, got)
		}
	}
}

func TestFlags(t *testing.T) {
	flags := abi.Flags[uint32, uint16]{{From: 0x30, To: 1}, {From: 0x10, To: 2}, {From: 0x100, To: 0}}
	for _, test := range []struct {
		v       uint32
		to      uint16
		unknown uint32
	}{
		{0, 0, 0}, {0x30, 3, 0}, {0x10, 2, 0}, {0x20, 0, 0x20}, {0x110, 2, 0}, {0x8110, 2, 0x8000},
	} {
		to, unknown, ok := flags.Map(test.v)
		if to != test.to || unknown != test.unknown || ok != (test.unknown == 0) {
			t.Errorf("%#x became %#x, rest %#x, %t; want %#x, %#x", test.v, to, unknown, ok, test.to, test.unknown)
		}
	}
}

func testMemory(t *testing.T, m abi.Memory, a abi.Addr, bad ...abi.Addr) {
	t.Helper()
	if err := m.WriteAt([]byte("hello"), a+1); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if err := m.ReadAt(p, a+1); err != nil || string(p) != "hello" {
		t.Fatalf("read %q, %v", p, err)
	}
	if err := m.ReadAt(nil, a); err != nil {
		t.Errorf("reading nothing: %v", err)
	}
	for _, b := range bad {
		for _, err := range []error{m.ReadAt(p, b), m.WriteAt(p, b)} {
			var e *abi.AddrError
			if !errors.Is(err, abi.ErrFault) || !errors.As(err, &e) || e.Addr != b || e.Len != 5 {
				t.Errorf("at %s: %v", b, err)
			} else if want := e.Op + " of 5 bytes at " + b.String(); !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q does not begin with %q", err, want)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	m := &abi.Bytes{Base: 0x1000, Data: make([]byte, 16)}
	testMemory(t, m, 0x1000, 0, 0xfff, 0x100c, 0x1010, ^abi.Addr(0))
	if string(m.Data[1:6]) != "hello" {
		t.Errorf("the slice holds %q", m.Data)
	}
}

func TestIsZero(t *testing.T) {
	for b, want := range map[string]bool{"": true, "\x00": true, "\x00\x00\x00": true, "\x00a": false, "a\x00": false} {
		if got := abi.IsZero([]byte(b)); got != want {
			t.Errorf("%q: %t", b, got)
		}
	}
}

func TestPathBytes(t *testing.T) {
	for _, test := range []struct {
		b, want string
		err     error
	}{
		{"", "", nil}, {"/ab", "/ab", nil}, {"/a\x00x", "/a\x00", nil}, {"/abc", "/abc", nil}, {"/abc\x00", "/abc", nil},
		{"/abcd", "", abi.ErrRange}, {"\x00", "", abi.ErrNoCounterpart}, {"\x00abc", "", abi.ErrNoCounterpart},
		{"\x00\x00\x00\x00\x00\x00", "", nil}, {"\x00\x00\x00\x00\x00\x01", "", abi.ErrNoCounterpart},
	} {
		got, err := abi.PathBytes("sockaddr_un", "sun_path", []byte(test.b), 6, 4)
		if string(got) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q: %q, %v; want %q, %v", test.b, got, err, test.want, test.err)
		}
	}
}

func TestOverlap(t *testing.T) {
	b := make([]byte, 10)
	for _, test := range []struct {
		x, y []byte
		want bool
	}{
		{b, b, true}, {b[:5], b[5:], false}, {b[:6], b[5:], true}, {b[2:3], b, true}, {b[5:], b[:5], false}, {b[:0], b, false}, {nil, b, false},
	} {
		if got := abi.Overlap(test.x, test.y); got != test.want {
			t.Errorf("%d bytes and %d bytes: %t", len(test.x), len(test.y), got)
		}
	}
}

func TestAsBytes(t *testing.T) {
	v := struct{ a, b uint32 }{1, 2}
	if b := abi.AsBytes(&v); len(b) != 8 || unsafe.Pointer(&b[0]) != unsafe.Pointer(&v) {
		t.Errorf("%d bytes elsewhere", len(b))
	}
}
