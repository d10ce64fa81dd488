package syscalls_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A tracer prints the calls that pass through it on their way to a kernel.
type tracer struct{ kernel syscalls.Caller }

func (t tracer) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	c, _ := syscalls.Lookup(num)
	var list []string
	for i, a := range c.Args {
		switch v := c.Value(&args, i); a.Kind {
		case syscalls.Padding:
		case syscalls.Pointer:
			list = append(list, fmt.Sprintf("%s=%#x", a.Name, v))
		default:
			list = append(list, fmt.Sprintf("%s=%d", a.Name, int64(v)))
		}
	}
	r0, r1, err = t.kernel.Syscall(ctx, num, args)
	fmt.Printf("%s(%s) = %d, %v\n", num, strings.Join(list, ", "), r0, err)
	return r0, r1, err
}

// What a kernel is asked can be shown by the table of system calls.
func Example() {
	ctx := context.Background()
	var c syscalls.Caller = tracer{&kernel{r0: 3}}
	s, err := syscalls.Socket(ctx, c, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	_, _ = syscalls.Pread(ctx, c, s, 0x1000, 512, -1)
	// Output:
	// socket(domain=2, type=2, protocol=0) = 3, <nil>
	// pread(fd=3, buf=0x1000, nbyte=512, offset=-1) = 3, <nil>
}

// A number leads to all that is known of a call, and so does a name.
func ExampleByName() {
	c, _ := syscalls.ByName("lseek")
	fmt.Println(c.Number, c.Symbol, c.Func)
	for _, a := range c.Args {
		fmt.Println(a.Type, a.Name)
	}
	c, _ = syscalls.ByName("compat_30_socket")
	fmt.Println(c.Note)
	// Output:
	// lseek lseek Lseek
	// int fd
	// int PAD
	// off_t offset
	// int whence
	// for programs of NetBSD 3.0 and before
}
