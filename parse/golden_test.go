package parse_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

// includes makes a sysroot of the files below "include/" in an archive.
func includes(tb testing.TB, ar *txtar.Archive, target ctype.Target) *sysroot.Includes {
	tb.Helper()
	fsys, err := txtar.FS(ar)
	if err != nil {
		tb.Fatal(err)
	}
	pre, err := sysroot.Predefined(target)
	if err != nil {
		tb.Fatal(err)
	}
	return &sysroot.Includes{Name: "testdata", Target: target, FS: fsys, Dirs: []string{"include", "include2"}, Predefined: pre}
}

// TestGolden reads the headers of every archive in testdata. The comment of an
// archive tells why it exists; lines "targets: ..." and "headers: ..." in it
// choose what is read (netbsd/amd64 and all of include/ by default), and
// "want/OS_ARCH" holds the description or the errors. The limits are small, so
// that archives can reach them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no goldens", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			targets, group := directives(t, ar)
			var want []txtar.File
			for _, target := range targets {
				got := describe(t, ar, target, group)
				name := "want/" + strings.ReplaceAll(target.String(), "/", "_")
				want = append(want, txtar.File{Name: name, Data: got})
				if *update {
					continue
				}
				i := 0
				for i < len(ar.Files) && ar.Files[i].Name != name {
					i++
				}
				if i == len(ar.Files) {
					t.Errorf("%s has no %s; run with -update", file, name)
				} else if diff := cmp.Diff(string(ar.Files[i].Data), string(got)); diff != "" {
					t.Errorf("%s differs (-want +got):\n%s", name, diff)
				}
			}
			if *update {
				var kept []txtar.File
				for _, f := range ar.Files {
					if !strings.HasPrefix(f.Name, "want/") {
						kept = append(kept, f)
					}
				}
				ar.Files = append(kept, want...)
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func directives(tb testing.TB, ar *txtar.Archive) (targets []ctype.Target, g parse.Group) {
	tb.Helper()
	words := []string{"netbsd/amd64"}
	for line := range strings.Lines(string(ar.Comment)) {
		if rest, ok := strings.CutPrefix(line, "targets: "); ok {
			words = strings.Fields(rest)
		}
		if rest, ok := strings.CutPrefix(line, "headers: "); ok {
			g.Headers = strings.Fields(rest)
		}
	}
	for _, w := range words {
		target, err := ctype.ParseTarget(w)
		if err != nil {
			tb.Fatal(err)
		}
		targets = append(targets, target)
	}
	if g.Headers == nil {
		for _, f := range ar.Files {
			if name, ok := strings.CutPrefix(f.Name, "include/"); ok {
				g.Headers = append(g.Headers, name)
			}
		}
	}
	return targets, g
}

func describe(t *testing.T, ar *txtar.Archive, target ctype.Target, g parse.Group) []byte {
	t.Helper()
	opt := parse.Options{ExpansionLimit: 50_000, IncludeDepth: 8, MaxIncludes: 50, MaxFileSize: 100_000, MaxBytes: 150_000}
	u, err := parse.Headers(t.Context(), includes(t, ar, target), g, opt)
	if err != nil {
		return fmt.Appendln(nil, err)
	}
	if err := ctypeCheck(u); err != nil {
		t.Error(err)
	}
	return text(u)
}

// ctypeCheck holds what every Unit must keep to, whatever the headers were.
func ctypeCheck(u *ctype.Unit) error {
	x := u.Index()
	seen := map[string]bool{}
	for _, r := range u.Records {
		if seen[r.Name] {
			return fmt.Errorf("two records %s", r.Name)
		}
		seen[r.Name] = true
		end := int64(0)
		for _, m := range r.Members {
			if m.Type.Kind == ctype.RecordRef && x.Record(m.Type.Name) == nil {
				return fmt.Errorf("%s.%s has a type that is not there, %s", r.Name, m.Name, m.Type.Name)
			}
			if m.Offset < 0 || m.Offset+m.Type.Size > r.Size && !m.BitField {
				return fmt.Errorf("%s.%s lies outside", r.Name, m.Name)
			}
			if !r.Union && m.Offset < end-m.Type.Size {
				return fmt.Errorf("%s.%s lies before what precedes it", r.Name, m.Name)
			}
			end = m.Offset
		}
	}
	for _, e := range u.Enums {
		for _, c := range e.Consts {
			if x.Const(c) == nil {
				return fmt.Errorf("%s has a constant that is not there, %s", e.Name, c)
			}
		}
	}
	return nil
}

// text writes a Unit for people to compare.
func text(u *ctype.Unit) []byte {
	var b bytes.Buffer
	x := u.Index()
	at := func(p ctype.Pos) string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }
	for _, r := range u.Records {
		if !r.Complete {
			fmt.Fprintf(&b, "%s (only declared)  // %s\n", r.Name, at(r.Pos))
			continue
		}
		kind := "struct"
		if r.Union {
			kind = "union"
		}
		fmt.Fprintf(&b, "record %s: %s, size %d, align %d%s  // %s\n", r.Name, kind, r.Size, r.Align, attrs(r.Attrs), at(r.Pos))
		for _, m := range r.Members {
			name := m.Name
			if name == "" {
				name = "(anonymous)"
			}
			if m.BitField {
				fmt.Fprintf(&b, "\t%d..%d bits %s %s%s\n", m.BitOffset, m.BitOffset+m.BitWidth, name, x.Spell(m.Type), attrs(m.Attrs))
				continue
			}
			fmt.Fprintf(&b, "\t%d +%d %s %s%s\n", m.Offset, m.Type.Size, name, x.Spell(m.Type), attrs(m.Attrs))
		}
	}
	for _, e := range u.Enums {
		if !e.Complete {
			fmt.Fprintf(&b, "%s (only declared)\n", e.Name)
			continue
		}
		fmt.Fprintf(&b, "enum %s: %s  // %s\n", e.Name, e.Type.Name, at(e.Pos))
	}
	for _, d := range u.Typedefs {
		fmt.Fprintf(&b, "typedef %s = %s, size %d, align %d%s  // %s\n", d.Name, x.Spell(d.Type), d.Type.Size, d.Type.Align, attrs(d.Attrs), at(d.Pos))
	}
	for _, c := range u.Consts {
		constant(&b, x, c)
		fmt.Fprintf(&b, "  // %s\n", at(c.Pos))
	}
	for _, f := range u.Funcs {
		var names []string
		for _, p := range f.Type.Params {
			names = append(names, p.Name)
		}
		fmt.Fprintf(&b, "func %s: %s (%s)", f.Name, x.Spell(f.Type), strings.Join(names, ", "))
		if f.Symbol != "" {
			fmt.Fprintf(&b, " symbol %s", f.Symbol)
		}
		fmt.Fprintf(&b, "  // %s\n", at(f.Pos))
	}
	for _, s := range u.Skipped {
		fmt.Fprintf(&b, "skipped %s: %s  // %s\n", s.Name, s.Reason, at(s.Pos))
	}
	return b.Bytes()
}

