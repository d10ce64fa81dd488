package ctype_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse/sysroot"
)

// basicTypes are the canonical spellings that a Model may know.
var basicTypes = []string{
	"char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long", "unsigned long",
	"long long", "unsigned long long", "__int128", "unsigned __int128", "_Bool", "float", "double", "long double",
	"_Float16", "__float128", "float _Complex", "double _Complex", "long double _Complex",
}

// TestModels compares every model with the target's compiler.
func TestModels(t *testing.T) {
	for _, target := range ctype.Targets() {
		t.Run(target.String(), func(t *testing.T) {
			t.Parallel()
			m, err := target.Model()
			if err != nil {
				t.Fatal(err)
			}
			c := probetest.Zig(t, target)
			var probes []cprobe.Probe
			var want []string
			ask := func(expr string, value any) {
				probes = append(probes, cprobe.Probe{Expr: expr})
				want = append(want, fmt.Sprint(value))
			}
			yes := func(b bool) int {
				if b {
					return 1
				}
				return 0
			}
			for _, name := range basicTypes {
				b, ok := m.Basic(name)
				if !ok || name == "__float128" && m.LongDouble == m.Float128 && target.Arch != "amd64" {
					continue // clang has no other name for it than long double
				}
				ask("sizeof("+name+")", b.Size)
				ask("_Alignof("+name+")", b.Align)
				if b.Kind == ctype.Int {
					ask("("+name+")-1 < 0", yes(b.Signed))
				}
			}
			ask("__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__", yes(m.BigEndian))
			ask("(char)-1 < 0", yes(m.CharSigned))
			ask("sizeof(void *)", m.Pointer.Size)
			ask("_Alignof(struct { char c; } __attribute__((aligned)))", m.MaxAlign)
			for macro, name := range map[string]string{
				"__SIZE_TYPE__": m.SizeType, "__PTRDIFF_TYPE__": m.PtrdiffType, "__WCHAR_TYPE__": m.WCharType,
				"__WINT_TYPE__": m.WIntType, "__INTMAX_TYPE__": m.IntmaxType,
			} {
				ask("__builtin_types_compatible_p("+macro+", "+name+")", 1)
			}
			res, err := c.Ask(t.Context(), cprobe.Source{}, probes)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range res {
				if r.Err != nil {
					t.Errorf("%s: %v", probes[i].Expr, r.Err)
				} else if got := r.Int.String(); got != want[i] {
					t.Errorf("%s is %s, the model says %s", probes[i].Expr, got, want[i])
				}
			}
		})
	}
}

// TestModelM68K compares the model that no compiler can be asked about with
// what the predefined macros say.
func TestModelM68K(t *testing.T) {
	target := ctype.Target{OS: "netbsd", Arch: "m68k"}
	m, err := target.Model()
	if err != nil {
		t.Fatal(err)
	}
	text, err := sysroot.Predefined(target)
	if err != nil {
		t.Fatal(err)
	}
	for macro, want := range map[string]any{
		"__SIZEOF_SHORT__": m.Short.Size, "__SIZEOF_INT__": m.Int.Size, "__SIZEOF_LONG__": m.Long.Size,
		"__SIZEOF_LONG_LONG__": m.LongLong.Size, "__SIZEOF_POINTER__": m.Pointer.Size, "__SIZEOF_FLOAT__": m.Float.Size,
		"__SIZEOF_DOUBLE__": m.Double.Size, "__SIZEOF_LONG_DOUBLE__": m.LongDouble.Size,
		"__BIGGEST_ALIGNMENT__": m.MaxAlign, "__SIZE_TYPE__": m.SizeType, "__PTRDIFF_TYPE__": m.PtrdiffType,
		"__WCHAR_TYPE__": m.WCharType, "__WINT_TYPE__": m.WIntType,
	} {
		line := fmt.Sprintf("#define %s %v\n", macro, want)
		if !strings.Contains(text, line) {
			t.Errorf("the macros do not hold %q", line)
		}
	}
}

func TestUnknownTarget(t *testing.T) {
	_, err := ctype.Target{OS: "netbsd", Arch: "vax"}.Model()
	if err == nil || !strings.Contains(err.Error(), "netbsd/vax is not known; known are netbsd/amd64, ") || !strings.Contains(err.Error(), "linux/arm") {
		t.Errorf("error %v", err)
	}
}

func TestBasicName(t *testing.T) {
	for words, want := range map[string]string{
		"long unsigned int":          "unsigned long",
		"unsigned":                   "unsigned int",
		"signed":                     "int",
		"int long signed long":       "long long",
		"long long unsigned":         "unsigned long long",
		"short":                      "short",
		"unsigned short int":         "unsigned short",
		"char":                       "char",
		"char signed":                "signed char",
		"__signed__ char":            "signed char",
		"unsigned char":              "unsigned char",
		"double long":                "long double",
		"_Complex":                   "double _Complex",
		"float __complex__":          "float _Complex",
		"long _Complex double":       "long double _Complex",
		"unsigned __int128":          "unsigned __int128",
		"__uint128_t":                "unsigned __int128",
		"_Bool":                      "_Bool",
		"bool":                       "_Bool",
		"void":                       "void",
		"_Float128":                  "_Float128",
		"":                           "",
		"long long long":             "",
		"short long":                 "",
		"signed unsigned":            "",
		"unsigned double":            "",
		"long float":                 "",
		"short double":               "",
		"char int":                   "",
		"long char":                  "",
		"void int":                   "",
		"int int":                    "",
		"_Complex int":               "",
		"float double":               "",
		"size_t":                     "",
		"unsigned __uint128_t":       "",
		"long __int128":              "",
		"unsigned _Float16":          "",
		"_Bool _Complex":             "",
		"signed __int128":            "__int128",
		"struct":                     "",
		"unsigned long long int int": "",
	} {
		got, err := ctype.BasicName(strings.Fields(words)...)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("BasicName(%s) = %q, %v; want %q", words, got, err, want)
		}
	}
	m, err := ctype.Target{OS: "netbsd", Arch: "arm"}.Model()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "unsigned", "long int", "__int128", "__float128", "unsigned signed char", "unsigned float", "int _Complex"} {
		if b, ok := m.Basic(name); ok {
			t.Errorf("Basic(%q) = %v", name, b)
		}
	}
}
