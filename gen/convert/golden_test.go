package convert_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
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
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/strictyaml"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

var update = flag.Bool("update", false, "rewrite the want files of the golden tests")

// TestGolden reads testdata/*.txtar: the headers of two systems, each in a
// directory of the system's name, rules.yaml, and the Go package of its hooks.
// A system whose name is none we know is NetBSD on the left and Linux on the
// right. What is wanted is the plan of each direction and the Go files, which
// must compile, or the errors. The archive comment says what a case is about;
// -update accepts what is got.
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
	want := map[string]string{}
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want/") {
			want[f.Name] = string(f.Data)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got; -update accepts what is got\n%s", diff)
	}
}

// known returns the system of that name, else the one to take instead.
func known(name, instead string) string {
	if slices.ContainsFunc(ctype.Targets(), func(t ctype.Target) bool { return t.OS == name }) {
		return name
	}
	return instead
}

// architectures returns those that a case is for: two that differ in size and
// alignment, or in the rules for bit-fields when a system is on 64-bit machines
// only.
func architectures(systems ...string) []string {
	for _, os := range systems {
		if _, err := (ctype.Target{OS: os, Arch: "arm"}).Model(); err != nil {
			return []string{"amd64", "arm64"}
		}
	}
	return []string{"amd64", "arm"}
}

// generate returns what a case gives, under the names it has in the archive.
func generate(t *testing.T, a *txtar.Archive) map[string]string {
	t.Helper()
	got := map[string]string{}
	var rules convert.Rules
	for _, f := range a.Files {
		if f.Name == "rules.yaml" {
			if err := strictyaml.Decode(f.Name, f.Data, &rules); err != nil {
				got["want/errors"] = err.Error() + "\n"
				return got
			}
		}
	}
	fsys, err := txtar.FS(a)
	if err != nil {
		t.Fatal(err)
	}
	leftOS, rightOS := known(rules.Systems[0], "netbsd"), known(rules.Systems[1], "linux")
	archs := architectures(leftOS, rightOS)
	left := system(t, fsys, a, rules.Systems[0], leftOS, archs)
	right := system(t, fsys, a, rules.Systems[1], rightOS, archs)
	hooks := map[string][]byte{}
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "hooks/"); ok {
			hooks[name] = f.Data
		}
	}
	for _, d := range [][2]convert.SystemModel{{left, right}, {right, left}} {
		pkg := "to" + d[1].Name
		plan, err := convert.NewPlan(d[0], d[1], rules)
		if err != nil {
			got["want/errors."+pkg] = err.Error() + "\n"
			continue
		}
		got["want/plan."+pkg] = plan.String()
		files, err := plan.Files("example.com/" + pkg)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range files {
			if name != "zdoc.go" { // the same in all cases
				got["want/"+pkg+"/"+name] = string(text)
			}
		}
		for _, arch := range archs {
			checkCompiles(t, arch, pkg, files, hooks, left, right)
		}
	}
	return got
}

// system parses the headers of one system and names its declarations.
func system(t testing.TB, fsys fs.FS, a *txtar.Archive, name, os string, archs []string) convert.SystemModel {
	t.Helper()
	var headers []string
	for _, f := range a.Files {
		if h, ok := strings.CutPrefix(f.Name, name+"/"); ok {
			headers = append(headers, h)
		}
	}
	dir, err := fs.Sub(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	var units []*ctype.Unit
	for _, arch := range archs {
		target := ctype.Target{OS: os, Arch: arch}
		predefined, err := sysroot.Predefined(target)
		if err != nil {
			t.Fatal(err)
		}
		inc := &sysroot.Includes{Name: "the test's headers", Target: target, FS: dir, Dirs: []string{"."}, Predefined: predefined}
		u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: headers}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u)
	}
	names, err := namespace.NewPlan(units, nil, namespace.Options{
		Package: name, Import: "example.com/" + name, System: strings.ToUpper(name[:1]) + name[1:],
		NetworkOrder: nil,
		Errno:        namespace.Numbers{Match: []string{"E[A-Z]*"}, Headers: []string{"errno.h"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return convert.SystemModel{Name: name, Title: strings.ToUpper(name[:1]) + name[1:], Import: "example.com/" + name, Units: units, GoNames: names}
}

// The standard library and package abi are type-checked from source, once.
var std = struct {
	sync.Mutex
	types.Importer
}{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil)}

// An importerTo resolves the packages that a case generates.
type importerTo struct {
	arch string
	pkgs map[string]map[string][]byte
	done map[string]*types.Package
}

func (i *importerTo) Import(path string) (*types.Package, error) {
	if pkg := i.done[path]; pkg != nil {
		return pkg, nil
	}
	files, ok := i.pkgs[path]
	if !ok {
		std.Lock()
		defer std.Unlock()
		return std.Import(path)
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if otherArch(name, i.arch) {
			continue
		}
		f, err := parser.ParseFile(fset, path+"/"+name, files[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	conf := types.Config{Importer: i, Sizes: types.SizesFor("gc", i.arch)}
	pkg, err := conf.Check(path, fset, parsed, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	i.done[path] = pkg
	return pkg, nil
}

// otherArch reports whether a file name is constrained to another architecture.
func otherArch(name, arch string) bool {
	for _, a := range []string{"amd64", "arm64", "arm"} {
		if a != arch && strings.HasSuffix(name, "_"+a+".go") {
			return true
		}
	}
	return false
}

// checkCompiles type-checks generated converters with the packages they are for.
func checkCompiles(t *testing.T, arch, pkg string, files, hooks map[string][]byte, systems ...convert.SystemModel) {
	t.Helper()
	imp := &importerTo{arch: arch, pkgs: map[string]map[string][]byte{"example.com/" + pkg: files, "example.com/hooks": hooks}, done: map[string]*types.Package{}}
	for _, s := range systems {
		text, err := s.GoNames.(*namespace.Plan).Files()
		if err != nil {
			t.Fatal(err)
		}
		imp.pkgs[s.Import] = text
	}
	if _, err := imp.Import("example.com/" + pkg); err != nil {
		t.Errorf("%s: %v", arch, err)
	}
}
