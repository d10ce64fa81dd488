package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/internal/rump"
)

// What cannot be copied is said of the file that it is the fault of, and the rest is
// copied.
func TestImageCopy(t *testing.T) {
	t.Setenv("RUMP_PREFIX", "")
	image := unpack(t, "v2be")
	out := t.TempDir()
	for _, name := range []string{"full", "size511/below"} { // directories where files go
		if err := os.MkdirAll(filepath.Join(out, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../linked", filepath.Join(out, "full", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "linked"), []byte("longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		want string
	}{
		{"cp IMG size1 OUT/nodir/", 1, "nbnet: OUT/nodir/: no such file or directory\n"},
		{"cp IMG size1 OUT/file/", 1, "nbnet: OUT/file/: not a directory\n"},
		{"cp IMG size1 OUT/nodir/x", 1, "nbnet: OUT/nodir: no such file or directory\n"},
		{"cp IMG size511 size1 absent OUT", 1, "nbnet: OUT/size511: is a directory\nnbnet: IMG: absent: No such file or directory\n"},
		{"cp IMG absent OUT/nodir/", 1, "nbnet: IMG: absent: No such file or directory\n"},
		{"cp -R IMG dir/below OUT/new/", 0, ""},
		{"cp IMG size1 IMG", 1, "nbnet: IMG: it is the image\n"},
		{"cp IMG size513 /dev/full", 1, "nbnet: /dev/full: no space left on device\n"},
		{"cp IMG size513 /dev/null", 0, ""},
		{"cp IMG size1 OUT/full/link", 0, ""},
	} {
		replace := strings.NewReplacer("IMG", image, "OUT", out)
		got, code := nbnet(t, append([]string{"fs"}, strings.Fields(replace.Replace(c.line))...)...)
		if want := replace.Replace(c.want); got != want || code != c.code {
			t.Errorf("fs %s: exit code %d, want %d\n%swant\n%s", c.line, code, c.code, got, want)
		}
	}
	for name, want := range map[string]string{"size1": "s", "linked": "s"} {
		if b, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "new", "deep", "file")); err != nil {
		t.Error(err)
	}
}

// Names that a terminal would obey are shown with question marks, and in JSON nothing
// of them is lost.
func TestImageNames(t *testing.T) {
	t.Setenv("RUMP_PREFIX", "")
	image := unpack(t, "v2be")
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	const name = "si\x1b[\n\xff1" // as long as the name it takes the place of
	renamed := bytes.ReplaceAll(b, []byte("size511\x00"), []byte(name+"\x00"))
	if err := os.WriteFile(image, renamed, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, code := nbnet(t, "fs", "ls", image); code != 0 || !strings.Contains(got, "\nsi?[??1\n") {
		t.Errorf("exit code %d\n%s", code, got)
	}
	if got, code := nbnet(t, "fs", "cat", image, name+"0"); code != 1 || got != "nbnet: "+image+": si?[??10: No such file or directory\n" {
		t.Errorf("exit code %d, %q", code, got)
	}
	if got, code := nbnet(t, "fs", "cp", image, name, "/dev/full/\x1b"); code != 1 || got != "nbnet: /dev/full: not a directory\n" {
		t.Errorf("exit code %d, %q", code, got)
	}
	got, code := nbnet(t, "--json", "fs", "stat", image, name, "size1")
	var files []struct {
		Path      string
		PathBytes []byte
	}
	if err := json.Unmarshal([]byte(got), &files); err != nil || code != 0 || len(files) != 2 {
		t.Fatalf("exit code %d, %v\n%s", code, err, got)
	}
	if f := files[0]; f.Path != "/si\x1b[\n\ufffd1" || string(f.PathBytes) != "/"+name {
		t.Errorf("%+q", f)
	}
	if f := files[1]; f.Path != "/size1" || f.PathBytes != nil {
		t.Errorf("%+q", f)
	}
}

// Who writes to an image has it alone.
func TestImageLock(t *testing.T) {
	kernels := []string{"none"}
	if rump.Missing() == "" {
		kernels = append(kernels, "rump")
	}
	image := unpack(t, "v2le")
	file, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lock := func(how int) {
		t.Helper()
		if err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, allowed bool, args ...string) {
		t.Helper()
		got, code := nbnet(t, append([]string{"fs"}, args...)...)
		locked := strings.HasPrefix(got, "nbnet: "+image+": it is locked by ")
		if locked == allowed || (code == 0) != allowed {
			t.Errorf("%s: %v: exit code %d\n%s", what, args, code, got)
		}
	}
	for _, kernel := range kernels {
		lock(unix.LOCK_EX)
		check("somebody writes", false, "--kernel", kernel, "cat", image, "size1")
		lock(unix.LOCK_SH)
		check("somebody reads", true, "--kernel", kernel, "cat", image, "size1")
		lock(unix.LOCK_UN)
	}
	if slices.Contains(kernels, "rump") {
		lock(unix.LOCK_SH)
		check("somebody reads", false, "put", image, "/dev/null", "/new")
		lock(unix.LOCK_UN)
		check("nobody is there", true, "put", image, "/dev/null", "/new")
	}
	lock(unix.LOCK_EX) // and nbnet has no lock left
}
