package sysroot

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

//go:generate go run ./internal/mkpredef

//go:embed predefined/*.h
var predefined embed.FS

// Predefined returns the macros that the compiler of t predefines, a #define
// in each line, sorted by name.
//
// The tables are what zig cc -dM -E of [DefaultZigVersion] prints for each
// target, without the macros by which clang names itself: headers that see
// __clang__ use extensions (blocks, availability, enable_if) that C front ends
// other than clang do not know, while __GNUC__ 4.2.1, which clang claims too,
// asks for nothing unusual, and is old enough for headers to define what later
// compilers have built in. The target's own macros, such as
// __BIGGEST_ALIGNMENT__ from which NetBSD derives the alignment of control
// messages on some machines, and the versions that zig passes for the C
// library, such as __NetBSD_Version__, are kept.
//
// For netbsd/m68k no compiler of ours generates code, but clang's preprocessor
// knows the target; the test of this package holds the facts of gcc's
// NetBSD/m68k port against its table.
func Predefined(t ctype.Target) (string, error) {
	if _, ok := lookupTarget(t); !ok {
		return "", fmt.Errorf("predefined macros of %s are not known; known are %s", t, joinTargets(Targets()))
	}
	b, err := fs.ReadFile(predefined, path.Join("predefined", t.OS+"_"+t.Arch+".h"))
	if err != nil {
		return "", fmt.Errorf("predefined macros of %s: %w", t, err)
	}
	return string(b), nil
}

// Macros returns what [Predefined] should return for t, from the compiler
// itself: the tables are made from it, and compared with it.
func (z *Zig) Macros(ctx context.Context, t ctype.Target) (string, error) {
	cc, err := z.preprocessor(ctx, t)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, cc.Path, append(cc.Args, "-dM", "-E", "-x", "c", "/dev/null")...)
	cmd.Env = append(cmd.Environ(), cc.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("zig cc -target %s: %w: %s", cc.Args[2], err, firstLine(stderr.String()))
	}
	return filterMacros(string(out)), nil
}

// compilerOnly are the macros that the tables leave out, by their prefixes:
// the compiler's names and versions, and constants of its own built-in
// functions and of other languages.
var compilerOnly = []string{
	"__clang", "__llvm__", "__VERSION__", "__apple_build_version__",
	"__CLANG_ATOMIC_", "__FPCLASS_", "__MEMORY_SCOPE_", "__OBJC_", "__OPENCL_", "__STDC_EMBED_",
}

// filterMacros sorts the #define lines of text and leaves out compilerOnly.
func filterMacros(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(line, "#define ")
		if !ok || slices.ContainsFunc(compilerOnly, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		lines = append(lines, strings.TrimRight(line, " \r\n"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
