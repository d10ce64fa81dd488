package sysroot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

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
