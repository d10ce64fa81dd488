package parse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/internal/verify"
	"github.com/abigen/abigen/parse"
)

// TestGoldenCompilers holds the goldens, which -update writes from our own
// results, against zig cc.
func TestGoldenCompilers(t *testing.T) {
	probetest.OpenZig(t)
	for _, name := range []string{"attributes", "constants", "declarators"} {
		t.Run(name, func(t *testing.T) {
			ar, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range ar.Files {
				if rest, ok := strings.CutPrefix(f.Name, "include/"); ok {
					if err := os.WriteFile(filepath.Join(dir, rest), f.Data, 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			targets, group := directives(t, ar)
			for _, target := range targets {
				u, err := parse.Headers(t.Context(), includes(t, ar, target), group, parse.Options{})
				if err != nil {
					t.Fatal(err)
				}
				judge := verify.Judge{Name: "zig cc", Compiler: probetest.Zig(t, target), Flags: []string{"-I" + dir, "-w"}}
				res, err := verify.Headers(t.Context(), judge, group, u)
				if err != nil {
					t.Fatal(err)
				}
				if res.Claims == 0 {
					t.Error("nothing was compared")
				}
				for _, d := range res.Differences {
					// The record has no name of its own; the typedef, by
					// which the question names it, is aligned further.
					if d.What == "alignment of anon_aligned" {
						continue
					}
					t.Error(d)
				}
			}
		})
	}
}
