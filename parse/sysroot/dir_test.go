package sysroot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
)

// compSet makes a directory as NetBSD's comp set unpacks, without machine.
func compSet(t *testing.T, machines ...string) (root, include string) {
	t.Helper()
	root = t.TempDir()
	include = filepath.Join(root, "usr", "include")
	writeFile(t, filepath.Join(include, "sys/param.h"), "#define\t__NetBSD_Version__\t1001000000\t/* 10.1 */\n")
	writeFile(t, filepath.Join(include, "stdio.h"), "")
	for _, m := range machines {
		writeFile(t, filepath.Join(include, m, "types.h"), "/* "+m+" */\n")
	}
	return root, include
}

func symlink(t *testing.T, to, p string) {
	t.Helper()
	if err := os.Symlink(to, p); err != nil {
		t.Fatal(err)
	}
}

func TestDirMachine(t *testing.T) {
	amd64 := ctype.Target{OS: "netbsd", Arch: "amd64"}
	arm64 := ctype.Target{OS: "netbsd", Arch: "arm64"}
	for _, tt := range []struct {
		name   string
		make   func(t *testing.T) string
		target ctype.Target
		types  string // the contents of machine/types.h; empty for an error
		msg    string
	}{
		{"relative link", func(t *testing.T) string {
			root, include := compSet(t, "amd64", "i386")
			symlink(t, "amd64", filepath.Join(include, "machine"))
			return root
		}, amd64, "/* amd64 */\n", ""},
		{"absolute link", func(t *testing.T) string {
			root, include := compSet(t, "amd64", "i386")
			symlink(t, "/usr/include/amd64", filepath.Join(include, "machine"))
			return root
		}, amd64, "/* amd64 */\n", ""},
		{"the headers themselves", func(t *testing.T) string {
			_, include := compSet(t, "evbarm", "arm", "aarch64")
			symlink(t, "evbarm", filepath.Join(include, "machine"))
			return include
		}, arm64, "/* evbarm */\n", ""},
		{"no link", func(t *testing.T) string {
			root, _ := compSet(t, "amd64")
			return root
		}, amd64, "/* amd64 */\n", ""},
		{"a directory", func(t *testing.T) string {
			root, _ := compSet(t, "machine")
			return root
		}, amd64, "/* machine */\n", ""},
		{"another port", func(t *testing.T) string {
			root, include := compSet(t, "amd64", "i386")
			symlink(t, "amd64", filepath.Join(include, "machine"))
			return root
		}, arm64, "", "sysroot dir, NetBSD 10.1 has no headers for netbsd/arm64: its machine directory is amd64's; it has netbsd/amd64"},
		{"no port", func(t *testing.T) string {
			root, _ := compSet(t)
			return root
		}, amd64, "", "it has neither machine nor amd64; it has none"},
		{"another system", func(t *testing.T) string {
			root, _ := compSet(t, "amd64")
			return root
		}, ctype.Target{OS: "linux", Arch: "amd64"}, "", "has no headers for linux/amd64; it has netbsd/amd64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := OpenDir(tt.make(t))
			if err != nil {
				t.Fatal(err)
			}
			inc, err := d.Includes(t.Context(), tt.target)
			if tt.types == "" {
				if !errors.As(err, new(*TargetError)) || !strings.Contains(err.Error(), tt.msg) {
					t.Fatalf("Includes: %v, want a TargetError with %q", err, tt.msg)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := inc.Find("machine/types.h")
			if err != nil {
				t.Fatal(err)
			}
			b, err := fs.ReadFile(inc.FS, p)
			if err != nil || string(b) != tt.types {
				t.Errorf("%s: %q, %v, want %q", p, b, err, tt.types)
			}
			if name, ok := inc.IncludeName(p); !ok || name != "machine/types.h" {
				t.Errorf("IncludeName(%q) = %q, %v", p, name, ok)
			}
			if strings.Contains(inc.Predefined, "__NetBSD_Version__") {
				t.Error("__NetBSD_Version__ is predefined, and the headers define it")
			}
			if inc.Name != "dir, NetBSD 10.1" {
				t.Errorf("Name = %q", inc.Name)
			}
		})
	}
}

func TestOpenDirFails(t *testing.T) {
	notNetBSD := t.TempDir()
	writeFile(t, filepath.Join(notNetBSD, "sys/param.h"), "#define BSD 1\n")
	noParam := t.TempDir()
	writeFile(t, filepath.Join(noParam, "usr/include/stdio.h"), "")
	for _, tt := range []struct{ dir, want string }{
		{t.TempDir(), "neither"},
		{filepath.Join(t.TempDir(), "missing"), "no such file"},
		{notNetBSD, "does not know __NetBSD_Version__"},
		{noParam, "not NetBSD's headers"},
	} {
		if _, err := OpenDir(tt.dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("OpenDir: %v, want %q", err, tt.want)
		}
	}
}
