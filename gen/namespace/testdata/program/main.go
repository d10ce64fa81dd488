// This program uses the package that TestRun generates, which lies beside it
// for the time of the test only. It prints what does not come out as it should.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/gen/namespace/testdata/netbsd"
	"github.com/abigen/abigen/gen/namespace/testdata/netbsd/portable"
)

func main() {
	bitFields()
	unions()
	packed()
	numbers()
	decode()
	encode()
	nativeAndPortable()
}

// same complains when two values differ.
func same[T comparable](what string, got, want T) {
	if got != want {
		fmt.Printf("%s: got %v, want %v\n", what, got, want)
		os.Exit(1)
	}
}

func bitFields() {
	var h netbsd.IP
	h.SetHl(0xf5) // only the low bits count
	h.SetV(4)
	h.SetS(-3)
	h.SetWide(1<<27 - 1)
	same("hl", h.Hl(), 5)
	same("v", h.V(), 4)
	same("s", h.S(), -3)
	same("wide", h.Wide(), 1<<27-1)
	h.SetWide(0)
	same("s beside wide", h.S(), -3)

	var s netbsd.Straddle
	s.SetA(7)
	s.SetB(-1 << 32)
	s.SetC(1<<30 - 1)
	s.SetB(12345)
	same("a", s.A(), 7)
	same("b", s.B(), 12345)
	s.SetB(-2)
	same("negative b", s.B(), -2)
	same("c", s.C(), 1<<30-1)
}

func unions() {
	var v netbsd.Sigval
	*v.Int() = -7
	same("int", *v.Int(), -7)
	*v.Ptr() = abi.Addr(9)
	same("int of ptr", *v.Int(), 9)

	var e netbsd.Sigevent
	*e.B() = 0x01020304
	*e.A() = 0x0506
	same("long", *e.Long(), 0x01020304_00000506)
	e.SetBit(-4)
	same("bit", e.Bit(), -4)
	same("long beside bit", *e.Long(), 0x01020304_00000506)
	*e.Value.Int() = 3
	same("value", *e.Value.Int(), 3)
}

func packed() {
	var e netbsd.EpollEvent
	var d netbsd.EpollData
	*d.U64() = 1<<63 | 5
	e.SetData(d)
	e.SetEvents(0x80000001)
	e.Last = 1
	d = e.Data()
	same("u64", *d.U64(), 1<<63|5)
	same("events", e.Events(), 0x80000001)
}

func numbers() {
	same("text", netbsd.ENOENT.Error(), "No such file or directory")
	same("no text", netbsd.Errno(99).Error(), "errno 99")
	same("negative", netbsd.Errno(-1).Error(), "errno -1")
	same("gap", netbsd.Errno(3).Error(), "errno 3")
	same("name", netbsd.EWOULDBLOCK.Name(), "EAGAIN")
	same("no name", netbsd.Errno(-1).Name()+netbsd.Errno(3).Name()+netbsd.Errno(1<<30).Name(), "")
	same("is", errors.Is(netbsd.ENOENT, fs.ErrNotExist), true)
	same("is not", errors.Is(netbsd.EAGAIN, fs.ErrNotExist), false)
	same("unsupported", errors.Is(netbsd.ENOTSUP, errors.ErrUnsupported), true)
	same("timeout", netbsd.EAGAIN.Timeout(), true)
	var _ os.Signal = netbsd.SIGHUP
	same("signal", netbsd.SIGHUP.String(), "Hangup")
}

// ipBytes is a struct ip; what its bits mean depends on the machine.
var ipBytes = []byte{0x45, 1, 2, 3, 0x1f, 0, 0, 0x80}

