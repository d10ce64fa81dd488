package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// boxHeader needs nothing but the standard library in Go.
const boxHeader = `#define K_INT 7
#define K_TEXT "text"
#define K_HALF 0.5
struct box {
	char b_tag;
	int b_len;
	unsigned b_low : 3;
	union {
		short u_short;
		char u_char;
	};
	char b_tail[];
};
`

// newPackage writes a module with the Go package of the header, and returns
// the directory of the package and the plan it was made from.
func newPackage(t *testing.T) (dir string, plan *namespace.Plan) {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "sys", "box.h"), boxHeader)
	write(t, filepath.Join(root, "go.mod"), "module example.com/m\n\ngo 1.26\n")
	var units []*ctype.Unit
	for _, arch := range []string{"amd64", "386"} {
		target := ctype.Target{OS: "netbsd", Arch: arch}
		macros, err := sysroot.Predefined(target)
		if err != nil {
			t.Fatal(err)
		}
		inc := &sysroot.Includes{Name: "test", Target: target, FS: os.DirFS(root), Root: root, Dirs: []string{"."}, Predefined: macros}
		u, err := parse.Headers(t.Context(), inc, parse.Group{Name: "box", Headers: []string{"sys/box.h"}}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u)
	}
	plan, err := namespace.NewPlan(units, nil, namespace.Options{Package: "box", Import: "example.com/m/box", System: "Box"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, "box")
	for name, data := range files {
		write(t, filepath.Join(dir, filepath.Base(name)), string(data))
	}
	return dir, plan
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// edit replaces text that stands in one file of the package, once.
func edit(t *testing.T, dir, old, new string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), old); n > 0 {
			found += n
			write(t, name, strings.Replace(string(data), old, new, 1))
		}
	}
	if found != 1 {
		t.Fatalf("%q stands %d times in the package", old, found)
	}
}

// removeAssertions takes the files away with which a wrong package does not
// even compile.
func removeAssertions(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "zlayout*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no layout assertions in the package: %v", err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPackageFindsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new string
		want     []string
	}{
		{"nothing", "", "", []string{}},
		{
			"a field moved", "BLen    int32 ", "_ [2]byte; BLen int16 ",
			[]string{
				"offset of struct box.b_len (sys/box.h:6): description says 4, the Go package says 6",
				"size of struct box.b_len (sys/box.h:6): description says 4, the Go package says 2",
			},
		},
		{
			"a field renamed", "BLen    int32 ", "Length  int32 ",
			[]string{"struct box.b_len (sys/box.h:6): description says field BLen, the Go package says none"},
		},
		{
			"an accessor of another size", "Char() *byte {\n\treturn (*byte)", "Char() *uint32 {\n\treturn (*uint32)",
			[]string{"size of struct box.u_char (sys/box.h:10): description says 1, the Go package says 4"},
		},
		{
			"no accessor", ") BLow() ", ") Lower() ",
			[]string{"struct box.b_low (sys/box.h:7): description says accessor BLow, the Go package says none"},
		},
		{
			"an integer", "K_INT  = 7", "K_INT  = 8",
			[]string{"value of K_INT (sys/box.h:1): description says 7, the Go package says 8"},
		},
		{
			"a string", `K_TEXT = "text"`, `K_TEXT = "test"`,
			[]string{`value of K_TEXT (sys/box.h:2): description says "text", the Go package says "test"`},
		},
		{
			"a floating-point number", "K_HALF = 0.5", "K_HALF = 0.25",
			[]string{"value of K_HALF (sys/box.h:3): description says 1/2, the Go package says 1/4"},
		},
		{
			"a constant of another kind", "K_INT  = 7", `K_INT = "7"`,
			[]string{`value of K_INT (sys/box.h:1): description says 7, the Go package says "7"`},
		},
		{
			"no constant", "K_INT  = 7", "k_int = 7",
			[]string{"value of K_INT (sys/box.h:1): description says constant K_INT, the Go package says none"},
		},
		{
			"a variable for a constant", "const (\n\tK_INT  = 7", "var K_INT = 7\n\nconst (",
			[]string{"value of K_INT (sys/box.h:1): description says constant K_INT, the Go package says none"},
		},
		{
			"the offset of a flexible array", "OffsetofBoxBTail = 12", "OffsetofBoxBTail = 13",
			[]string{"offset of struct box.b_tail (sys/box.h:12): description says 12, the Go package says 13"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, plan := newPackage(t)
			removeAssertions(t, dir)
			if test.old != "" {
				edit(t, dir, test.old, test.new)
			}
			r, err := Package(t.Context(), dir, plan, "386")
			if err != nil {
				t.Fatal(err)
			}
			if r.Claims < 10 {
				t.Errorf("only %d claims were compared", r.Claims)
			}
			want := []string{}
			for _, w := range test.want {
				want = append(want, "netbsd/386: "+w)
			}
			if diff := cmp.Diff(want, text(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A type that is gone takes its methods with it; the type alone is reported.
func TestPackageWithoutAType(t *testing.T) {
	dir, plan := newPackage(t)
	removeAssertions(t, dir)
	names, err := filepath.Glob(filepath.Join(dir, "zsys_box*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no file of the header in the package: %v", err)
	}
	for _, name := range names {
		write(t, name, "package box\n\nconst (\n\tK_INT = 7\n\tK_TEXT = \"text\"\n\tK_HALF = 0.5\n)\n")
	}
	r, err := Package(t.Context(), dir, plan, "386")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"netbsd/386: struct box (sys/box.h:4): description says type Box, the Go package says none"}
	if diff := cmp.Diff(want, text(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// With its assertions, a wrong package does not compile, on the architecture
// where it is wrong.
func TestPackageAssertions(t *testing.T) {
	dir, plan := newPackage(t)
	for _, arch := range []string{"amd64", "386"} {
		if r, err := Package(t.Context(), dir, plan, arch); err != nil || len(r.Differences) > 0 {
			t.Errorf("%s: %q, %v where all is right", arch, text(r), err)
		}
	}
	edit(t, dir, "BLen    int32 ", "BLen    int64 ")
	if _, err := Package(t.Context(), dir, plan, "amd64"); err == nil || !strings.Contains(err.Error(), "does not compile for amd64") {
		t.Errorf("a field of another size: %v", err)
	}
}

func TestPackageThatIsNotThere(t *testing.T) {
	_, plan := newPackage(t)
	if _, err := Package(t.Context(), filepath.Join(t.TempDir(), "none"), plan, "386"); err == nil {
		t.Error("a package that is not there is no error")
	}
}
