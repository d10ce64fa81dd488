// Package probetest gives tests the C compilers that judge our work, and skips
// them where there is none.
package probetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/parse/sysroot"
)

// Zig returns zig's C compiler for a target. The test is skipped when the
// cache directory ([sysroot.DefaultCache]) does not hold the package, since a
// test should not download it, or when zig cannot compile for the target.
func Zig(tb testing.TB, target ctype.Target) *cprobe.Compiler {
	tb.Helper()
	c, err := OpenZig(tb).Compiler(tb.Context(), target)
	if err != nil {
		tb.Skip(err)
	}
	return &cprobe.Compiler{Path: c.Path, Args: c.Args, Env: c.Env}
}

// OpenZig returns the zig sysroot, or skips the test when it is not there.
func OpenZig(tb testing.TB) *sysroot.Zig {
	tb.Helper()
	cache, err := sysroot.DefaultCache()
	if err != nil {
		tb.Skip(err)
	}
	if _, err := os.Stat(filepath.Join(cache, "ziglang-"+sysroot.DefaultZigVersion)); err != nil {
		tb.Skipf("no ziglang package in the cache (make run fetches it): %v", err)
	}
	z, err := sysroot.OpenZig(tb.Context(), sysroot.Options{Cache: cache})
	if err != nil {
		tb.Skip(err)
	}
	return z
}

// GCC returns this machine's gcc when it compiles for the target, or skips the
// test.
func GCC(tb testing.TB, target ctype.Target) *cprobe.Compiler {
	tb.Helper()
	c, err := cprobe.Find(tb.Context(), "gcc")
	if err != nil {
		tb.Skip(err)
	}
	if !c.GCC {
		tb.Skip("gcc is another compiler here")
	}
	macros := map[ctype.Target]string{
		{OS: "linux", Arch: "amd64"}: "__linux__ && __x86_64__ && __LP64__",
		{OS: "linux", Arch: "arm64"}: "__linux__ && __aarch64__",
	}
	cond := macros[target]
	if cond == "" {
		tb.Skipf("gcc is not asked about %s", target)
	}
	if _, err := c.Ask(tb.Context(), cprobe.Source{Preamble: "#if !(" + cond + ")\n#error another machine\n#endif\n"}, []cprobe.Probe{{Expr: "1"}}); err != nil {
		tb.Skipf("gcc does not compile for %s", target)
	}
	return c
}
