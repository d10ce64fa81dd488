package sysroot

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
)

// installedZig returns the zig sysroot of this machine's cache. These tests do
// not download it.
func installedZig(t *testing.T) *Zig {
	t.Helper()
	cache, err := DefaultCache()
	if err != nil {
		t.Skip(err)
	}
	tree := filepath.Join(cache, "ziglang-"+DefaultZigVersion, "tree")
	for _, name := range []string{"wheel.json", zigExecutable} {
		if _, err := os.Stat(filepath.Join(tree, name)); err != nil {
			t.Skipf("ziglang %s and its compiler are not in the cache; ABIGEN_CACHE names it", DefaultZigVersion)
		}
	}
	z, err := OpenZig(t.Context(), Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestPredefined(t *testing.T) {
	for _, row := range []struct {
		target ctype.Target
		has    []string
	}{
		{ctype.Target{OS: "netbsd", Arch: "amd64"}, []string{"__NetBSD__ 1", "__NetBSD_Version__ 1001000000", "__x86_64__ 1", "_LP64 1"}},
		// On this machine NetBSD's alignment of control messages is 16, by
		// way of __aarch64__ and a 128-bit integer.
		{ctype.Target{OS: "netbsd", Arch: "arm64"}, []string{"__aarch64__ 1", "__BIGGEST_ALIGNMENT__ 16", "__SIZEOF_INT128__ 16", "__CHAR_UNSIGNED__ 1"}},
		{ctype.Target{OS: "netbsd", Arch: "386"}, []string{"__i386__ 1", "__SIZEOF_POINTER__ 4", "__SIZE_TYPE__ unsigned int"}},
		{ctype.Target{OS: "netbsd", Arch: "arm"}, []string{"__arm__ 1", "__ARM_EABI__ 1", "__CHAR_UNSIGNED__ 1"}},
		{ctype.Target{OS: "netbsd", Arch: "sparc64"}, []string{"__sparc64__ 1", "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__", "_LP64 1"}},
		{ctype.Target{OS: "netbsd", Arch: "powerpc"}, []string{"__powerpc__ 1", "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__"}},
		{ctype.Target{OS: "netbsd", Arch: "mips"}, []string{"__mips__ 1", "_ABIO32 1", "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__"}},
		{ctype.Target{OS: "netbsd", Arch: "m68k"}, []string{
			"__m68k__ 1", "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__", "__SIZE_TYPE__ unsigned int", "__PTRDIFF_TYPE__ int",
			"__SIZEOF_LONG_DOUBLE__ 12", "__LDBL_MANT_DIG__ 64", "__BIGGEST_ALIGNMENT__ 8",
		}},
		{ctype.Target{OS: "linux", Arch: "amd64"}, []string{"__linux__ 1", "__GLIBC_MINOR__ ", "__x86_64__ 1"}},
		{ctype.Target{OS: "linux", Arch: "arm64"}, []string{"__linux__ 1", "__aarch64__ 1"}},
		{ctype.Target{OS: "linux", Arch: "386"}, []string{"__linux__ 1", "__i386__ 1"}},
		{ctype.Target{OS: "linux", Arch: "arm"}, []string{"__linux__ 1", "__ARM_PCS_VFP 1"}},
		{ctype.Target{OS: "freebsd", Arch: "amd64"}, []string{"__FreeBSD__ ", "__FreeBSD_version "}},
		{ctype.Target{OS: "freebsd", Arch: "arm64"}, []string{"__FreeBSD__ ", "__CHAR_UNSIGNED__ 1", "__WCHAR_TYPE__ unsigned int"}},
		{ctype.Target{OS: "freebsd", Arch: "386"}, []string{"__FreeBSD__ ", "__i386__ 1", "__SIZEOF_POINTER__ 4"}},
		{ctype.Target{OS: "freebsd", Arch: "arm"}, []string{"__FreeBSD__ ", "__ARM_PCS_VFP 1"}},
		{ctype.Target{OS: "darwin", Arch: "amd64"}, []string{"__APPLE__ 1", "__SIZEOF_LONG_DOUBLE__ 16"}},
		{ctype.Target{OS: "darwin", Arch: "arm64"}, []string{"__APPLE__ 1", "__arm64__ 1", "__SIZEOF_LONG_DOUBLE__ 8"}},
	} {
		text, err := Predefined(row.target)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, def := range append(row.has, "__GNUC__ 4", "__GNUC_MINOR__ 2", "__STDC_VERSION__ 2", "__CHAR_BIT__ 8") {
			if !strings.Contains("\n"+text, "\n#define "+def) {
				t.Errorf("%s: no #define %s", row.target, def)
			}
		}
		if strings.Contains(text, "clang") || strings.Contains(text, "http") {
			t.Errorf("%s: the table names the compiler", row.target)
		}
	}
	if _, err := Predefined(ctype.Target{OS: "plan9", Arch: "amd64"}); err == nil || !strings.Contains(err.Error(), "plan9/amd64") {
		t.Errorf("plan9/amd64: %v", err)
	}
}

// TestPredefinedIsCurrent compares the tables with the compiler. To bring them
// up to date, run go generate.
func TestPredefinedIsCurrent(t *testing.T) {
	z := installedZig(t)
	for _, target := range Targets() {
		t.Run(target.String(), func(t *testing.T) {
			t.Parallel()
			want, err := z.Macros(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Predefined(target)
			if err != nil {
				t.Fatal(err)
			}
			gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
			for i := range min(len(gotLines), len(wantLines)) {
				if gotLines[i] != wantLines[i] {
					t.Fatalf("line %d: table has %q, zig cc %q", i+1, gotLines[i], wantLines[i])
				}
			}
			if len(gotLines) != len(wantLines) {
				t.Fatalf("table has %d lines, zig cc %d", len(gotLines), len(wantLines))
			}
		})
	}
}

// TestSearchOrder compares the rows of targets with what zig cc searches.
func TestSearchOrder(t *testing.T) {
	z := installedZig(t)
	lib := filepath.Join(z.tree(), "lib")
	for _, target := range Targets() {
		t.Run(target.String(), func(t *testing.T) {
			t.Parallel()
			cc, err := z.preprocessor(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), cc.Path, append(cc.Args, "-v", "-E", "-x", "c", os.DevNull)...)
			cmd.Env = append(cmd.Environ(), cc.Env...)
			log, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, log)
			}
			text := regexp.MustCompile(`(?m)^ `+regexp.QuoteMeta(lib)+`/`).ReplaceAllString(string(log), " /")
			got := searchDirs(text, os.DirFS(lib))
			inc, err := z.Includes(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, ":") != strings.Join(inc.Dirs, ":") {
				t.Errorf("zig cc searches %q, Includes has %q", got, inc.Dirs)
			}
		})
	}
}

