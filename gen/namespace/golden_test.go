package namespace

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

var update = flag.Bool("update", false, "rewrite the want files of the golden tests")

// TestGolden reads testdata/*.txtar: C headers, and what has to come out for
// them. The archive comment says what a case is about. "options" is a JSON
// form of [Options]; the headers are parsed in their order for the
// targets in "targets". What is wanted is the plan, the report, and the Go
// files that are in the archive already under want/, or all with -update.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			golden(t, name)
		})
	}
}

func golden(t *testing.T, name string) {
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got := generate(t, a)
	if *update {
		a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want/") })
		for _, file := range slices.Sorted(maps.Keys(got)) {
			a.Files = append(a.Files, txtar.File{Name: file, Data: got[file]})
		}
		if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := make(map[string]string)
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want/") {
			want[f.Name] = string(f.Data)
		}
	}
	text := make(map[string]string)
	for name, data := range got {
		text[name] = string(data)
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("-want +got; -update accepts what is got\n%s", diff)
	}
}

// generate returns what a case gives, under the names it has in the archive.
func generate(t *testing.T, a *txtar.Archive) map[string][]byte {
	t.Helper()
	var opt Options
	targets := "netbsd/amd64 netbsd/arm64 netbsd/386 netbsd/arm"
	var headers []string
	for _, f := range a.Files {
		switch {
		case f.Name == "options":
			d := json.NewDecoder(bytes.NewReader(f.Data))
			d.DisallowUnknownFields()
			if err := d.Decode(&opt); err != nil {
				t.Fatalf("options: %v", err)
			}
		case f.Name == "targets":
			targets = string(f.Data)
		case !strings.HasPrefix(f.Name, "want/"):
			headers = append(headers, f.Name)
		}
	}
	opt.Package, opt.Import, opt.System = "sys", "example.com/sys", "Example"
	fsys, err := txtar.FS(a)
	if err != nil {
		t.Fatal(err)
	}
	var units, extra []*ctype.Unit
	for _, word := range strings.Fields(targets) {
		target, err := ctype.ParseTarget(word)
		if err != nil {
			t.Fatal(err)
		}
		predefined, err := sysroot.Predefined(target)
		if err != nil {
			t.Fatal(err)
		}
		inc := &sysroot.Includes{Name: "the test's headers", Target: target, FS: fsys, Dirs: []string{"."}, Predefined: predefined}
		u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: headers}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		switch target.Arch {
		case "amd64", "arm64", "386", "arm":
			units = append(units, u)
		default:
			extra = append(extra, u)
		}
	}
	got := make(map[string][]byte)
	plan, err := NewPlan(units, extra, opt)
	if err != nil {
		got["want/errors"] = []byte(err.Error() + "\n")
		return got
	}
	var report bytes.Buffer
	for _, s := range plan.Report() {
		fmt.Fprintf(&report, "%s:%d: %s: %s\n", s.Pos.File, s.Pos.Line, s.Name, s.Reason)
	}
	got["want/report"] = report.Bytes()
	got["want/plan"] = []byte(plan.String())
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		switch name {
		case "zdoc.go", "zaccess.go": // the same in all cases
		default:
			got["want/"+name] = text
		}
	}
	for _, arch := range plan.Archs() {
		pkg, err := Check(opt.Import, arch, files)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		CheckLayout(t, plan, arch, pkg)
	}
	return got
}
