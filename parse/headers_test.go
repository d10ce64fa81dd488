package parse_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse"
)

var amd64 = ctype.Target{OS: "netbsd", Arch: "amd64"}

// TestPaths reads headers given as paths of files, which include each other and
// the sysroot's.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "own.h", "#pragma once\n#include \"sub/more.h\"\n#include <sys.h>\nstruct own { sys_t a; more_t b; };\n")
	write(t, dir, "sub/more.h", "#include \"../beside.h\"\n#define MORE 1\ntypedef beside_t more_t;\n")
	write(t, dir, "beside.h", "typedef long beside_t;\n#define BESIDE sizeof(beside_t)\n")
	inc := includes(t, txtar.Parse([]byte("-- include/sys.h --\ntypedef char sys_t;\n")), amd64)
	u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: []string{"sys.h", filepath.Join(dir, "own.h")}}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(u.Files, " "), "sys.h own.h sub/more.h beside.h"; got != want {
		t.Errorf("files are %s, want %s", got, want)
	}
	if r := u.Index().Record("struct own"); r == nil || r.Size != 16 || r.Pos != (ctype.Pos{File: "own.h", Line: 4, Col: 1}) {
		t.Errorf("struct own is %+v", r)
	}

	write(t, dir, "own.h", "\n  #include <sub/none.h>\nint x\n")
	_, err = parse.Headers(t.Context(), inc, parse.Group{Headers: []string{filepath.Join(dir, "own.h")}}, parse.Options{})
	if err == nil || err.Error() != "own.h:2:12: header not found: <sub/none.h>" {
		t.Errorf("error is %v", err)
	}
	_, err = parse.Headers(t.Context(), inc, parse.Group{Headers: []string{"./nowhere.h"}}, parse.Options{})
	if err == nil || err.Error() != "./nowhere.h: no such file" {
		t.Errorf("error is %v", err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestDefine(t *testing.T) {
	inc := includes(t, txtar.Parse([]byte("-- include/a.h --\n#ifdef ONE\n#define GOT ONE + TWO\n#endif\n#ifdef EMPTY\nint f(void);\n#endif\n")), amd64)
	g := parse.Group{Headers: []string{"a.h"}, Define: []parse.Define{{Name: "ONE", Value: "1"}, {Name: "TWO", Value: "2"}, {Name: "EMPTY"}}}
	u, err := parse.Headers(t.Context(), inc, g, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Consts) != 1 || u.Consts[0].Name != "GOT" || u.Consts[0].Int != ctype.IntegerOf(3) || len(u.Funcs) != 1 {
		t.Errorf("got %+v and %d functions", u.Consts, len(u.Funcs))
	}
}

func TestCanceled(t *testing.T) {
	inc := includes(t, txtar.Parse([]byte("-- include/a.h --\nint f(void);\n")), amd64)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := parse.Headers(ctx, inc, parse.Group{Headers: []string{"a.h"}}, parse.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// TestHostile gives headers that could exhaust the stack, the memory or the
// time of the process. A message each is all that may come of them.
func TestHostile(t *testing.T) {
	long := strings.Repeat
	for _, tc := range []struct{ name, header, want string }{
		{"parentheses", "int a[" + long("(", 100_000) + "1" + long(")", 100_000) + "];", "nested more than"},
		{"braces", "int f(void) {" + long("{", 100_000), "nested more than"},
		{"structs", long("struct {", 100_000), "nested more than"},
		{"pointers", "int " + long("*", 1_000_000) + "p;", "in a row"},
		{"operators", "int a[" + long("- ", 100_000) + "1];", "in a row"},
		{"macro parentheses", "#define A ((((((((((\n#define B A A A A A A A A A A\n#define C B B B B B B B B B B\nint a[C C C C C C 1];", "macros nest"},
		{"macro operators", "#define A !!!!!!!!!!\n#define B A A A A A A A A A A\n#define C B B B B B B B B B B\nint a[C C C C C C 1];", "in a row"},
		{"macro braces", "#define A {{{{{{{{{{\n#define B A A A A A A A A A A\n#define C B B B B B B B B B B\nint f(void) C C C C C", "macros nest"},
		{"end after qualifier", "int *const\n#include nothing\n", "#include without"},
		{"limit after qualifier", "#define A B B B B B B B B\n#define B C C C C C C C C\n#define C D D D D D D D D\n#define D E E E E E E E E\n" +
			"#define E F F F F F F F F\n#define F G G G G G G G G\n#define G H H H H H H H H\n#define H I I I I I I I I\n#define I\nint *const A", "limit exceeded"},
		{"end in attribute", "\tint *__attribute", "syntax error"},
		{"long name", "int " + long("a", 1_000_000) + "; int b", "syntax error"},
		{"many arguments", "#define F(x) x\nint a[F(" + long("1,", 100_000) + "1)];", "too many macro arguments"},
		{"not text", "\x00\xff\xfe\x01 int", "a.h:"},
		{"huge", long(" ", 9<<20), "larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ar := &txtar.Archive{Files: []txtar.File{{Name: "include/a.h", Data: []byte(tc.header)}}}
			_, err := parse.Headers(t.Context(), includes(t, ar, amd64), parse.Group{Headers: []string{"a.h"}}, parse.Options{Hostile: true})
			var list parse.ErrorList
			if !errors.As(err, &list) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %.300v, want %q", err, tc.want)
			}
		})
	}
}

// TestReader reads groups of one target at the same time.
func TestReader(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/preprocess.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, g := directives(t, ar)
	r := parse.NewReader(includes(t, ar, amd64))
	var wg sync.WaitGroup
	texts := make([]string, 8)
	for i := range texts {
		wg.Go(func() {
			u, err := r.Headers(t.Context(), g, parse.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			texts[i] = string(text(u))
		})
	}
	wg.Wait()
	for _, s := range texts[1:] {
		if s != texts[0] {
			t.Error("two readings differ")
		}
	}
}
