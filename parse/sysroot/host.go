package sysroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// A Host is the sysroot that this machine's C compiler uses.
type Host struct {
	inc Includes
}

// ErrNoCompiler: this machine has no C compiler to ask.
var ErrNoCompiler = errors.New("no C compiler: set CC, or install one as cc, gcc or clang")

// OpenHost asks the C compiler of this machine, the one that environment
// variable CC names, else cc, gcc or clang, for its search directories and
// predefined macros. The compiler also decides what the only target is.
func OpenHost(ctx context.Context) (*Host, error) {
	cc, err := findCompiler()
	if err != nil {
		return nil, fmt.Errorf("sysroot host: %w", err)
	}
	macros, _, err := runCompiler(ctx, cc, "-dM")
	if err != nil {
		return nil, fmt.Errorf("sysroot host: %w", err)
	}
	_, log, err := runCompiler(ctx, cc, "-v")
	if err != nil {
		return nil, fmt.Errorf("sysroot host: %w", err)
	}
	fsys := os.DirFS("/")
	dirs := searchDirs(log, fsys)
	if len(dirs) == 0 {
		return nil, fmt.Errorf("sysroot host: %s -v names no include directory that is there", filepath.Base(cc[0]))
	}
	defined := macroValues(macros)
	return &Host{Includes{
		Name:       "host, " + compilerName(defined),
		Target:     compilerTarget(defined),
		FS:         fsys,
		Root:       "/",
		Dirs:       dirs,
		Predefined: filterMacros(macros),
	}}, nil
}

// Name returns "host, COMPILER VERSION".
func (h *Host) Name() string { return h.inc.Name }

// Includes returns what the compiler uses, when t is what it compiles for.
func (h *Host) Includes(_ context.Context, t ctype.Target) (*Includes, error) {
	if t != h.inc.Target {
		return nil, &TargetError{Sysroot: h.Name(), Target: t, Have: []ctype.Target{h.inc.Target}}
	}
	inc := h.inc
	return &inc, nil
}

// findCompiler returns the command line that starts the compiler.
func findCompiler() ([]string, error) {
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		if _, err := exec.LookPath(cc[0]); err != nil {
			return nil, fmt.Errorf("CC: %w", err)
		}
		return cc, nil
	}
	for _, name := range []string{"cc", "gcc", "clang"} {
		if exe, err := exec.LookPath(name); err == nil {
			return []string{exe}, nil
		}
	}
	return nil, ErrNoCompiler
}

// runCompiler preprocesses nothing.
func runCompiler(ctx context.Context, cc []string, flag string) (stdout, stderr string, err error) {
	args := append(cc[1:len(cc):len(cc)], flag, "-E", "-x", "c", os.DevNull)
	cmd := exec.CommandContext(ctx, cc[0], args...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C") // searchDirs reads messages
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return "", "", fmt.Errorf("%s %s: %w: %s", filepath.Base(cc[0]), strings.Join(args, " "), err, firstLine(log.String()))
	}
	return out.String(), log.String(), nil
}

// searchDirs reads from what gcc -v and clang -v print the directories that
// #include <...> searches, as paths in fsys, whose root is the machine's.
func searchDirs(log string, fsys fs.FS) []string {
	var dirs []string
	in := false
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "#include <...> search starts here"):
			in = true
		case strings.HasPrefix(line, "End of search list"):
			return dirs
		case in && !strings.HasSuffix(line, "(framework directory)"):
			dir := filepath.ToSlash(filepath.Clean(strings.TrimSpace(line)))
			p := strings.TrimPrefix(dir, "/")
			if info, err := fs.Stat(fsys, p); err == nil && info.IsDir() {
				dirs = append(dirs, p)
			}
		}
	}
	return dirs
}

// macroValues returns the object-like macros that text defines.
func macroValues(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if def, ok := strings.CutPrefix(line, "#define "); ok {
			name, value, _ := strings.Cut(strings.TrimRight(def, "\r\n"), " ")
			m[name] = value
		}
	}
	return m
}

// compilerName returns the compiler and its version.
func compilerName(defined map[string]string) string {
	version := func(prefix string, parts ...string) string {
		for i, p := range parts {
			parts[i] = defined[p]
		}
		return prefix + " " + strings.Join(parts, ".")
	}
	switch {
	case defined["__clang__"] != "":
		return version("clang", "__clang_major__", "__clang_minor__", "__clang_patchlevel__")
	case defined["__GNUC__"] != "":
		return version("gcc", "__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__")
	}
	return "cc"
}

// compilerTarget returns what the compiler compiles for, which CC may have
// made another target than this program's; that one it is when the macros do
// not tell.
func compilerTarget(defined map[string]string) ctype.Target {
	t := ctype.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, os := range []struct{ macro, os string }{
		{"__linux__", "linux"}, {"__NetBSD__", "netbsd"}, {"__FreeBSD__", "freebsd"}, {"__APPLE__", "darwin"},
	} {
		if _, ok := defined[os.macro]; ok {
			t.OS = os.os
		}
	}
	for _, arch := range []struct{ macro, arch string }{
		{"__x86_64__", "amd64"}, {"__aarch64__", "arm64"}, {"__i386__", "386"}, {"__arm__", "arm"},
	} {
		if _, ok := defined[arch.macro]; ok {
			t.Arch = arch.arch
		}
	}
	return t
}
