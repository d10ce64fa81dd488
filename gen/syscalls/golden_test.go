package syscalls_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/gen/syscalls"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

var update = flag.Bool("update", false, "rewrite the want files of the golden tests")

// The package that the golden tests make, and the one of its types.
const (
	callsPath = "example.com/sys/syscalls"
	typesPath = "example.com/sys"
)

// TestGolden reads testdata/*.txtar: C headers, and what has to come out for
// them. The archive comment says what a case is about. The headers are
// numbers.h, calls.h (the prototypes) and args.h; "status" is the option, a
// JSON list; "targets" are those that it is made for. What is wanted is the
// plan and the files, or the errors.
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
			a.Files = append(a.Files, txtar.File{Name: file, Data: []byte(got[file])})
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
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got; -update accepts what is got\n%s", diff)
	}
}

// generate returns what a case gives, under the names it has in the archive.
func generate(t *testing.T, a *txtar.Archive) map[string]string {
	t.Helper()
	targets := "netbsd/amd64 netbsd/arm64 netbsd/386 netbsd/arm"
	opt := syscalls.Options{
		Package: "syscalls", Import: callsPath, System: "Example", Numbers: "numbers.h", Prototypes: "calls.h",
		Place: func(string) ctype.Pos { return ctype.Pos{File: "abigen.yaml", Line: 3, Col: 5} },
	}
	for _, f := range a.Files {
		switch f.Name {
		case "targets":
			targets = string(f.Data)
		case "status":
			if err := json.Unmarshal(f.Data, &opt.Status); err != nil {
				t.Fatal(err)
			}
		}
	}
	fsys, err := txtar.FS(a)
	if err != nil {
		t.Fatal(err)
	}
	var units []*ctype.Unit
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
		u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: []string{"numbers.h", "calls.h", "args.h"}}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u)
	}
	sys, err := namespace.NewPlan(units, nil, namespace.Options{Package: "sys", Import: typesPath, System: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	plan, err := syscalls.NewPlan(units, sys, opt)
	if err != nil {
		got["want/errors"] = err.Error() + "\n"
		return got
	}
	got["want/plan"] = plan.String()
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	sysFiles, err := sys.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range sys.Archs() {
		if err := check(arch, sysFiles, files); err != nil {
			t.Errorf("%s: %v", arch, err)
		}
	}
	for name, text := range files {
		if name != "zcaller.go" { // is a file of internal/words
			got["want/"+name] = string(text)
		}
	}
	return got
}

// stdlib loads the standard library's types from source, once for all tests:
// it does not depend on what is installed.
var stdlib = struct {
	sync.Mutex
	types.Importer
}{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil)}

// known are packages that are made here, before those of the standard library.
type known map[string]*types.Package

func (k known) Import(path string) (*types.Package, error) {
	if p := k[path]; p != nil {
		return p, nil
	}
	stdlib.Lock()
	defer stdlib.Unlock()
	return stdlib.Importer.Import(path)
}

// check type-checks the packages as a Go compiler for the architecture sees
// them.
func check(arch string, sys, calls map[string][]byte) error {
	known := make(known)
	for _, pkg := range []struct {
		path  string
		files map[string][]byte
	}{
		{"github.com/abigen/abigen/abi", map[string][]byte{"abi.go": []byte("package abi\n\ntype Addr uintptr\n")}},
		{typesPath, sys},
		{callsPath, calls},
	} {
		fset := token.NewFileSet()
		var parsed []*ast.File
		for _, name := range slices.Sorted(maps.Keys(pkg.files)) {
			base := strings.TrimSuffix(name, ".go")
			suffix := base[strings.LastIndexByte(base, '_')+1:]
			if slices.Contains([]string{"amd64", "arm64", "386", "arm"}, suffix) && suffix != arch {
				continue
			}
			f, err := parser.ParseFile(fset, name, pkg.files[name], parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			parsed = append(parsed, f)
		}
		conf := types.Config{Importer: known, Sizes: types.SizesFor("gc", arch)}
		p, err := conf.Check(pkg.path, fset, parsed, nil)
		if err != nil {
			return err
		}
		known[pkg.path] = p
	}
	return nil
}

// TestWords holds that no function can take a name of the copied part.
func TestWords(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "internal/words/words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var exported bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(f.Scope.Objects)) {
		if ast.IsExported(name) {
			exported.WriteString(name + " ")
		}
	}
	if got, want := exported.String(), strings.Join(syscalls.ReservedNames, " ")+" "; got != want {
		t.Errorf("words.go has\n%sreserved are\n%s", got, want)
	}
}
