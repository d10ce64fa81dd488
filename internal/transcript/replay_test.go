package transcript_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A fake is a kernel of one process, whose calls are made by a function.
type fake struct {
	mem    abi.Memory
	signal func(netbsd.Signal)
	call   func(f *fake, ctx context.Context, args syscalls.Args) (uintptr, error)
}

func (f *fake) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	f.signal = opt.Signal
	return f, nil
}
func (f *fake) Release() *kernel.Release  { return kernel.NetBSD79934 }
func (f *fake) Support() []kernel.Support { return nil }
func (f *fake) Close() error              { return nil }
func (f *fake) PID() int                  { return 2 }
func (f *fake) Exec(string) error         { return nil }
func (f *fake) Exit()                     {}
func (f *fake) Fork(kernel.ForkHow, kernel.ProcessOptions) (kernel.Process, error) {
	return f, nil
}
func (f *fake) NewThread(mem abi.Memory) (kernel.Thread, error) {
	f.mem = mem
	return f, nil
}

func (f *fake) Syscall(ctx context.Context, _ syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	r0, err = f.call(f, ctx, args)
	return r0, 7, err
}

// write and read use the memory of the caller, as hex digits.
func (f *fake) write(a uintptr, digits string) {
	b, err := hex.DecodeString(digits)
	if err == nil {
		err = f.mem.WriteAt(b, abi.Addr(a))
	}
	if err != nil {
		panic(err)
	}
}

