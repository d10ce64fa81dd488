package parse_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// FuzzHeaders feeds mutated headers: nothing may panic or hang, and what is
// accepted must hold together.
func FuzzHeaders(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, h := range ar.Files {
			if !strings.HasPrefix(h.Name, "want/") {
				f.Add(string(h.Data))
				// Pieces mutate into more than whole headers do.
				for line := range strings.Lines(string(h.Data)) {
					f.Add(line)
				}
			}
		}
	}
	target := ctype.Target{OS: "netbsd", Arch: "sparc64"}
	pre, err := sysroot.Predefined(target)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		fsys := fstest.MapFS{
			"i/a.h": {Data: []byte(header)},
			"i/b.h": {Data: []byte("typedef int b_t;\n#define B 1\n")},
		}
		inc := &sysroot.Includes{Name: "fuzz", Target: target, FS: fsys, Dirs: []string{"i"}, Predefined: pre}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		opt := parse.Options{ExpansionLimit: 100_000, IncludeDepth: 10, MaxIncludes: 100, Hostile: true}
		// A hang would otherwise only stop the fuzzer, without the input.
		hang := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("hangs on %q", header)) })
		defer hang.Stop()
		u, err := parse.Headers(ctx, inc, parse.Group{Headers: []string{"a.h", "b.h"}}, opt)
		if err == nil {
			if err := ctypeCheck(u); err != nil {
				t.Error(err)
			}
			return
		}
		var list parse.ErrorList
		if !errors.As(err, &list) || len(list) == 0 {
			t.Errorf("error %v (%T) is no list", err, err)
		}
	})
}
