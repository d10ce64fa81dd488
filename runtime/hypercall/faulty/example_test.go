package faulty_test

import (
	"fmt"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
)

// The second read of a file fails, and the others come up short.
func ExampleNew() {
	host := faulty.New(nil, faulty.Any(
		faulty.Nth(2, faulty.Op{Driver: "files", Name: "read"}, faulty.Fault{Err: netbsd.EIO}),
		faulty.Nth(0, faulty.Op{Driver: "files", Name: "read"}, faulty.Fault{Max: 10}),
	))
	f, err := host.Files.Open("/dev/zero", hypercall.OpenRead)
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 100)
	for range 3 {
		fmt.Println(f.Readv([][]byte{buf}, hypercall.Current))
	}
	fmt.Println(f.Close())
	// Output:
	// 10 <nil>
	// 0 files: read: Input/output error
	// 10 <nil>
	// <nil>
}

// An hour passes at once.
func ExampleClock() {
	clock := faulty.NewClock(nil)
	done := make(chan bool)
	clock.AfterFunc(time.Hour, func() { done <- true })
	clock.Advance(time.Hour)
	fmt.Println(<-done)
	// Output: true
}
