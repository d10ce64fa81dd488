package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/abigen/abigen/parse/sysroot"
)

var update = flag.Bool("update", false, "write what commands print into the scripts that compare it")

// TestMain lets the scripts start the test binary as abigen.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"abigen": main})
}

// TestScripts runs the scripts in testdata. Each starts in a directory of its
// own that holds go.mod and sysroot, the headers of a very small NetBSD, with an
// empty cache, and with $REPO, the directory of this module. Beside the commands of testscript there are
//
//	code N COMMAND...  runs the command, which must exit with N
//	snapshot           remembers every file below the directory
//	unchanged          fails if a file, a directory or a mode is another one than then
//	zigcache           makes the cache that of the environment, with zig's headers in it
//	waitfor FILE       waits until the file is there
//
// and the condition [zigcache], that there is a cache with zig's headers.
func TestScripts(t *testing.T) {
	cache, zigErr := zigCache()
	if zigErr != nil {
		t.Logf("scripts that need the zig sysroot skip: %v", zigErr)
	}
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values[treeKey{}] = map[string]string{}
			e.Setenv("ABIGEN_CACHE", filepath.Join(e.WorkDir, tmp, "cache"))
			if err := os.CopyFS(filepath.Join(e.WorkDir, "sysroot"), os.DirFS("testdata/sysroot")); err != nil {
				return err
			}
			repo, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			e.Setenv("REPO", repo)
			e.Setenv("GOCACHE", strings.TrimSpace(string(goCache)))
			e.Setenv("GOFLAGS", "-mod=mod")
			e.Setenv("GOPROXY", "off")
			return os.WriteFile(filepath.Join(e.WorkDir, "go.mod"), []byte("module example.com/m\n\ngo 1.26\n"), 0o666)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "zigcache":
				return zigErr == nil, nil
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code, "snapshot": snapshot, "unchanged": unchanged, "waitfor": waitFor,
			"zigcache": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("ABIGEN_CACHE", cache) },
		},
	})
}

// zigCache returns the cache directory of the environment when it holds the
// headers of the zig package.
func zigCache() (string, error) {
	cache, err := sysroot.DefaultCache()
	if err != nil {
		return "", err
	}
	_, err = os.Stat(filepath.Join(cache, "ziglang-"+sysroot.DefaultZigVersion))
	return cache, err
}

func code(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// tmp is where testscript has temporary files. Snapshots leave it out.
const tmp = ".tmp"

// A treeKey finds the tree that a script has remembered.
type treeKey struct{}

func snapshot(ts *testscript.TestScript, _ bool, _ []string) {
	before := ts.Value(treeKey{}).(map[string]string)
	clear(before)
	maps.Copy(before, tree(ts))
}

func unchanged(ts *testscript.TestScript, _ bool, _ []string) {
	before, now := ts.Value(treeKey{}).(map[string]string), tree(ts)
	if len(before) == 0 {
		ts.Fatalf("unchanged without a snapshot")
	}
	if diff := cmp.Diff(before, now); diff != "" {
		ts.Fatalf("files have changed (-before +now):\n%s", diff)
	}
}

// tree returns everything in the script's directory: for each name, the mode and what the file
// holds or the link leads to.
func tree(ts *testscript.TestScript) map[string]string {
	dir := ts.Getenv("WORK")
	all := map[string]string{}
	ts.Check(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == tmp {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what := info.Mode().String() + "\n"
		switch {
		case d.Type().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			what += string(data)
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(name)
			if err != nil {
				return err
			}
			what += to
		}
		rel, err := filepath.Rel(dir, name)
		all[filepath.ToSlash(rel)] = what
		return err
	}))
	return all
}

func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for range 6000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}
