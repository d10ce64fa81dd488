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
// For netbsd/m68k zig generates no code, but its preprocessor knows the target.
// Where gcc's port of NetBSD/m68k, which that system is compiled with, differs
// from it, the table follows gcc (m68kMacros).
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
	text := filterMacros(string(out))
	if t == (ctype.Target{OS: "netbsd", Arch: "m68k"}) {
		text = overrideMacros(text, m68kMacros)
	}
	return text, nil
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

// m68kMacros are the macros whose value in gcc's NetBSD/m68k port is not what
// clang has for that target. The port compiles for a 68020 with a 68881, whose
// long double is the 80-bit extended format in 12 bytes.
var m68kMacros = map[string]string{
	"__mc68020__":    "1",
	"__SVR4_ABI__":   "1",
	"__motorola__":   "1",
	"__HAVE_68881__": "1",
	"__HAVE_FPU__":   "1",

	"__SIZEOF_LONG_DOUBLE__": "12",
	"__LDBL_MANT_DIG__":      "64",
	"__LDBL_DIG__":           "18",
	"__LDBL_DECIMAL_DIG__":   "21",
	"__DECIMAL_DIG__":        "21",
	"__LDBL_MIN_EXP__":       "(-16382)",
	"__LDBL_MAX_EXP__":       "16384",
	"__LDBL_MIN_10_EXP__":    "(-4931)",
	"__LDBL_MAX_10_EXP__":    "4932",
	"__LDBL_EPSILON__":       "1.08420217248550443401e-19L",
	"__LDBL_MIN__":           "1.68105157155604675313e-4932L",
	"__LDBL_DENORM_MIN__":    "1.82259976594123730126e-4951L",
	"__LDBL_MAX__":           "1.18973149535723176502e+4932L",
	"__LDBL_NORM_MAX__":      "1.18973149535723176502e+4932L",
}

// overrideMacros replaces the definitions in text of the macros in values, and
// adds those that are not there.
func overrideMacros(text string, values map[string]string) string {
	var lines []string
	for name, value := range values {
		text = withoutMacro(text, name)
		lines = append(lines, "#define "+name+" "+value+"\n")
	}
	return filterMacros(text + strings.Join(lines, ""))
}

// withoutMacro removes the definition of an object-like macro from text.
func withoutMacro(text, name string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#define "+name+" ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
