package project

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/lock"
	"github.com/abigen/abigen/internal/output"
	"github.com/abigen/abigen/parse/sysroot"
)

// tree is a project with two systems, which are two small NetBSDs, and
// converters between them.
var tree = map[string]string{
	"go.mod": "module example.com/m\n\ngo 1.26\n",
	"abigen.yaml": `version: 1
coverage: COVERAGE.md
systems:
  - name: alpha
    os: netbsd
    sysroot: dir:alphainc
    targets: [amd64, 386]
    describe: [sparc64]
    portable: [item]
    messages: messages.yaml
    groups: [{name: all, headers: [sys/item.h, ./own/mine.h]}]
  - name: beta
    os: netbsd
    sysroot: dir:betainc
    targets: [amd64, 386]
    groups: [{name: all, define: {BIG: 1}, headers: [sys/item.h]}]
converters:
  - {package: conv, from: alpha, to: beta, doc: conv.txt}
rules: rules.yaml
`,
	"rules.yaml":               "systems: [alpha, beta]\nrecords:\n  - records: [item]\n",
	"messages.yaml":            "errno: {EONE: One}\nsignal: {}\n",
	"conv.txt":                 "# Items\n\n[Item] is all.\n",
	"own/mine.h":               "#include \"deep.h\"\n#define MINE DEEP\n",
	"own/deep.h":               "#define DEEP 1\n",
	"alphainc/sys/param.h":     "#define __NetBSD_Version__ 1001000000\n",
	"alphainc/amd64/types.h":   "typedef long word_t;\n",
	"alphainc/i386/types.h":    "typedef long word_t;\n",
	"alphainc/sparc64/types.h": "typedef long word_t;\n",
	"alphainc/sys/item.h":      "#include <machine/types.h>\n#define EONE 1\nstruct item { int i_size; word_t i_id; };\n",
	"alphainc/sys/other.h":     "int not_read;\n",
	"betainc/sys/param.h":      "#define __NetBSD_Version__ 1001000000\n",
	"betainc/amd64/types.h":    "",
	"betainc/i386/types.h":     "",
	"betainc/sys/item.h":       "#ifdef BIG\nstruct item { long i_id; int i_size; };\n#endif\n",
}

