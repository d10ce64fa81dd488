package output

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const gen = Header + "\n\npackage p\n"

// tree writes files below a new directory and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// contents reads back everything below root.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		name, _ := filepath.Rel(root, p)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestChangesAndApply(t *testing.T) {
	root := tree(t, map[string]string{
		"netbsd/zsame.go":  gen,
		"netbsd/zold.go":   gen + "// old\n",
		"netbsd/zgone.go":  gen,
		"netbsd/byhand.go": "package p\n",
		"other/zgone.go":   gen, // not a directory of ours
	})
	files := Files{
		"netbsd/zsame.go":       []byte(gen),
		"netbsd/zold.go":        []byte(gen + "// new\n"),
		"netbsd/znew.go":        []byte(gen),
		"generated/deep/zin.go": []byte(gen),
	}
	changes, err := Changes(root, files, []string{"netbsd", "generated/deep", "absent"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.Verb()+" "+c.Name)
	}
	want := []string{"add generated/deep/zin.go", "add netbsd/znew.go", "update netbsd/zold.go", "remove netbsd/zgone.go"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if d := changes[2].Diff(); !strings.Contains(d, "-// old\n+// new\n") {
		t.Errorf("the diff of zold.go is\n%s", d)
	}
	if err := Apply(root, changes); err != nil {
		t.Fatal(err)
	}
	wantTree := map[string]string{
		"netbsd/zsame.go": gen, "netbsd/zold.go": gen + "// new\n", "netbsd/znew.go": gen,
		"netbsd/byhand.go": "package p\n", "other/zgone.go": gen, "generated/deep/zin.go": gen,
	}
	if diff := cmp.Diff(wantTree, contents(t, root)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if changes, err := Changes(root, files, []string{"netbsd"}); err != nil || len(changes) != 0 {
		t.Errorf("after Apply there are still changes %v, error %v", changes, err)
	}
}

func TestHandWrittenDataIsRefused(t *testing.T) {
	root := tree(t, map[string]string{"sales.csv": "month,sum\n"})
	_, err := Changes(root, Files{"sales.csv": []byte("system,kind\n")}, nil)
	if err == nil || !strings.Contains(err.Error(), "sales.csv was not made by abigen") {
		t.Errorf("got %v", err)
	}
}

func TestHandWrittenFileIsRefused(t *testing.T) {
	root := tree(t, map[string]string{"netbsd/zmine.go": "package netbsd\n"})
	_, err := Changes(root, Files{"netbsd/zmine.go": []byte(gen)}, nil)
	if err == nil || !strings.Contains(err.Error(), "netbsd/zmine.go was not made by abigen") {
		t.Errorf("got %v", err)
	}
}

func TestClean(t *testing.T) {
	root := tree(t, map[string]string{"p/.abigen-1.tmp": "old", "p/.abigen-2.tmp": "new", "p/a.go": gen})
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(root, "p/.abigen-1.tmp"), old, old); err != nil {
		t.Fatal(err)
	}
	Clean(root, []string{"p", "absent"})
	want := map[string]string{"p/.abigen-2.tmp": "new", "p/a.go": gen}
	if diff := cmp.Diff(want, contents(t, root)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A directory where a file belongs makes the last rename fail: the changes
// before it must be undone.
func TestApplyIsAllOrNothing(t *testing.T) {
	before := map[string]string{"a.go": gen, "b.go": gen, "z.go/in": "x"}
	root := tree(t, before)
	err := Apply(root, []Change{
		{"a.go", []byte(gen), []byte(gen + "// changed\n")},
		{"b.go", []byte(gen), nil},
		{"c.go", nil, []byte(gen)},
		{"z.go", nil, []byte(gen)},
	})
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(before, contents(t, root)); diff != "" {
		t.Errorf("the tree changed (-want +got):\n%s", diff)
	}
}

// A file in the place of a directory stops the staging, before anything has
// changed.
func TestApplyStagesFirst(t *testing.T) {
	before := map[string]string{"a.go": gen, "dir": "x"}
	root := tree(t, before)
	err := Apply(root, []Change{
		{"a.go", []byte(gen), []byte("new")},
		{"new/deep/c.go", nil, []byte(gen)},
		{"dir/b.go", nil, []byte(gen)},
	})
	if err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(filepath.Join(root, "new")); err == nil {
		t.Error("a directory made for nothing is still there")
	}
	if diff := cmp.Diff(before, contents(t, root)); diff != "" {
		t.Errorf("the tree changed (-want +got):\n%s", diff)
	}
}
