package sysroot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/abi/ctype"
)

// A fakePip is a directory of commands that is the whole PATH of a test.
type fakePip struct {
	t   *testing.T
	dir string
}

// newFakePip makes python3 run script when pip is to download. In it $dir is
// the directory to download to. Every run adds its arguments to a log.
func newFakePip(t *testing.T, script string) *fakePip {
	p := &fakePip{t: t, dir: t.TempDir()}
	p.command("python3", `test "$2" = pip || exit 9
case "$*" in *--version*) exit 0;; esac
while test $# -gt 0; do test "$1" = -d && dir=$2; last=$1; shift; done
echo "$last" >>"$PIP_LOG"
`+script)
	t.Setenv("PATH", p.dir)
	t.Setenv("PIP_LOG", filepath.Join(p.dir, "log"))
	return p
}

func (p *fakePip) command(name, script string) {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	writeFile(p.t, file, "#!/bin/sh\n"+script)
	if err := os.Chmod(file, 0o777); err != nil {
		p.t.Fatal(err)
	}
}

// wheel makes a package for the script to copy, and returns the line that does.
func (p *fakePip) wheel(files map[string]string) string {
	file := filepath.Join(p.dir, wheelName)
	writeFile(p.t, file, string(wheelBytes(p.t, files)))
	return "/bin/cp " + file + " $dir\n"
}

// runs returns what pip was asked to download, run by run.
func (p *fakePip) runs() []string {
	b, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Fatal(err)
	}
	return strings.Fields(string(b))
}

func serveWheel(t *testing.T) *fakePip {
	p := newFakePip(t, "/bin/cp "+`"$WHEEL" "$dir"`+"\n")
	p.wheel(wheelFiles())
	t.Setenv("WHEEL", filepath.Join(p.dir, wheelName))
	return p
}

func testOptions(t *testing.T) Options {
	return Options{Cache: t.TempDir(), ZigVersion: testVersion}
}

