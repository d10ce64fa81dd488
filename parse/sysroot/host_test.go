package sysroot

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/abigen/abigen/abi/ctype"
)

func TestHost(t *testing.T) {
	if _, err := findCompiler(); err != nil {
		t.Skip(err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("knows where Linux has its headers")
	}
	t.Setenv("CC", "")
	h, err := OpenHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	self := ctype.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	inc, err := h.Includes(t.Context(), self)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stddef.h", "linux/types.h"} {
		p, err := inc.Find(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, ok := inc.IncludeName(p); !ok || got != name {
			t.Errorf("IncludeName(%q) = %q, %v, want %q", p, got, ok, name)
		}
		if _, err := fs.ReadFile(inc.FS, p); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(inc.Predefined, "#define __linux__ 1\n") {
		t.Error("__linux__ is not predefined")
	}
	if strings.ContainsAny(inc.Name, `/\`) || !strings.HasPrefix(inc.Name, "host, ") {
		t.Errorf("Name = %q", inc.Name)
	}

	_, err = h.Includes(t.Context(), ctype.Target{OS: "netbsd", Arch: "amd64"})
	if !errors.As(err, new(*TargetError)) || !strings.HasSuffix(err.Error(), "has no headers for netbsd/amd64; it has "+self.String()) {
		t.Errorf("another target: %v", err)
	}
}

func TestHostWithoutCompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CC", "")
	if _, err := OpenHost(t.Context()); !errors.Is(err, ErrNoCompiler) {
		t.Errorf("empty PATH: %v, want %v", err, ErrNoCompiler)
	}
	t.Setenv("CC", "no-such-cc -m32")
	if _, err := OpenHost(t.Context()); !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "no-such-cc") {
		t.Errorf("CC=no-such-cc: %v, want %v", err, exec.ErrNotFound)
	}
}

// TestHostCompiler has a compiler of our own in CC, with an argument.
func TestHostCompiler(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "inc/stdio.h"), "")
	p := &fakePip{t: t, dir: dir}
	p.command("mycc", `test "$1" = --sysroot=x || exit 9
case "$*" in
*-dM*) echo '#define __aarch64__ 1'; echo '#define __linux__ 1'; echo '#define __clang__ 1'
	echo '#define __clang_major__ 7'; echo '#define __clang_minor__ 8'; echo '#define __clang_patchlevel__ 9';;
*-v*) cat >&2 <<END
#include "..." search starts here:
 `+dir+`/quote
#include <...> search starts here:
 `+dir+`/missing
 `+dir+`/x/../inc
 `+dir+` (framework directory)
End of search list.
 `+dir+`
END
esac
`)
	t.Setenv("CC", filepath.Join(dir, "mycc")+" --sysroot=x")
	h, err := OpenHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	inc, err := h.Includes(t.Context(), ctype.Target{OS: "linux", Arch: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{strings.TrimPrefix(filepath.ToSlash(dir), "/") + "/inc"}; !slices.Equal(inc.Dirs, want) {
		t.Errorf("Dirs = %q, want %q", inc.Dirs, want)
	}
	if inc.Name != "host, clang 7.8.9" {
		t.Errorf("Name = %q", inc.Name)
	}
	if want := "#define __aarch64__ 1\n#define __linux__ 1\n"; inc.Predefined != want {
		t.Errorf("Predefined = %q, want %q", inc.Predefined, want)
	}
}

func TestHostCompilerFails(t *testing.T) {
	p := &fakePip{t: t, dir: t.TempDir()}
	p.command("mycc", "echo 'mycc: out of order' >&2; exit 1\n")
	t.Setenv("CC", filepath.Join(p.dir, "mycc"))
	_, err := OpenHost(t.Context())
	if err == nil || !strings.Contains(err.Error(), "mycc -dM -E -x c") || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("OpenHost: %v", err)
	}
}

func TestDigester(t *testing.T) {
	files := fstest.MapFS{
		"a/x.h":     {Data: []byte("x")},
		"b/x.h":     {Data: []byte("hidden")},
		"b/sys/y.h": {Data: []byte("y")},
		"c/z.h":     {Data: []byte("z")},
	}
	inc := &Includes{FS: files, Dirs: []string{"a", "b"}, Predefined: "#define A 1\n"}
	names := []string{"x.h", "sys/y.h"}
	sum := func(inc *Includes, names []string) string {
		t.Helper()
		var d Digester
		s, err := d.Sum(inc, names)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := sum(inc, names)
	if got := sum(inc, names); got != first {
		t.Error("the same files have two hashes")
	}

	// Elsewhere, on disk, twice with one Digester: the same.
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "1/x.h"), "x")
	writeFile(t, filepath.Join(dir, "2/x.h"), "hidden")
	writeFile(t, filepath.Join(dir, "2/sys/y.h"), "y")
	moved := &Includes{FS: os.DirFS(dir), Dirs: []string{"1", "2"}, Predefined: inc.Predefined}
	var d Digester
	for range 2 {
		if got, err := d.Sum(moved, names); err != nil || got != first {
			t.Errorf("moved: %s, %v, want %s", got, err, first)
		}
	}

	for _, tt := range []struct {
		name   string
		change func(fs fstest.MapFS, inc *Includes)
	}{
		{"contents", func(f fstest.MapFS, _ *Includes) { f["b/sys/y.h"] = &fstest.MapFile{Data: []byte("Y")} }},
		{"hidden file", func(f fstest.MapFS, _ *Includes) { f["b/x.h"] = &fstest.MapFile{Data: []byte("more")} }},
		{"new file in front", func(f fstest.MapFS, _ *Includes) { f["a/sys/y.h"] = f["b/sys/y.h"] }},
		{"macros", func(_ fstest.MapFS, inc *Includes) { inc.Predefined = "#define A 2\n" }},
		{"target", func(_ fstest.MapFS, inc *Includes) { inc.Target.Arch = "386" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed, f := *inc, fstest.MapFS{}
			for name, file := range files {
				f[name] = file
			}
			changed.FS = f
			tt.change(f, &changed)
			if sum(&changed, names) == first {
				t.Error("the hash did not change")
			}
		})
	}
	if _, err := d.Sum(inc, []string{"z.h"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file in no directory: %v, want %v", err, fs.ErrNotExist)
	}
}