// TestMachineAlignment has the compiler, with its own macros and with those of
// our tables alone, expand the alignment of NetBSD's control messages, which
// each machine derives from predefined macros.
func TestMachineAlignment(t *testing.T) {
	z := installedZig(t)
	for arch, want := range map[string]string{
		"amd64": "(sizeof(long) - 1)", "arm64": "(sizeof(__int128_t) - 1)", "386": "(sizeof(int) - 1)", "arm": "(sizeof(long long) - 1)",
		"sparc64": "((size_t)0xf)", "powerpc": "(sizeof(double) - 1)", "mips": "((size_t)7)", "m68k": "(sizeof(int) - 1)",
	} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			target := ctype.Target{OS: "netbsd", Arch: arch}
			cc, err := z.preprocessor(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			macros, err := Predefined(target)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			const source = "#include <sys/param.h>\nalignment = __ALIGNBYTES\n"
			writeFile(t, filepath.Join(dir, "own.c"), source)
			writeFile(t, filepath.Join(dir, "table.c"), macros+source)
			for _, args := range [][]string{{"own.c"}, {"-undef", "table.c"}} {
				args = append(append(cc.Args, "-E", "-P", "-x", "c"), args...)
				cmd := exec.CommandContext(t.Context(), cc.Path, args...)
				cmd.Env = append(cmd.Environ(), cc.Env...)
				cmd.Dir = dir
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("zig %q: %v", args, err)
				}
				_, got, ok := strings.Cut(string(out), "alignment = ")
				if !ok || strings.TrimSpace(got) != want {
					t.Errorf("zig %q: __ALIGNBYTES expands to %q, want %q", args, strings.TrimSpace(got), want)
				}
			}
		})
	}
}

func TestZigCompiles(t *testing.T) {
	z := installedZig(t)
	for _, row := range targets {
		if row.describeOnly {
			continue
		}
		t.Run(row.String(), func(t *testing.T) {
			t.Parallel()
			cc, err := z.Compiler(t.Context(), row.Target)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "a.c"), "#include <sys/types.h>\n#include <sys/socket.h>\nstruct sockaddr sa;\n")
			cmd := exec.CommandContext(t.Context(), cc.Path, append(cc.Args, "-c", "a.c", "-o", "a.o")...)
			cmd.Env = append(cmd.Environ(), cc.Env...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if _, err := os.Stat(filepath.Join(dir, "a.o")); err != nil {
				t.Error(err)
			}
		})
	}
}
