package translate_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/abigen/abigen/generated/routing/translate"
)

var update = flag.Bool("update", false, "write coverage.json")

// TestCoverage holds the list against the constants of both packages: each that
// has to do with routing is in it.
func TestCoverage(t *testing.T) {
	for _, test := range []struct {
		files    string
		names    string // of the constants that matter
		patterns func(translate.Row) string
	}{
		{"linux/zlinux_rtnetlink.go", `^(RTM|RTN|RTA|RTAX|RTPROT|RTNH)_`, func(r translate.Row) string { return r.Linux }},
		{"linux/zlinux_netlink.go", `^(NLM_F_|NLMSG_(NOOP|ERROR|DONE|OVERRUN))`, func(r translate.Row) string { return r.Linux }},
		{"linux/zlinux_if_addr.go", `^IFA_`, func(r translate.Row) string { return r.Linux }},
		{"linux/zlinux_if_link.go", `^IFLA_`, func(r translate.Row) string { return r.Linux }},
		{"linux/zlinux_neighbour.go", `^(NDA|NTF|NUD)_`, func(r translate.Row) string { return r.Linux }},
		{"netbsd/znet_route.go", `^(RTM|RTF|RTA|RTV)_`, func(r translate.Row) string { return r.NetBSD }},
		{"netbsd/znetinet*_in*_var.go", `^IN6?_IFF`, func(r translate.Row) string { return r.NetBSD }},
	} {
		wanted := regexp.MustCompile(test.names)
		var patterns []string
		for _, row := range translate.Coverage() {
			patterns = append(patterns, strings.Fields(test.patterns(row))...)
		}
		n := 0
		for _, name := range constants(t, "../../../"+test.files) {
			if wanted.MatchString(name) {
				n++
				if !matches(patterns, name) {
					t.Errorf("%s of %s is not in the list", name, test.files)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s has no constants that match %s", test.files, test.names)
		}
	}
	for _, row := range translate.Coverage() {
		if !row.Mapped() && row.Why == "" {
			t.Errorf("%+v has no counterpart, and no reason", row)
		}
	}
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

// constants returns the names of the constants in the files of a pattern.
func constants(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.FromSlash(pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	var names []string
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				for _, id := range s.(*ast.ValueSpec).Names {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}

// TestCoverageFile holds coverage.json, which other programs read, against the
// list.
func TestCoverageFile(t *testing.T) {
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(translate.Coverage()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("coverage.json", want.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("coverage.json")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("coverage.json is not what Coverage returns; go test -update writes it (%v)", err)
	}
}