// newProject writes the tree to a new directory, with a cache of its own.
func newProject(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("ABIGEN_CACHE", t.TempDir())
	for name, text := range tree {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := Open(filepath.Join(dir, "abigen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// generate does what the command does, but for its words.
func generate(t *testing.T, dir string) {
	t.Helper()
	p := open(t, dir)
	plan, err := p.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Files(plan)
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Lock(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(files)
	if all[lock.Name], err = l.Bytes(); err != nil {
		t.Fatal(err)
	}
	changes, err := output.Changes(dir, all, p.OutputDirs())
	if err != nil {
		t.Fatal(err)
	}
	if err := output.Apply(dir, changes); err != nil {
		t.Fatal(err)
	}
	if err := p.Stamp(l); err != nil {
		t.Fatal(err)
	}
}

func upToDate(t *testing.T, dir string) bool {
	t.Helper()
	ok, err := open(t, dir).UpToDate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Every change to what a run reads or writes is noticed; generating again
// makes everything up to date, and so does undoing the change.
func TestUpToDate(t *testing.T) {
	const stray = output.Header + "\n\npackage alpha\n"
	for _, test := range []struct {
		name string
		file string
		text string // new content; removed when empty
		want bool
	}{
		{name: "the configuration", file: "abigen.yaml", text: tree["abigen.yaml"] + "# changed\n"},
		{name: "the rules", file: "rules.yaml", text: tree["rules.yaml"] + "# changed\n"},
		{name: "the texts", file: "messages.yaml", text: "errno: {EONE: Two}\nsignal: {}\n"},
		{name: "the documentation", file: "conv.txt", text: "[Item] is the only one."},
		{name: "a header", file: "betainc/sys/item.h", text: tree["betainc/sys/item.h"] + "#define MORE 1\n"},
		{name: "a header of one target", file: "alphainc/i386/types.h", text: "typedef short word_t;\n"},
		{name: "a header of a target that is only described", file: "alphainc/sparc64/types.h", text: "typedef short word_t;\n"},
		{name: "a header of the user's own", file: "own/mine.h", text: "#define MINE 2\n"},
		{name: "one that it includes", file: "own/deep.h", text: "#define DEEP 2\n"},
		{name: "a header is gone", file: "alphainc/sys/item.h"},
		{name: "an own header is gone", file: "own/deep.h"},
		{name: "the rules are gone", file: "rules.yaml"},
		{name: "a generated file is edited", file: "alpha/zsys_item.go", text: stray},
		{name: "a generated file is gone", file: "conv/zdoc.go"},
		{name: "the report is edited", file: "COVERAGE.md", text: "nothing\n"},
		{name: "a stray generated file", file: "alpha/zstray.go", text: stray},
		{name: "one among the portable types", file: "alpha/portable/zstray.go", text: stray},
		{name: "one among the converters", file: "conv/zstray.go", text: stray},
		{name: "the lock is gone", file: lock.Name},
		{name: "the lock is of another version", file: lock.Name, text: `{"version": 99}`},

		{name: "a file written by hand", file: "alpha/byhand.go", text: "package alpha\n", want: true},
		{name: "no Go file", file: "alpha/zstray.txt", text: stray, want: true},
		{name: "a generated file elsewhere", file: "own/zstray.go", text: stray, want: true},
		{name: "a header that is not read", file: "alphainc/sys/other.h", text: "int changed;\n", want: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := newProject(t)
			if upToDate(t, dir) {
				t.Fatal("up to date before anything was made")
			}
			generate(t, dir)
			if !upToDate(t, dir) {
				t.Fatal("not up to date after generating")
			}
			file := filepath.Join(dir, filepath.FromSlash(test.file))
			old, readErr := os.ReadFile(file)
			if test.text == "" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, dir, test.file, test.text)
			}
			if got := upToDate(t, dir); got != test.want {
				t.Errorf("up to date: %t, want %t", got, test.want)
			}
			if readErr == nil {
				write(t, dir, test.file, string(old))
			} else if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if !upToDate(t, dir) {
				t.Error("not up to date after the change was undone")
			}
		})
	}
}

// Generating again after a change makes everything up to date, and what came
// out is what a new project would have given.
func TestGenerateAfterChange(t *testing.T) {
	dir := newProject(t)
	generate(t, dir)
	write(t, dir, "own/deep.h", "#define DEEP 2\n")
	generate(t, dir)
	if !upToDate(t, dir) {
		t.Error("not up to date after generating again")
	}
	data, err := os.ReadFile(filepath.Join(dir, "alpha", "zmine.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "MINE = 2") {
		t.Errorf("the package has not followed its header:\n%s", data)
	}
}

// A lock of a working copy of abigen is trusted where, and by whom, it was
// made; one of another release is not trusted at all.
func TestUpToDateOfAnotherTool(t *testing.T) {
	dir := newProject(t)
	generate(t, dir)
	t.Setenv("ABIGEN_CACHE", t.TempDir())
	if upToDate(t, dir) {
		t.Error("trusted without a stamp in the cache")
	}
	l, err := lock.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, dir)
	if err := p.Stamp(l); err != nil {
		t.Fatal(err)
	}
	if !upToDate(t, dir) {
		t.Error("not trusted with a stamp")
	}
	l.Tool = "v99.0.0"
	data, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, lock.Name, string(data))
	if upToDate(t, dir) {
		t.Error("trusted although another release made it")
	}
}

func TestUpToDateDamagedLock(t *testing.T) {
	dir := newProject(t)
	generate(t, dir)
	write(t, dir, lock.Name, "<<<<<<< HEAD\n")
	if _, err := open(t, dir).UpToDate(t.Context()); err == nil || !strings.Contains(err.Error(), "abigen.lock is damaged") {
		t.Errorf("got %v", err)
	}
}

// Each target's headers are those that its machine has, whichever of them is
// parsed first.
func TestUnitsSeeTheirMachine(t *testing.T) {
	dir := newProject(t)
	write(t, dir, "alphainc/i386/types.h", "typedef short word_t;\n")
	p := open(t, dir)
	s, _ := p.Config.System("alpha")
	native, described := s.TargetList()
	units, err := p.Units(t.Context(), s, append(native, described...))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	for _, u := range units {
		sizes = append(sizes, u.Index().Typedef("word_t").Type.Size)
	}
	if diff := cmp.Diff([]int64{8, 2, 8}, sizes); diff != "" {
		t.Errorf("sizes of word_t (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sys/item.h", "./own/mine.h"}, units[0].Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestLock(t *testing.T) {
	dir := newProject(t)
	generate(t, dir)
	l, err := lock.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"abigen.yaml", "conv.txt", "messages.yaml", "own/deep.h", "own/mine.h", "rules.yaml"}, slices.Sorted(maps.Keys(l.Config))); diff != "" {
		t.Errorf("files of the user's (-want +got):\n%s", diff)
	}
	want := map[string][]string{"alpha": {"machine/types.h", "sys/item.h"}, "beta": {"sys/item.h"}}
	got := map[string][]string{}
	for name, h := range l.Headers {
		got[name] = h.Files
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	data, err := os.ReadFile(filepath.Join(dir, lock.Name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), dir) {
		t.Error("the lock names a directory of this machine")
	}
}

// A lock is of what was parsed; without that there is none.
func TestLockBeforeParsing(t *testing.T) {
	p := open(t, newProject(t))
	if _, err := p.Lock(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "alpha was not parsed") {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ name, file, old, new, want string }{
		{"no rules", "abigen.yaml", "rules: rules.yaml", "rules: none.yaml", "abigen.yaml:19:8: "},
		{"no texts", "abigen.yaml", "messages: messages.yaml", "messages: none.yaml", "abigen.yaml:10:15: "},
		{"no documentation", "abigen.yaml", "doc: conv.txt", "doc: none.txt", "abigen.yaml:18:49: "},
		{"a key in the texts", "messages.yaml", "errno:", "erno:", `messages.yaml:1:1: unknown key "erno"; did you mean errno?`},
		{"no own header", "abigen.yaml", "./own/mine.h", "./own/none.h", "netbsd/amd64, group all:\n"},
		{"no sysroot", "abigen.yaml", "dir:betainc", "dir:gammainc", "system beta: sysroot dir: "},
		{"no target", "abigen.yaml", "[sparc64]", "[mips]", "system alpha: sysroot dir, NetBSD 10.1 has no headers for netbsd/mips"},
		{"a syntax error", "own/deep.h", "#define DEEP 1", "int f(int;", "deep.h:1:10: syntax error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := newProject(t)
			if !strings.Contains(tree[test.file], test.old) {
				t.Fatalf("no %q in %s", test.old, test.file)
			}
			write(t, dir, test.file, strings.Replace(tree[test.file], test.old, test.new, 1))
			p, err := Open(filepath.Join(dir, "abigen.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = p.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestTargetError(t *testing.T) {
	p := open(t, newProject(t))
	s, _ := p.Config.System("alpha")
	_, err := p.Units(t.Context(), s, []ctype.Target{{OS: "netbsd", Arch: "mips"}})
	if target := new(sysroot.TargetError); !errors.As(err, &target) {
		t.Errorf("%v is no TargetError", err)
	}
}

func TestCancelled(t *testing.T) {
	p := open(t, newProject(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Plan(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
