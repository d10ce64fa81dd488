package lock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var headers = fstest.MapFS{
	"include/a.h": {Data: []byte("int a;\n")},
	"include/b.h": {Data: []byte("int b;\n")},
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	if l, err := Read(dir); l != nil || err != nil {
		t.Fatalf("no lock yet: got %v, %v", l, err)
	}
	l := New("v1.2.3")
	l.Config["abigen.yaml"] = Hash([]byte("x"))
	l.Headers["netbsd"] = &Headers{Sysroot: "zig", Files: []string{"a.h"}}
	l.Files["netbsd/z.go"] = Hash(nil)
	data, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, Name), data, 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, got); diff != "" || !l.Equal(got) {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadForeign(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, Name)
	if err := os.WriteFile(file, []byte(`{"version": 99}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if l, err := Read(dir); l != nil || err != nil {
		t.Errorf("a lock of another version: got %v, %v", l, err)
	}
	if err := os.WriteFile(file, []byte(`<<<<<<< HEAD`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "abigen.lock is damaged") {
		t.Errorf("a damaged lock: got %v", err)
	}
}

func TestHashHeaders(t *testing.T) {
	names := []string{"include/b.h", "include/a.h"}
	before, err := HashHeaders(names, headers)
	if err != nil {
		t.Fatal(err)
	}
	changed := fstest.MapFS{"include/a.h": headers["include/a.h"], "include/b.h": {Data: []byte("int b2;\n")}}
	after, err := HashHeaders(names, changed)
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Error("a changed header has the same hash")
	}
	if again, _ := HashHeaders([]string{"include/a.h", "include/b.h"}, headers); again != before {
		t.Error("the order of the names changes the hash")
	}
	if _, err := HashHeaders([]string{"include/c.h"}, headers); err == nil {
		t.Error("a missing header is no error")
	}
}

// The targets of one system may see different files under one name.
func TestHashHeadersOfSeveralViews(t *testing.T) {
	names := []string{"include/a.h", "include/b.h"}
	other := fstest.MapFS{"include/a.h": {Data: []byte("int other;\n")}}
	both, err := HashHeaders(names, headers, other)
	if err != nil {
		t.Fatal(err)
	}
	other["include/a.h"] = &fstest.MapFile{Data: []byte("int changed;\n")}
	if changed, err := HashHeaders(names, headers, other); err != nil || changed == both {
		t.Errorf("a header that changed in the second view: %s, %v", changed, err)
	}
	if _, err := HashHeaders([]string{"include/c.h"}, headers, other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a header that no view has: %v", err)
	}
}

func TestRecorder(t *testing.T) {
	r := Record(headers)
	if _, err := fs.ReadFile(r, "include/b.h"); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(r, "include/a.h"); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadDir(r, "include"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"include/b.h"}, r.Names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStamp(t *testing.T) {
	cache, project := filepath.Join(t.TempDir(), "new"), t.TempDir()
	l := New(Devel)
	s, err := NewStamp(cache, project, l)
	if err != nil {
		t.Fatal(err)
	}
	if s.Valid() {
		t.Error("valid before it was written")
	}
	if err := s.Write(); err != nil {
		t.Fatal(err)
	}
	if !s.Valid() {
		t.Error("not valid after it was written")
	}
	l.Files["x"] = "y"
	other, err := NewStamp(cache, project, l)
	if err != nil {
		t.Fatal(err)
	}
	if other.Valid() {
		t.Error("valid for another lock")
	}
}