func TestZigUnpacks(t *testing.T) {
	pip := serveWheel(t)
	opt := testOptions(t)
	z, err := OpenZig(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pip.runs(), []string{"ziglang==" + testVersion}; !slices.Equal(got, want) {
		t.Errorf("pip downloaded %q, want %q", got, want)
	}
	root := filepath.Join(opt.Cache, "ziglang-"+testVersion)
	want := []string{
		"lock",
		"tree/lib/include/stddef.h",
		"tree/lib/libc/darwin/SDKSettings.json",
		"tree/lib/libc/include/aarch64-netbsd-none/machine/types.h",
		"tree/lib/libc/include/generic-netbsd/sys/socket.h",
		"tree/lib/libc/include/x86_64-netbsd-none/machine/types.h",
		"tree/lib/std/std.zig",
		"tree/wheel.json",
		"wheel/" + wheelName,
	}
	if got := listFiles(t, root); !slices.Equal(got, want) {
		t.Errorf("cache holds %q, want %q", got, want)
	}
	sum, err := fileSHA256(filepath.Join(root, "wheel", wheelName))
	if err != nil {
		t.Fatal(err)
	}
	if z.SHA256() != sum {
		t.Errorf("SHA256() = %s, want the package's %s", z.SHA256(), sum)
	}

	// What is there is used without pip, the package for the compiler too.
	t.Setenv("PATH", "")
	if z, err = OpenZig(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	amd64 := ctype.Target{OS: "netbsd", Arch: "amd64"}
	cc, err := z.Compiler(t.Context(), amd64)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(cc.Path)
	if err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("compiler: mode %v, %v, want an executable", info.Mode(), err)
	}
	if got, want := cc.Args, []string{"cc", "-target", "x86_64-netbsd"}; !slices.Equal(got, want) {
		t.Errorf("Args = %q, want %q", got, want)
	}
}

func TestZigTargets(t *testing.T) {
	serveWheel(t)
	z, err := OpenZig(t.Context(), testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	inc, err := z.Includes(t.Context(), ctype.Target{OS: "netbsd", Arch: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"include", "libc/include/aarch64-netbsd-none", "libc/include/generic-netbsd"}
	if !slices.Equal(inc.Dirs, want) {
		t.Errorf("Dirs = %q, want %q", inc.Dirs, want)
	}
	p, err := inc.Find("machine/types.h")
	if err != nil || p != "libc/include/aarch64-netbsd-none/machine/types.h" {
		t.Errorf("Find: %q, %v", p, err)
	}
	if name, ok := inc.IncludeName(p); !ok || name != "machine/types.h" {
		t.Errorf("IncludeName(%q) = %q, %v", p, name, ok)
	}
	if want := "#define __FAKE__ 1\n"; inc.Predefined != want {
		t.Errorf("Predefined = %q, want %q, as the package's compiler says", inc.Predefined, want)
	}
	if _, err := inc.Find("no/such.h"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Find of a missing header: %v, want %v", err, fs.ErrNotExist)
	}

	for _, target := range []ctype.Target{{OS: "linux", Arch: "amd64"}, {OS: "netbsd", Arch: "vax"}} {
		_, err := z.Includes(t.Context(), target)
		var te *TargetError
		if !errors.As(err, &te) {
			t.Errorf("Includes(%s): %v, want a TargetError", target, err)
			continue
		}
		wantMsg := "sysroot ziglang " + testVersion + " has no headers for " + target.String() + "; it has netbsd/amd64, netbsd/arm64"
		if te.Error() != wantMsg {
			t.Errorf("message %q, want %q", te, wantMsg)
		}
	}
	if _, err := z.Compiler(t.Context(), ctype.Target{OS: "netbsd", Arch: "m68k"}); !errors.As(err, new(*NoCompilerError)) {
		t.Errorf("Compiler(netbsd/m68k): %v, want a NoCompilerError", err)
	}
}

// noNetwork is what pip prints when its index cannot be reached.
const noNetwork = `cat >&2 <<'END'
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<conn>: Failed to establish a new connection')': /simple/ziglang/
ERROR: Could not find a version that satisfies the requirement ziglang==9.8.7 (from versions: none)
ERROR: No matching distribution found for ziglang==9.8.7
END
exit 1
`

func TestZigFails(t *testing.T) {
	noNetBSD := wheelFiles()
	delete(noNetBSD, "ziglang/lib/libc/include/generic-netbsd/sys/socket.h")
	slip := wheelFiles()
	slip["ziglang/lib/include/../../../../slip.h"] = ""
	for _, tt := range []struct {
		name   string
		script func(p *fakePip) string
		want   error
		text   string // in the message
	}{
		{"no network", func(*fakePip) string { return noNetwork }, ErrNetwork, "no network"},
		{
			"no such version",
			func(*fakePip) string {
				return "echo 'ERROR: Could not find a version that satisfies the requirement ziglang==9.8.7 (from versions: 0.1, 0.2)' >&2\n" +
					"echo 'ERROR: No matching distribution found for ziglang==9.8.7' >&2\nexit 1\n"
			},
			ErrNoVersion, "No matching distribution found for ziglang==9.8.7",
		},
		{
			"interrupted download",
			func(*fakePip) string {
				return "echo half >$dir/" + wheelName + "\necho 'ERROR: Exception: IncompleteRead(5 bytes read, 9 more expected)' >&2\nexit 2\n"
			},
			ErrNetwork, "IncompleteRead",
		},
		{"something else", func(*fakePip) string { return "echo 'ERROR: disk on fire' >&2; exit 2\n" }, nil, "disk on fire"},
		{"nothing downloaded", func(*fakePip) string { return "exit 0\n" }, ErrBadWheel, "pip left no ziglang-9.8.7"},
		{"source instead", func(*fakePip) string { return "echo x >$dir/ziglang-9.8.7.tar.gz\n" }, ErrBadWheel, "pip left no"},
		{"garbage", func(*fakePip) string { return "echo garbage >$dir/" + wheelName + "\n" }, ErrBadWheel, "not a wheel"},
		{"no NetBSD headers", func(p *fakePip) string { return p.wheel(noNetBSD) }, ErrNoNetBSD, "no NetBSD headers"},
		{"leads out", func(p *fakePip) string { return p.wheel(slip) }, ErrBadWheel, "leads out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pip := newFakePip(t, "")
			script, err := os.ReadFile(filepath.Join(pip.dir, "python3"))
			if err != nil {
				t.Fatal(err)
			}
			body := strings.ReplaceAll(tt.script(pip), "cat >&2", "/bin/cat >&2")
			pip.command("python3", string(script)+body)
			opt := testOptions(t)
			_, err = OpenZig(t.Context(), opt)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("OpenZig: %v, want %v with %q", err, tt.want, tt.text)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message is not one line: %q", err)
			}
			if got := listFiles(t, opt.Cache); !slices.Equal(got, []string{"ziglang-" + testVersion + "/lock"}) {
				t.Errorf("the failure left %q", got)
			}
			// The next attempt, with a good package, is not hindered.
			pip.command("python3", string(script)+pip.wheel(wheelFiles()))
			if _, err := OpenZig(t.Context(), opt); err != nil {
				t.Errorf("second attempt: %v", err)
			}
		})
	}
}

func TestZigWithoutPip(t *testing.T) {
	pip := newFakePip(t, "")
	pip.command("python3", "echo 'No module named pip' >&2; exit 1\n")
	if _, err := OpenZig(t.Context(), testOptions(t)); !errors.Is(err, ErrNoPip) {
		t.Errorf("python3 without pip: %v, want %v", err, ErrNoPip)
	}
	copyWheel := pip.wheel(wheelFiles())
	pip.command("pip3", `test "$1" = --version && exit 0
test "$1" = download || exit 9
while test $# -gt 0; do test "$1" = -d && dir=$2; shift; done
`+copyWheel)
	if _, err := OpenZig(t.Context(), testOptions(t)); err != nil {
		t.Errorf("with pip3: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := OpenZig(t.Context(), testOptions(t)); !errors.Is(err, ErrNoPip) {
		t.Errorf("empty PATH: %v, want %v", err, ErrNoPip)
	}
}

func TestZigCanceled(t *testing.T) {
	newFakePip(t, "echo half >$dir/"+wheelName+"\nexec /bin/sleep 60\n")
	opt := testOptions(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := OpenZig(ctx, opt); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("OpenZig: %v, want %v", err, context.DeadlineExceeded)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v to stop pip", d)
	}
	if got := listFiles(t, opt.Cache); !slices.Equal(got, []string{"ziglang-" + testVersion + "/lock"}) {
		t.Errorf("the interruption left %q", got)
	}
}

// TestZigAfterCrash has what processes leave behind that were killed while
// unpacking, and a tree that lacks its mark.
func TestZigAfterCrash(t *testing.T) {
	pip := serveWheel(t)
	opt := testOptions(t)
	root := filepath.Join(opt.Cache, "ziglang-"+testVersion)
	writeFile(t, filepath.Join(root, "tmp-wheel", wheelName), "half a package")
	writeFile(t, filepath.Join(root, "tmp-tree", "lib/include/stddef.h"), "/* std")
	writeFile(t, filepath.Join(root, "tree", "lib/include/stale.h"), "/* stale */")
	writeFile(t, filepath.Join(root, "wheel", wheelName), "damaged")
	if _, err := OpenZig(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	for _, name := range listFiles(t, root) {
		if strings.HasPrefix(name, "tmp-") || strings.Contains(name, "stale") {
			t.Errorf("%s is left over", name)
		}
	}
	if got := len(pip.runs()); got != 1 {
		t.Errorf("pip ran %d times, want once", got)
	}
}

// TestZigCompletes has a tree that a version of this package left which knew
// fewer targets: it had no list of parts yet, or one without the new ones.
func TestZigCompletes(t *testing.T) {
	const part = "lib/libc/include/aarch64-netbsd-none"
	for _, tt := range []struct {
		name  string
		parts []string
	}{
		{"without a list", nil},
		{"with a list", slices.DeleteFunc(treeParts(), func(p string) bool { return p == part })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serveWheel(t)
			opt := testOptions(t)
			z, err := OpenZig(t.Context(), opt)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(z.tree(), part)); err != nil {
				t.Fatal(err)
			}
			old := z.source
			old.Parts = tt.parts
			if err := writeInfo(z.tree(), old); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(z.tree(), zigExecutable), "a compiler that is not unpacked again")

			t.Setenv("PATH", "") // the package is in the cache
			if z, err = OpenZig(t.Context(), opt); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(z.tree(), part, "machine/types.h")); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(filepath.Join(z.tree(), zigExecutable)); err != nil || string(b) != "a compiler that is not unpacked again" {
				t.Errorf("the compiler was touched: %q, %v", b, err)
			}
			if missing := z.source.missing(); len(missing) > 0 {
				t.Errorf("still missing %q", missing)
			}
			for _, name := range listFiles(t, z.dir) {
				if strings.HasPrefix(name, tmpPrefix) {
					t.Errorf("%s is left over", name)
				}
			}
		})
	}
}

