package words

import (
	"math/bits"
	"slices"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, n := range []Number{-1, 0, 2, 5, 1 << 30} {
		if c, ok := Lookup(n); ok {
			t.Errorf("Lookup(%d) = %v", n, c)
		}
	}
	for name, want := range map[string]Number{"lseek": 3, "__lseek50": 3, "exit": 1, "odd": 4} {
		if c, ok := ByName(name); !ok || c.Number != want {
			t.Errorf("ByName(%q) = %d, %t, want %d", name, c.Number, ok, want)
		}
	}
	for _, name := range []string{"", "lsee", "lseek5", "zzz"} {
		if c, ok := ByName(name); ok {
			t.Errorf("ByName(%q) = %v", name, c)
		}
	}
	if got := Number(3).String(); got != "lseek" {
		t.Errorf("call 3 is %q", got)
	}
	if got := Number(600).String(); got != "syscall 600" {
		t.Errorf("call 600 is %q", got)
	}
	var all []Number
	for c := range All() {
		all = append(all, c.Number)
	}
	if want := []Number{1, 3, 4}; !slices.Equal(all, want) {
		t.Errorf("All gives %d, want %d", all, want)
	}
	for range All() {
		break // must not go on
	}
}

// TestSlots has the places by hand: C's alignment of 64-bit integers is 8 on
// the 32-bit machine of the sample.
func TestSlots(t *testing.T) {
	type layout struct {
		slots []int
		all   int
	}
	want := map[string]layout{
		"exit": {[]int{0}, 1}, "lseek": {[]int{0, 1, 2, 3}, 4}, "odd": {[]int{0, 1, 2, 3}, 4},
	}
	if bits.UintSize == 32 {
		want = map[string]layout{
			"exit": {[]int{0}, 1}, "lseek": {[]int{0, 1, 2, 4}, 6}, "odd": {[]int{0, 2, 4, 6}, 8},
		}
	}
	for name, w := range want {
		c, _ := ByName(name)
		var slots []int
		for i := range c.Args {
			slots = append(slots, c.Slot(i))
		}
		if !slices.Equal(slots, w.slots) || c.Slots() != w.all || c.ArgSize() != w.all*bits.UintSize/8 {
			t.Errorf("%s: arguments at %d, %d slots, %d bytes; want %d and %d", name, slots, c.Slots(), c.ArgSize(), w.slots, w.all)
		}
	}
}

func TestValue(t *testing.T) {
	lseek, _ := ByName("lseek")
	args := Args{0xffffffff, 7}
	offset := -(int64(1) << 40)
	args[lseek.Slot(2)] = uintptr(offset)
	if wideSlots == 2 {
		args[lseek.Slot(2)+1] = uintptr(offset >> 32 & 0xffffffff)
	}
	args[lseek.Slot(3)] = 2
	for i, want := range []int64{-1, 0, offset, 2} {
		if got := int64(lseek.Value(&args, i)); got != want {
			t.Errorf("%s is %d, want %d", lseek.Args[i].Name, got, want)
		}
	}
	odd, _ := ByName("odd")
	args = Args{^uintptr(0)}
	args[odd.Slot(2)] = ^uintptr(0)
	for i, want := range []uint64{uint64(^uintptr(0)), 0, uint64(^uint(0)), 0} {
		if got := odd.Value(&args, i); got != want {
			t.Errorf("%s is %#x, want %#x", odd.Args[i].Name, got, want)
		}
	}
}