func constant(b *bytes.Buffer, x *ctype.Index, c *ctype.Const) {
	fmt.Fprintf(b, "const %s = ", c.Name)
	switch c.Kind {
	case ctype.ConstInt:
		fmt.Fprint(b, c.Int)
	case ctype.ConstFloat:
		fmt.Fprint(b, c.Float)
	case ctype.ConstString:
		fmt.Fprintf(b, "%q", c.String)
	}
	if c.Type != nil {
		fmt.Fprintf(b, " (%s)", x.Spell(c.Type))
	}
	if c.Enum != "" {
		fmt.Fprintf(b, " of %s", c.Enum)
	}
	if io := c.Ioctl; io != nil {
		fmt.Fprintf(b, " %s(%d, %d", io.Dir, io.Group, io.Number)
		if io.Arg != nil {
			fmt.Fprintf(b, ", %s", x.Spell(io.Arg))
		}
		b.WriteString(")")
	}
}

func attrs(a ctype.Attrs) string {
	s := ""
	if a.Packed {
		s += ", packed"
	}
	if a.Aligned != 0 {
		s += fmt.Sprintf(", aligned(%d)", a.Aligned)
	}
	if a.Pack != 0 {
		s += fmt.Sprintf(", pack(%d)", a.Pack)
	}
	return s
}