// TestZigAnotherWheel has a tree to complete of another build of the package:
// the two are not mixed.
func TestZigAnotherWheel(t *testing.T) {
	serveWheel(t)
	opt := testOptions(t)
	z, err := OpenZig(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeInfo(z.tree(), wheelInfo{File: wheelName, SHA256: strings.Repeat("0", 64)}); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(z.tree(), "lib/include/stale.h"), "/* stale */")
	if z, err = OpenZig(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(listFiles(t, z.tree()), "lib/include/stale.h") {
		t.Error("a file of another package is left over")
	}
	if z.SHA256() == strings.Repeat("0", 64) {
		t.Error("the tree still claims to be of another package")
	}
}

func TestZigConcurrent(t *testing.T) {
	pip := serveWheel(t)
	opt := testOptions(t)
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			z, err := OpenZig(t.Context(), opt)
			if err == nil {
				_, err = z.Compiler(t.Context(), ctype.Target{OS: "netbsd", Arch: "amd64"})
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if got := len(pip.runs()); got != 1 {
		t.Errorf("pip ran %d times, want once", got)
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"zig", "no cache directory"},
		{"zig:x", `sysroot "zig:x": want zig, host or dir:PATH`},
		{"zag", `sysroot "zag": want zig, host or dir:PATH`},
		{"", `sysroot "": want zig, host or dir:PATH`},
		{"dir", "want dir:PATH"},
		{"dir:", "want dir:PATH"},
		{"dir:/no/such/directory", "no such file or directory"},
	} {
		_, err := Open(t.Context(), tt.spec, Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Open(%q): %v, want %q", tt.spec, err, tt.want)
		}
	}
	if _, err := OpenZig(t.Context(), Options{Cache: t.TempDir(), ZigVersion: "../up"}); err == nil || !strings.Contains(err.Error(), "not a version") {
		t.Errorf("version ../up: %v", err)
	}
}
