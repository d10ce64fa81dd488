package sysroot

import (
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

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
