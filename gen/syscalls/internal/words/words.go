package words

import (
	"context"
	"iter"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// MaxArgs is the largest number of argument slots that a system call has.
const MaxArgs = 8

// Args are the argument slots of a system call, as they lie in memory in the
// kernel's struct of its arguments: one slot for each argument, two for a
// 64-bit argument on a 32-bit machine, the less significant half first, and
// slots of padding in front of some. An integer narrower than its slot is in
// the low bits, and the rest is zero, for negative ones too.
type Args [MaxArgs]uintptr

// A Caller makes system calls, as one thread of one process.
type Caller interface {
	// Syscall makes the system call num. The slots that it does not have
	// are not looked at.
	//
	// r0 and r1 are what the kernel returns in its two registers; when err
	// is not nil they mean nothing. err is an error number of the system
	// when the kernel refuses, and any other error when the call did not
	// reach a kernel or its answer got lost. It is never an error number
	// of zero.
	//
	// When ctx is done, a call that is blocked returns as one that a signal
	// interrupts does.
	Syscall(ctx context.Context, num Number, args Args) (r0, r1 uintptr, err error)
}

// A Number is the number of a system call.
type Number int32

// String returns the name of the call without its version, as "socket", or
// "syscall 600" for a number that has none.
func (n Number) String() string {
	if c, ok := Lookup(n); ok {
		return c.Name
	}
	return "syscall " + strconv.Itoa(int(n))
}

// A Call describes a system call.
type Call struct {
	Number Number
	Name   string // the name that programs use, as "socket"
	Symbol string // the name of this version of it, as "__socket30"
	Func   string // the function of this package that makes it; empty when there is none
	Args   []Arg  // in order, padding included
	Note   string // what else is to be known, such as why there is no function
}

// An Arg is an argument of a system call.
type Arg struct {
	Name string
	Type string // as C spells it
	Kind Kind
}

// A Kind tells how wide an argument is, and what its bits mean.
type Kind uint8

// The kinds of an argument.
const (
	Padding Kind = iota // one slot that means nothing
	Int32               // in the low bits of one slot
	Uint32
	Int // as wide as a slot
	Uint
	Int64 // one slot, or two
	Uint64
	Pointer
)

// wide tells that an argument takes two slots where slots have 32 bits.
func (k Kind) wide() bool { return k == Int64 || k == Uint64 }

// wideSlots is the number of slots that a 64-bit argument takes.
const wideSlots = 64 / bits.UintSize

// Slot returns the number of the first slot of argument i.
func (c Call) Slot(i int) int {
	slot := 0
	for j := range i + 1 {
		wide := c.Args[j].Kind.wide()
		if wide {
			slot = alignWide(slot)
		}
		switch {
		case j == i:
		case wide:
			slot += wideSlots
		default:
			slot++
		}
	}
	return slot
}

// Slots returns the number of slots that the kernel takes, which is the size
// of its struct of the arguments.
func (c Call) Slots() int {
	slots, align := 0, false
	for _, a := range c.Args {
		if !a.Kind.wide() {
			slots++
			continue
		}
		slots, align = alignWide(slots)+wideSlots, true
	}
	if align {
		slots = alignWide(slots)
	}
	return slots
}

// alignWide rounds up to a slot at which a 64-bit argument may begin.
func alignWide(slot int) int { return (slot + wideAlign - 1) &^ (wideAlign - 1) }

// ArgSize returns the size of the kernel's struct of the arguments, in bytes.
func (c Call) ArgSize() int { return c.Slots() * bits.UintSize / 8 }

// Value returns argument i, extended to 64 bits as its kind asks: the int -1
// is all ones. Padding is 0.
func (c Call) Value(args *Args, i int) uint64 {
	slot := c.Slot(i)
	v := uint64(args[slot])
	switch c.Args[i].Kind {
	case Padding:
		return 0
	case Int32:
		return uint64(int32(v))
	case Uint32:
		return uint64(uint32(v))
	case Int:
		return uint64(int(v))
	case Int64, Uint64:
		if wideSlots == 2 {
			v |= uint64(args[slot+1]) << 32
		}
	}
	return v
}

// Lookup returns the call with that number.
func Lookup(n Number) (Call, bool) {
	if n < 0 || int(n) >= len(table) || table[n].Symbol == "" {
		return Call{}, false
	}
	return table[n], true
}

// ByName returns the call of that name: "socket", which gives the version that
// programs are compiled for today, or a certain version, as "__socket30" or
// "compat_30_socket".
func ByName(name string) (Call, bool) {
	i, ok := slices.BinarySearchFunc(names[:], name, func(e entry, name string) int {
		return strings.Compare(e.name, name)
	})
	if !ok {
		return Call{}, false
	}
	return Lookup(names[i].number)
}

// An entry of the index by name.
type entry struct {
	name   string
	number Number
}

// All returns every call, by number.
func All() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		for i := range table {
			if table[i].Symbol != "" && !yield(table[i]) {
				return
			}
		}
	}
}
