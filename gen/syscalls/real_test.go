package syscalls_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/gen/syscalls"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse"
)

var realArchs = []string{"amd64", "arm64", "386", "arm"}

// realHeaders are what this project's own configuration names.
var realHeaders = parse.Group{
	Name:    "syscalls",
	Define:  []parse.Define{{Name: "_KMEMUSER", Value: "1"}},
	Headers: []string{"sys/types.h", "sys/param.h", "sys/syscall.h", "rump/rump_syscalls.h", "sys/syscallargs.h"},
}

// realUnits parses NetBSD's headers for the four architectures, or skips the
// test when they are not there.
func realUnits(tb testing.TB) []*ctype.Unit {
	tb.Helper()
	zig := probetest.OpenZig(tb)
	var units []*ctype.Unit
	for _, arch := range realArchs {
		inc, err := zig.Includes(tb.Context(), ctype.Target{OS: "netbsd", Arch: arch})
		if err != nil {
			tb.Fatal(err)
		}
		u, err := parse.Headers(tb.Context(), inc, realHeaders, parse.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		units = append(units, u)
	}
	return units
}

func realPlan(tb testing.TB, units []*ctype.Unit) (*syscalls.Plan, *namespace.Plan) {
	tb.Helper()
	types, err := namespace.NewPlan(units, nil, namespace.Options{Package: "sys", Import: typesPath, System: "NetBSD"})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := syscalls.NewPlan(units, types, syscalls.Options{
		Package: "syscalls", Import: callsPath, System: "NetBSD",
		Numbers: "sys/syscall.h", Prototypes: "rump/rump_syscalls.h",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p, types
}

// TestReal makes the package of NetBSD's headers. Every prototype has to come
// out as a function, and every call with its arguments.
func TestReal(t *testing.T) {
	units := realUnits(t)
	p, types := realPlan(t, units)
	for _, s := range p.Report() {
		for _, bad := range []string{"the prototype", "second prototype", "not declared", "registers"} {
			if strings.Contains(s.Reason, bad) {
				t.Errorf("%s: %s", s.Name, s.Reason)
			}
		}
	}
	for _, u := range units {
		prototypes := 0
		for _, f := range u.Funcs {
			if strings.HasPrefix(f.Name, "rump_sys_") {
				prototypes++
			}
		}
		functions := 0
		for _, c := range p.Calls(u.Target.Arch) {
			if c.Func != "" {
				functions++
			}
		}
		if functions != prototypes || functions == 0 {
			t.Errorf("%s: %d functions for %d prototypes", u.Target, functions, prototypes)
		}
	}
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("type-checks package sys")
	}
	sys, err := types.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range realArchs {
		if err := check(arch, sys, files); err != nil {
			t.Errorf("%s: %v", arch, err)
		}
	}
}

// TestSlotsAgainstCompiler asks a C compiler where each argument of each call
// lies in the kernel's struct.
func TestSlotsAgainstCompiler(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a C compiler")
	}
	p, _ := realPlan(t, realUnits(t))
	for _, arch := range realArchs {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			cc := probetest.Zig(t, ctype.Target{OS: "netbsd", Arch: arch})
			src := cprobe.Source{Flags: []string{"-D_KMEMUSER=1"}, Preamble: "#include <stddef.h>\n"}
			for _, h := range realHeaders.Headers {
				src.Preamble += "#include <" + h + ">\n"
			}
			probes := []cprobe.Probe{{Expr: "sizeof(register_t)"}}
			var want []int64
			for _, c := range p.Calls(arch) {
				if c.Struct == "" {
					continue
				}
				for _, a := range c.Args {
					probes = append(probes, cprobe.Probe{Expr: fmt.Sprintf("offsetof(%s, %s)", c.Struct, a.Name)})
					want = append(want, a.Slot)
				}
				if c.Symbol != "syscall" && c.Symbol != "__syscall" { // these end in arguments of another
					probes = append(probes, cprobe.Probe{Expr: fmt.Sprintf("sizeof(%s)", c.Struct)})
					want = append(want, c.Slots)
				}
			}
			answers, err := cc.Ask(t.Context(), src, probes)
			if err != nil {
				t.Fatal(err)
			}
			if len(want) < 1000 {
				t.Errorf("only %d questions", len(want))
			}
			word := answers[0].Int.Bits
			for i, a := range answers[1:] {
				if a.Err != nil || a.Int.Bits != uint64(want[i])*word {
					t.Errorf("%s is %s (%v), want slot %d", probes[i+1].Expr, a.Int, a.Err, want[i])
				}
			}
		})
	}
}

// TestPackage runs the tests of this project's package of system calls for the
// 32-bit architecture that this machine can run.
func TestPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds tests for another architecture")
	}
	if runtime.GOARCH != "amd64" || !slices.Contains([]string{"linux", "freebsd", "netbsd", "windows"}, runtime.GOOS) {
		t.Skipf("%s/%s does not run programs of 386", runtime.GOOS, runtime.GOARCH)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "./internal/words", "../../netbsd/syscalls")
	cmd.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func BenchmarkReal(b *testing.B) {
	units := realUnits(b)
	for b.Loop() {
		p, _ := realPlan(b, units)
		if _, err := p.Files(); err != nil {
			b.Fatal(err)
		}
	}
}
