// Package examples holds the test of examples/foreign, which is a module of its
// own and so not seen by this module's tests.
package examples

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/internal/probetest"
	_ "github.com/abigen/abigen/internal/project" // a changed generator is no cached result
)

// wantOutput is what the program prints on a 64-bit machine.
const wantOutput = `frame:    11 bytes, sequence 258, value 293422, check 0xdeadbeef
setup:    enabled 1, filter 3, 18 bits, offset -12, every 500000 us, "cellar"
refused:  gauge_setup.gs_channel = 3: no counterpart
reading:  flags 0x3 on NetBSD, 0x300 on Linux, value 293400 at 1700000000.250000
request:  GAUGE_IOC_SETUP 0x80206701 on NetBSD, 0x40206701 on Linux
request:  GAUGE_IOC_READ  0xc0206702 on NetBSD, 0xc0206702 on Linux
request:  GAUGE_IOC_RESET 0x20006703 on NetBSD, 0x00006703 on Linux
`

// Outside the repository, with only go.mod pointing back to it, "go generate"
// makes again exactly what is committed, and the program builds and runs.
func TestForeign(t *testing.T) {
	probetest.OpenZig(t) // the header includes those of both systems
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "foreign")
	committed := tree(t, "foreign")
	if err := os.CopyFS(dir, os.DirFS("foreign")); err != nil {
		t.Fatal(err)
	}
	run := func(env string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir, env)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, &stdout, &stderr)
		}
		return stdout.String()
	}
	run("", "mod", "edit", "-replace", "github.com/abigen/abigen="+repo)

	// Everything that was generated goes, so that nothing can pass as up to date.
	removed := 0
	for name := range committed {
		if base := filepath.Base(name); base == "abigen.lock" || base[0] == 'z' {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			removed++
		}
	}
	if removed < 40 {
		t.Errorf("only %d generated files are committed", removed)
	}
	run("", "generate", "./...")
	got := tree(t, dir)
	delete(got, "go.mod")
	delete(committed, "go.mod")
	if diff := cmp.Diff(committed, got); diff != "" {
		t.Errorf("go generate gives something else than what is committed; make generate brings it up to date (-committed +generated):\n%s", diff)
	}

	run("", "build", "-o", os.DevNull, "./...")
	for _, env := range []string{"GOARCH=amd64", "GOARCH=arm64", "GOARCH=386", "GOARCH=arm", "GOOS=netbsd", ""} {
		run(env, "vet", "./...")
	}
	if out := run("", "run", "."); strconv.IntSize == 64 && out != wantOutput {
		t.Errorf("go run . (-want +got):\n%s", cmp.Diff(wantOutput, out))
	}
}

// tree returns the contents of every file below dir, by its name from there.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