func decode() {
	var h portable.IP
	same("little", h.Decode(portable.ARM, ipBytes), nil)
	same("little", h, portable.IP{Hl: 5, V: 4, Tos: 1, Len: 0x0302, S: -1, Wide: 0x80000000 >> 5})
	same("big", h.Decode(portable.SPARC64, ipBytes), nil)
	same("big", h, portable.IP{Hl: 4, V: 5, Tos: 1, Len: 0x0203, S: 3, Wide: 0x7000080})

	before := h
	if err := h.Decode(portable.MIPS, ipBytes[:7]); !errors.Is(err, abi.ErrTruncated) || h != before {
		same("short", err.Error(), "an error, and nothing read")
	}
	same("no target", h.Decode(0, ipBytes), portable.ErrTarget)

	a := portable.SockaddrIn6{Len: 28, Family: 24, Port: 80, Flowinfo: 1, ScopeID: 2}
	for _, t := range []portable.Target{portable.AMD64, portable.MIPS} {
		b := make([]byte, portable.SizeofSockaddrIn6(t))
		same("encode", a.Encode(t, b), nil)
		same("port on the wire", [2]byte(b[2:]), [2]byte{0, 80})
		same("scope", b[24] == 2, !t.BigEndian())
		var back portable.SockaddrIn6
		same("decode", back.Decode(t, b), nil)
		same("round trip", back, a)
	}
}

func encode() {
	m := portable.Msghdr{Name: 1 << 32}
	b := make([]byte, 64)
	same("wide enough", m.Encode(portable.AMD64, b), nil)
	b[0] = 0xee
	err := m.Encode(portable.MIPS, b)
	if !errors.Is(err, abi.ErrRange) || b[0] != 0xee {
		same("too wide", fmt.Sprint(err), "msghdr.msg_name does not fit, and nothing written")
	}
	if err := m.Encode(portable.AMD64, b[:47]); !errors.Is(err, abi.ErrSpace) {
		same("no room", fmt.Sprint(err), "no space")
	}
	h := portable.IP{Hl: 16}
	if err := h.Encode(portable.AMD64, b); !errors.Is(err, abi.ErrRange) {
		same("bits", fmt.Sprint(err), "ip_hl does not fit")
	}
	h = portable.IP{S: -17}
	if err := h.Encode(portable.AMD64, b); !errors.Is(err, abi.ErrRange) {
		same("signed bits", fmt.Sprint(err), "ip_s does not fit")
	}
	for _, t := range []portable.Target{portable.AMD64, portable.ARM64, portable.I386, portable.ARM, portable.SPARC64, portable.MIPS} {
		h := portable.IP{Hl: 5, V: 4, Len: 1000, S: -16, Wide: 5}
		same("encode "+t.String(), h.Encode(t, b), nil)
		var back portable.IP
		same("decode "+t.String(), back.Decode(t, b), nil)
		same(t.String(), back, h)
		f := portable.Nested{One: portable.Flex{N: 7}, Values: [3]int32{1, -2, 3}, Many: [2]portable.Flex{{N: 8}, {N: 9}}, F: 1.5}
		same("encode "+t.String(), f.Encode(t, b), nil)
		var again portable.Nested
		same("decode "+t.String(), again.Decode(t, b), nil)
		same(t.String(), again, f)
	}
}

// nativeAndPortable reads the same bytes through the accessors of the struct
// and through Decode, which do not share a line.
func nativeAndPortable() {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		var b [16]byte
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		n := (*netbsd.IP)(unsafe.Pointer(&b))
		var p portable.IP
		same("decode", p.Decode(portable.AMD64, b[:]), nil)
		same("native", portable.IP{Hl: n.Hl(), V: n.V(), Tos: n.Tos, Len: n.Len, S: n.S(), Wide: n.Wide()}, p)

		s := (*netbsd.Straddle)(unsafe.Pointer(&b))
		var q portable.Straddle
		same("decode", q.Decode(portable.AMD64, b[:]), nil)
		same("native", portable.Straddle{A: s.A(), B: s.B(), C: s.C(), D: s.D}, q)

		// What is stored through one is read through the other.
		s.SetA(uint32(random.Uint32()))
		s.SetB(int64(random.Uint64()))
		s.SetC(uint32(random.Uint32()))
		same("decode", q.Decode(portable.AMD64, b[:]), nil)
		same("stored", portable.Straddle{A: s.A(), B: s.B(), C: s.C(), D: s.D}, q)
	}
}
