package abi_test

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi"
)

// A port lies in a socket address most significant byte first.
func ExampleMakeBE16() {
	port := abi.MakeBE16(443)
	fmt.Printf("% x\n", abi.AsBytes(&port))
	fmt.Println(port.Uint16(), port)
	// Output:
	// 01 bb
	// 443 443
}

// An address is followed through a memory, here one of 16 bytes at 0x1000.
func ExampleMemory() {
	var m abi.Memory = &abi.Bytes{Base: 0x1000, Data: []byte("0123456789abcdef")}
	p := make([]byte, 4)
	fmt.Println(m.ReadAt(p, 0x100a), string(p))
	fmt.Println(m.ReadAt(p, 0x100e))
	// Output:
	// <nil> abcd
	// read of 4 bytes at 0x100e: bad address
}

// What does not fit on the other side says where it stood.
func ExampleOutOfRange() {
	err := abi.OutOfRange("msghdr", "msg_iovlen", uint64(1)<<40)
	fmt.Println(err)
	fmt.Println(errors.Is(err, abi.ErrRange))
	// Output:
	// msghdr.msg_iovlen = 0x10000000000: value does not fit
	// true
}

// A table by hand: 8 there is 3 here, 0 is 0, everything else is nothing.
func ExampleLookup() {
	table := []abi.Entry[uint8]{0: {To: 0, OK: true}, 8: {To: 3, OK: true}}
	fmt.Println(abi.Lookup(table, 8))
	fmt.Println(abi.Lookup(table, 7))
	// Output:
	// 3 true
	// 0 false
}

// Bits without a row are told apart from bits that are dropped on purpose.
func ExampleFlags() {
	flags := abi.Flags[uint32, uint32]{{From: 0x40, To: 0x80}, {From: 0x800, To: 0}}
	to, unknown, ok := flags.Map(0x40 | 0x800 | 0x8000)
	fmt.Printf("%#x %#x %t\n", to, unknown, ok)
	// Output: 0x80 0x8000 false
}
