package sysroot

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const testVersion = "9.8.7"

// wheelName is what pip calls the package.
const wheelName = "ziglang-" + testVersion + "-py3-none-any.whl"

// wheelFiles returns the files of a small package: two NetBSD targets, one of
// Linux and a compiler.
func wheelFiles() map[string]string {
	return map[string]string{
		"ziglang-" + testVersion + ".dist-info/METADATA": "Metadata-Version: 2.1\nName: ziglang\nVersion: " + testVersion + "\n\nText: not a field\n",
		"ziglang/zig":                                                  "#!/bin/sh\necho '#define __FAKE__ 1'\n",
		"ziglang/lib/std/std.zig":                                      "// std\n",
		"ziglang/lib/std/big.zig":                                      "// not needed\n",
		"ziglang/lib/libc/darwin/SDKSettings.json":                     "{}\n",
		"ziglang/lib/include/stddef.h":                                 "/* stddef */\n",
		"ziglang/lib/libc/include/generic-netbsd/sys/socket.h":         "/* socket */\n",
		"ziglang/lib/libc/include/x86_64-netbsd-none/machine/types.h":  "/* amd64 */\n",
		"ziglang/lib/libc/include/aarch64-netbsd-none/machine/types.h": "/* arm64 */\n",
		"ziglang/lib/libc/include/any-windows-any/windows.h":           "/* not needed */\n",
	}
}

// wheelBytes makes a package of files.
func wheelBytes(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t *testing.T, p, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestCheckWheel(t *testing.T) {
	with := func(name, text string) map[string]string {
		files := wheelFiles()
		files[name] = text
		return files
	}
	without := func(name string) map[string]string {
		files := wheelFiles()
		delete(files, name)
		return files
	}
	meta := "ziglang-" + testVersion + ".dist-info/METADATA"
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"good", wheelBytes(t, wheelFiles()), nil},
		{"empty", nil, ErrBadWheel},
		{"not a zip", bytes.Repeat([]byte("<html>"), 100), ErrBadWheel},
		{"cut short", wheelBytes(t, wheelFiles())[:900], ErrBadWheel},
		{"no metadata", wheelBytes(t, without(meta)), ErrBadWheel},
		{"another package", wheelBytes(t, with(meta, "Name: zig\nVersion: "+testVersion+"\n")), ErrBadWheel},
		{"another version", wheelBytes(t, with(meta, "Name: ziglang\nVersion: 9.8.6\n")), ErrBadWheel},
		{"no NetBSD", wheelBytes(t, without("ziglang/lib/libc/include/generic-netbsd/sys/socket.h")), ErrNoNetBSD},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), wheelName)
			writeFile(t, p, string(tt.data))
			if err := checkWheel(p, testVersion); !errors.Is(err, tt.want) {
				t.Errorf("checkWheel: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestUnpackRefusesNames(t *testing.T) {
	for _, name := range []string{
		"ziglang/lib/include/../../../../evil.h",
		"../evil.h",
		"/etc/evil.h",
		"ziglang/lib/include/../include/evil.h",
	} {
		t.Run(name, func(t *testing.T) {
			files := wheelFiles()
			files[name] = "evil"
			dir := t.TempDir()
			p := filepath.Join(dir, wheelName)
			writeFile(t, p, string(wheelBytes(t, files)))
			if err := unpackTree(context.Background(), p, filepath.Join(dir, "a", "b"), treeParts()); !errors.Is(err, ErrBadWheel) {
				t.Errorf("unpackTree: %v, want %v", err, ErrBadWheel)
			}
			if got := listFiles(t, dir); !slices.Equal(got, []string{wheelName}) {
				t.Errorf("files after the refusal: %q", got)
			}
		})
	}
}

// TestUnpackRefusesLinks has a symbolic link in the package, by which a later
// file would be written elsewhere.
func TestUnpackRefusesLinks(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "ziglang/lib/include/link"}
	h.SetMode(os.ModeSymlink | 0o777)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("/tmp")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := filepath.Join(dir, wheelName)
	writeFile(t, p, b.String())
	if err := unpackTree(context.Background(), p, filepath.Join(dir, "tree"), treeParts()); !errors.Is(err, ErrBadWheel) {
		t.Errorf("unpackTree: %v, want %v", err, ErrBadWheel)
	}
	if _, err := os.Lstat(filepath.Join(dir, "tree/lib/include/link")); err == nil {
		t.Error("the link was made")
	}
}

func TestUnpackFindsDamage(t *testing.T) {
	data := wheelBytes(t, wheelFiles())
	// Deflated text starts after the name in the local header.
	name := []byte("ziglang/lib/include/stddef.h")
	i := bytes.Index(data, name)
	if i < 0 {
		t.Fatal("the archive does not hold the file's name")
	}
	data[i+len(name)+3] ^= 0xff
	dir := t.TempDir()
	p := filepath.Join(dir, wheelName)
	writeFile(t, p, string(data))
	if err := unpackTree(context.Background(), p, filepath.Join(dir, "tree"), treeParts()); !errors.Is(err, ErrBadWheel) {
		t.Errorf("unpackTree: %v, want %v", err, ErrBadWheel)
	}
}

// listFiles returns the files below dir, slash separated and sorted.
func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