func (f *fake) read(a uintptr, n int) string {
	b := make([]byte, n)
	if err := f.mem.ReadAt(b, abi.Addr(a)); err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

func (f *fake) pointer(a uintptr) uintptr {
	var b [8]byte
	if err := f.mem.ReadAt(b[:], abi.Addr(a)); err != nil {
		panic(err)
	}
	p := uintptr(0)
	for i := range b {
		p |= uintptr(b[i]) << (8 * i)
	}
	return p
}

const (
	returnsPipe = `{"call":"pipe2","num":1,"args":[{"ptr":8},0],"errno":0,"ret":[0],"out":{"arg0":[{"newfd":"r"},{"newfd":"w"}]}},`
	opens       = `{"call":"open","num":1,"args":[],"errno":0,"ret":[{"newfd":"a"}]},`
)

// TestReplay holds what agrees with a step and what does not.
func TestReplay(t *testing.T) {
	type caller = func(f *fake, ctx context.Context, a syscalls.Args) (uintptr, error)
	for _, tc := range []struct {
		name, steps string
		call        caller
		want        string // a part of the first difference; "" for none
	}{
		{"success", `{"num":1,"args":[],"errno":0,"ret":[3,7]}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 3, nil }, ""},
		{"register", `{"num":1,"args":[],"errno":0,"ret":[3]}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 4, nil }, "register 0 is 4, not 3"},
		{"second register", `{"num":1,"args":[],"errno":0,"ret":[{"any":true},8]}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 4, nil }, "register 1 is 7, not 8"},
		{"errno", `{"num":1,"args":[],"errno":9}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 0, netbsd.EINVAL }, "EINVAL, not EBADF"},
		{"accepted errno", `{"num":1,"args":[],"errno":-3,"accept":[22]}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 0, netbsd.EINVAL }, ""},
		{"quirk", `{"num":1,"args":[],"errno":9,"quirk":"odd"}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 0, nil }, ""},
		{"no errno", `{"num":1,"args":[],"errno":9}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 0, context.Canceled }, "context canceled"},
		{"panic", `{"num":1,"args":[],"errno":9,"quirk":"odd"}`, func(*fake, context.Context, syscalls.Args) (uintptr, error) { panic("no") }, "panic: no"},
		{"words", `{"num":1,"args":[-1,null,18446744073709551615],"errno":0}`, func(_ *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
			if a[0] != ^uintptr(0) || a[1] != 0 || a[2] != ^uintptr(0) {
				return 0, netbsd.EINVAL
			}
			return 0, nil
		}, ""},
		{"new descriptors in memory", returnsPipe + `{"num":1,"args":[{"fd":"w"},{"nfds":["r","w"]}],"errno":0,"ret":[{"fd":"w"}]}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				if a[0] == 6 {
					return a[1] - 1, nil
				}
				f.write(a[0], "0500000006000000")
				return 0, nil
			}, ""},
		{"a descriptor without a name", opens + `{"num":1,"args":[{"fd":"a"}],"errno":0}`,
			func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 0, netbsd.EMFILE }, "EMFILE, not success"},
		{"content", `{"num":1,"args":[{"ptr":8}],"in":{"arg0":"0102"},"errno":0,"out":{"arg0":"ff"}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				if f.read(a[0], 8) != "0102a5a5a5a5a5a5" {
					return 0, netbsd.EFAULT
				}
				f.write(a[0], "ff")
				return 0, nil
			}, ""},
		{"a byte too many", `{"num":1,"args":[{"ptr":4}],"errno":0,"out":{"arg0":"ff"}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				f.write(a[0], "ffff")
				return 0, nil
			}, "arg0: differs at 1..1; bytes 0 to 4:\n\tgot  ffffa5a5\n\twant ffa5a5a5"},
		{"masked", `{"num":1,"args":[{"ptr":4}],"errno":0,"out":{"arg0":"ff000001"},"mask":{"arg0":[[1,2]]}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				f.write(a[0], "ff998801")
				return 0, nil
			}, ""},
		{"behind the end", `{"num":1,"args":[{"ptr":4}],"errno":0}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				f.write(a[0]+4, "0102")
				return 0, nil
			}, "2 bytes were written behind its end"},
		{"a failed call's memory", `{"num":1,"args":[{"ptr":4}],"errno":22}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				f.write(a[0], "00")
				return 0, netbsd.EINVAL
			}, "arg0: differs at 0..0"},
		{"variables", `{"num":1,"args":[{"ptr":2}],"errno":0,"out":{"arg0":[{"var":"p","size":2}]}},` +
			`{"num":1,"args":[{"ptr":4}],"in":{"arg0":["0000",{"var":"p","size":2}]},"errno":0,"out":{"arg0":[{"var":"p","size":2}]}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				if f.read(a[0], 4) == "00001234" {
					f.write(a[0], "4321")
				} else {
					f.write(a[0], "1234")
				}
				return 0, nil
			}, "arg0: differs at 0..1; bytes 0 to 4:\n\tgot  43211234\n\twant 12341234"},
		{"vectors", `{"num":1,"args":[{"iov":[2,null,[1,5],[null,3]]}],"in":{"arg0.iov2":"cc"},"errno":0,"out":{"arg0.iov0":"abcd"}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				f.write(f.pointer(a[0]), "abcd")
				if f.pointer(a[0]+8) != 2 || f.pointer(a[0]+16) != 0 || f.read(f.pointer(a[0]+32), 1) != "cc" || f.pointer(a[0]+40) != 5 || f.pointer(a[0]+56) != 3 {
					return 0, netbsd.EFAULT
				}
				return 0, nil
			}, ""},
		{"message headers", `{"num":1,"args":[{"mmsghdr":[{"name":2,"namelen":16,"iov":[1],"control":null,"controllen":4,"flags":-1},{"name":null,"namelen":0,"iov":null,"iovlen":-1,"control":3,"controllen":0,"flags":0}]}],"errno":0,"out":{"arg0":[{},{"len":5}],"arg0.1.control":"01"}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				second := a[0] + 56
				if f.read(a[0]+44, 8) != "ffffffff00000000" || f.read(second+24, 4) != "ffffffff" {
					return 0, netbsd.EFAULT
				}
				f.write(second+48, "05000000")
				f.write(f.pointer(second+32), "01")
				return 0, nil
			}, ""},
		{"a set of descriptors", opens + `{"num":1,"args":[{"fdset":["a"]}],"errno":0,"out":{"arg0":{"fdset":[]}}}`,
			func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
				if a[0] == 0 {
					return 9, nil
				}
				if f.read(a[0], 2) != "0002" {
					return 0, netbsd.EBADF
				}
				f.write(a[0], "0000")
				return 0, nil
			}, ""},
		{"signals", `{"num":1,"args":[],"errno":32,"signals":[13]}`, func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
			f.signal(netbsd.SIGPIPE)
			return 0, netbsd.EPIPE
		}, ""},
		{"a signal too many", `{"num":1,"args":[],"errno":32}`, func(f *fake, _ context.Context, a syscalls.Args) (uintptr, error) {
			f.signal(netbsd.SIGPIPE)
			return 0, netbsd.EPIPE
		}, "signals [13], not []"},
		{"does not block", `{"call":"$lwp","name":"t"},{"num":1,"args":[],"lwp":"t","async":true},{"call":"$join","lwp":"t","errno":0,"ret":[3]}`,
			func(*fake, context.Context, syscalls.Args) (uintptr, error) { return 3, nil }, "did not block: returned 3"},
		{"blocks for ever", `{"call":"$lwp","name":"t"},{"num":1,"args":[],"lwp":"t","async":true}`,
			func(_ *fake, ctx context.Context, _ syscalls.Args) (uintptr, error) {
				<-ctx.Done()
				return 0, netbsd.EINTR
			}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			sc, err := transcript.Parse([]byte(`{"name":"n","area":"A","needs":[],"setup":"","steps":[` + tc.steps + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			got, err := transcript.Replay(&fake{call: tc.call}, sc)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tc.want == "" && len(got) > 0:
				t.Errorf("%v differs: %s", got[0].Step.Args, got[0].What)
			case tc.want != "" && len(got) == 0:
				t.Errorf("no difference, want: %s", tc.want)
			case tc.want != "" && !strings.Contains(got[0].What, tc.want):
				t.Errorf("got the difference %q, want %q", got[0].What, tc.want)
			}
		})
	}
}

// TestLines holds that steps know where they stand.
func TestLines(t *testing.T) {
	sc, err := transcript.Parse([]byte("{\"steps\":\n[\n {\"call\":\"a\"},\n\n {\"call\":\"$settle\"}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sc.Steps) != 2 || sc.Steps[0].Line != 3 || sc.Steps[1].Line != 5 || sc.Calls() != 1 {
		t.Errorf("got %+v", sc.Steps)
	}
	_, err = transcript.Parse([]byte("{\"steps\":[\n{\"args\":\n\n[true]}]}"))
	if err == nil || !strings.HasPrefix(err.Error(), "line 4: ") {
		t.Errorf("error %v, want one of line 4", err)
	}
}

func TestReadDeviations(t *testing.T) {
	const text = "# Title\n\n| scenario | lines | reason |\n|---|---|---|\n| A/b | 3, 7-8 | no | yes |\n| C/d | 1 | other |\n"
	d, err := transcript.ReadDeviations(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(d) != 2 || len(d["A/b"]) != 3 || d["A/b"][8] != "no | yes" || d["C/d"][1] != "other" {
		t.Errorf("got %v", d)
	}
	for _, bad := range []string{"| A/b | 3 | |", "| A/b | 0 | why |", "| A/b | 4-3 | why |", "| A/b | x | why |", "| A/b | | why |"} {
		if _, err := transcript.ReadDeviations(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
