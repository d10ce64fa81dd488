// Package generated holds the test that the documentation of the converters is
// whole.
package generated

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// groups.txt is a section of the package comment of both directions. It names
// every converter and nothing else, and each of its groups has an example in each
// direction.
func TestGroups(t *testing.T) {
	text, err := os.ReadFile("groups.txt")
	if err != nil {
		t.Fatal(err)
	}
	directions := []string{"tonetbsd", "tolinux"}
	converters, examples := map[string]bool{}, map[string][]string{}
	for _, dir := range directions {
		for name, test := range functions(t, dir) {
			if of, ok := strings.CutPrefix(name, "Example"); ok && test {
				of, _, _ = strings.Cut(of, "_")
				examples[dir] = append(examples[dir], of)
			} else if !test {
				converters[name] = true
			}
		}
	}
	named := map[string]bool{}
	sections := strings.Split("\n"+string(text), "\n# ")[1:]
	for _, section := range sections {
		title, _, _ := strings.Cut(section, "\n")
		var links []string
		for _, link := range regexp.MustCompile(`\[(\w+)\]`).FindAllStringSubmatch(section, -1) {
			links = append(links, link[1])
			named[link[1]] = true
			if !converters[link[1]] {
				t.Errorf("groups.txt, %s: there is no converter %s", title, link[1])
			}
		}
		for _, dir := range directions {
			if !slices.ContainsFunc(links, func(name string) bool { return slices.Contains(examples[dir], name) }) {
				t.Errorf("%s has no example for the group %s", dir, title)
			}
		}
	}
	if len(sections) < 7 {
		t.Errorf("only %d groups", len(sections))
	}
	for name := range converters {
		if !named[name] {
			t.Errorf("groups.txt does not name %s; put it where its like are", name)
		}
	}
}

// functions returns the exported functions, without methods, of the package in
// dir, and whether they are in its tests.
func functions(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal("no package in ", dir, err)
	}
	found := map[string]bool{}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() {
				found[fn.Name.Name] = strings.HasSuffix(name, "_test.go")
			}
		}
	}
	return found
}
