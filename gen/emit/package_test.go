package emit

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dave/jennifer/jen"
)

// line is a constant in the block of its file.
func line(key, value string) Decl {
	return Decl{
		Key: key, File: "zfile", Sig: value, Block: "const\nThe constants.", Group: key[:1], OneLine: true,
		Render: func(g *jen.Group) { g.Id(key).Op("=").Id(value) },
	}
}

// TestSplit gives what two architectures share to one file, and keeps order,
// blocks and groups.
func TestSplit(t *testing.T) {
	p := &Package{
		Name: "sys", Path: "example.com/sys", Doc: "Package sys is a test.", Archs: []string{"amd64", "arm"},
		Imports: map[string]string{"example.com/other/go-name": "name"},
		Intro:   map[string]string{"zfile": "Where it is from."},
	}
	for _, arch := range p.Archs {
		p.Add(arch, line("A1", "1"))
		p.Add(arch, line("A2", map[string]string{"amd64": "64", "arm": "32"}[arch]))
		p.Add(arch, line("A3", "3"))
		p.Add(arch, line("B1", "1"))
	}
	p.Add("arm", line("C", "1"))
	p.AddAll(Decl{Key: "f", File: "zother", Render: func(g *jen.Group) {
		g.Func().Id("f").Params(jen.Qual("example.com/other/go-name", "T"), jen.Qual("unsafe", "Pointer")).Block()
	}})
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	header := HeaderComment + "\n\n"
	intro := "// Where it is from.\n\n"
	want := map[string]string{
		"zdoc.go":        header + "// Package sys is a test.\npackage sys\n",
		"zfile.go":       header + intro + "package sys\n\n// The constants.\nconst (\n\tA1 = 1\n\tA3 = 3\n\n\tB1 = 1\n)\n",
		"zfile_amd64.go": header + intro + "package sys\n\n// The constants.\nconst A2 = 64\n",
		"zfile_arm.go":   header + intro + "package sys\n\n// The constants.\nconst (\n\tA2 = 32\n\n\tC = 1\n)\n",
		"zother.go":      header + "package sys\n\nimport (\n\t\"unsafe\"\n\n\t\"example.com/other/go-name\"\n)\n\nfunc f(name.T, unsafe.Pointer) {}\n",
	}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("files are %q", got)
	}
	for name, text := range files {
		if string(text) != want[name] {
			t.Errorf("%s:\n%s\nwant\n%s", name, text, want[name])
		}
	}
}

// TestBadText holds that what is not Go is an error with its line, and that
// nothing comes out then.
func TestBadText(t *testing.T) {
	p := &Package{Name: "sys", Path: "example.com/sys", Archs: []string{"amd64"}}
	p.AddAll(line("A", "1 +"))
	p.AddAll(Decl{Key: "panics", File: "zpanic", Render: func(g *jen.Group) { g.Lit(struct{}{}) }})
	files, err := p.Files()
	if err == nil || files != nil {
		t.Fatal("no error, or files beside it")
	}
	for _, part := range []string{"zfile.go:", "not Go", `"const A = 1 +"`, "zpanic.go: unsupported type for literal"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

func TestWrap(t *testing.T) {
	text := Wrap(strings.Repeat("four ", 40))
	for _, line := range strings.Split(text, "\n") {
		if len(line) > 77 || strings.HasSuffix(line, " ") {
			t.Errorf("%q", line)
		}
	}
	if strings.Join(strings.Fields(text), " ") != strings.TrimSpace(strings.Repeat("four ", 40)) {
		t.Error("words got lost")
	}
}

func TestComment(t *testing.T) {
	if got := Comment("one\n\n  two\n"); got != "// one\n//\n//   two" {
		t.Errorf("%q", got)
	}
}
