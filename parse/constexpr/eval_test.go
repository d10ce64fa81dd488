package constexpr

import (
	"errors"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
)

// testEnv is what the expressions of the tables may name. preamble declares the
// same to a compiler.
type testEnv struct{ model *ctype.Model }

const preamble = `
typedef unsigned int u32; typedef short s16; typedef int vec[4]; typedef int over __attribute__((aligned(32)));
struct s { char a; struct { int b; short c[3]; }; union { long d; char e; } u; };
union n { char a[5]; int b; };
struct never;
enum color { RED, GREEN = 5, BLUE };
extern int var; extern struct s obj; extern char text[10]; int fn(int);
`

func (e testEnv) Model() *ctype.Model { return e.model }

func (e testEnv) Typedef(name string) *ctype.Typedef {
	d := &ctype.Typedef{Name: name}
	switch name {
	case "u32":
		d.Type = e.model.Type("unsigned int")
	case "s16":
		d.Type = e.model.Type("short")
	case "vec":
		d.Type = ArrayOf(e, e.model.Type("int"), 4)
	case "over":
		d.Type = e.model.Type("int")
		d.Attrs.Aligned = 32
	default:
		return nil
	}
	return d
}

func (e testEnv) Record(name string) *ctype.Record {
	long := e.model.Long.Size
	switch name {
	case "struct s":
		off := (16 + long - 1) / long * long
		return &ctype.Record{Name: name, Complete: true, Size: off + long, Align: max(4, long), Members: []*ctype.Member{
			{Name: "a", Type: e.model.Type("char")},
			{Type: &ctype.Type{Kind: ctype.RecordRef, Name: "struct s.#1", Size: 12, Align: 4}, Offset: 4},
			{Name: "u", Type: &ctype.Type{Kind: ctype.RecordRef, Name: "struct s.u", Size: long, Align: long}, Offset: off},
		}}
	case "struct s.#1":
		return &ctype.Record{Name: name, Complete: true, Size: 12, Align: 4, Members: []*ctype.Member{
			{Name: "b", Type: e.model.Type("int")},
			{Name: "c", Type: ArrayOf(e, e.model.Type("short"), 3), Offset: 4},
		}}
	case "struct s.u":
		return &ctype.Record{Name: name, Union: true, Complete: true, Size: long, Align: long, Members: []*ctype.Member{
			{Name: "d", Type: e.model.Type("long")}, {Name: "e", Type: e.model.Type("char")},
		}}
	case "union n":
		return &ctype.Record{Name: name, Union: true, Complete: true, Size: 8, Align: 4, Members: []*ctype.Member{
			{Name: "a", Type: ArrayOf(e, e.model.Type("char"), 5)}, {Name: "b", Type: e.model.Type("int")},
		}}
	}
	return nil
}

func (e testEnv) Enum(name string) *ctype.Enum {
	if name != "enum color" {
		return nil
	}
	return &ctype.Enum{Name: name, Complete: true, Type: e.model.Type("unsigned int")}
}

func (e testEnv) Ident(name string) (Value, bool) {
	switch name {
	case "RED", "GREEN", "BLUE":
		return IntValue(e.model.Type("int"), map[string]int64{"RED": 0, "GREEN": 5, "BLUE": 6}[name]), true
	case "var":
		return Object(e.model.Type("int")), true
	case "text":
		return Object(ArrayOf(e, e.model.Type("char"), 10)), true
	case "obj":
		return Object(&ctype.Type{Kind: ctype.RecordRef, Name: "struct s"}), true
	case "fn":
		return Object(&ctype.Type{Kind: ctype.Function, Elem: e.model.Type("int"), Params: []ctype.Param{{Type: e.model.Type("int")}}}), true
	}
	return Value{}, false
}

// lex splits a C expression into tokens, well enough for the tables.
func lex(s string) []Token {
	var out []Token
	for s = strings.TrimSpace(s); s != ""; {
		n := 1
		quote := strings.IndexAny(s, `"'`)
		switch {
		case quote == 0 || quote > 0 && quote < 3 && strings.Trim(s[:quote], "Lu8U") == "":
			for n = quote + 1; n < len(s) && s[n] != s[quote]; n++ {
				if s[n] == '\\' {
					n++
				}
			}
			n++
		case isDigit(s[0]) || s[0] == '.' && len(s) > 1 && isDigit(s[1]):
			for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.' || strings.ContainsRune("+-", rune(s[n])) && strings.ContainsRune("eEpP", rune(s[n-1])) && (s[1]|0x20 != 'x' || s[n-1]|0x20 == 'p')) {
				n++
			}
		case isLetter(s[0]):
			for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
				n++
			}
		default:
			for _, op := range []string{"<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "++", "--", "..."} {
				if strings.HasPrefix(s, op) {
					n = len(op)
				}
			}
		}
		n = min(n, len(s))
		out = append(out, MakeToken(s[:n]))
		rest := strings.TrimLeft(s[n:], " ")
		s = rest
	}
	return out
}

func env(tb testing.TB, target string) testEnv {
	tb.Helper()
	t, err := ctype.ParseTarget(target)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := t.Model()
	if err != nil {
		tb.Fatal(err)
	}
	return testEnv{m}
}

// integers are expressions with the value and type they have on netbsd/amd64.
// Compilers are asked about them too, for other targets as well.
var integers = []struct {
	expr string
	want int64
	typ  string
}{
	{"0", 0, "int"}, {"2147483647", 1<<31 - 1, "int"}, {"2147483648", 1 << 31, "long"}, {"0x80000000", 1 << 31, "unsigned int"},
	{"0xffffffffffffffff", -1, "unsigned long"}, {"1u", 1, "unsigned int"}, {"1l", 1, "long"}, {"1ULL", 1, "unsigned long long"},
	{"1LL", 1, "long long"}, {"037777777777", 1<<32 - 1, "unsigned int"}, {"0b11", 3, "int"}, {"00", 0, "int"}, {"4294967296", 1 << 32, "long"},
	{"- 1", -1, "int"}, {"-0x80000000", 1 << 31, "unsigned int"}, {"~0", -1, "int"}, {"~0u", 1<<32 - 1, "unsigned int"}, {"!5", 0, "int"},
	{"!0.0", 1, "int"}, {"+'a'", 97, "int"}, {"- - 3", 3, "int"},
	{"'\\n'", 10, "int"}, {"'\\0'", 0, "int"}, {"'\\x41'", 65, "int"}, {"'\\''", 39, "int"}, {"'\"'", 34, "int"}, {"'\\e'", 27, "int"},
	{"'AB'", 16706, "int"}, {"'ABCD'", 0x41424344, "int"}, {"L'a'", 97, "int"}, {"u'a'", 97, "unsigned short"}, {"U'a'", 97, "unsigned int"},
	{"1 + 2 * 3", 7, "int"}, {"(1 + 2) * 3", 9, "int"}, {"7 / 2", 3, "int"}, {"-7 / 2", -3, "int"}, {"-7 % 2", -1, "int"},
	{"7u / -2", 0, "unsigned int"}, {"1 - 2u", 1<<32 - 1, "unsigned int"}, {"1L - 2u", -1, "long"}, {"1 << 4", 16, "int"},
	{"1u << 31", 1 << 31, "unsigned int"}, {"1L << 40", 1 << 40, "long"}, {"-8 >> 1", -4, "int"}, {"0x80000000 >> 31", 1, "unsigned int"},
	{"1 << 2 + 1", 8, "int"}, {"1 | 2 ^ 3 & 4", 3, "int"}, {"1 | 6 & 3", 3, "int"}, {"5 == 5", 1, "int"}, {"5 != 5", 0, "int"},
	{"-1 < 0u", 0, "int"}, {"-1L < 0u", 1, "int"}, {"1 < 2 == 1", 1, "int"}, {"2 > 1 > 0", 1, "int"}, {"1 <= 0", 0, "int"}, {"3 >= 3", 1, "int"},
	{"1 && 2", 1, "int"}, {"0 || 0.5", 1, "int"}, {"0 && 1 / 0", 0, "int"}, {"1 || 1 / 0", 1, "int"}, {"1 ? 2 : 1 / 0", 2, "int"},
	{"0 ? 1 : 2 ? 3 : 4", 3, "int"}, {"1 ? 1 : 2u", 1, "unsigned int"}, {"0 ? 1L : 'a'", 97, "long"}, {"1 ?: 2", 1, "int"}, {"(1, 2)", 2, "int"},
	{"(char)300", 44, "char"}, {"(unsigned char)-1", 255, "unsigned char"}, {"(s16)0x8000", -32768, "short"}, {"(u32)-1", 1<<32 - 1, "unsigned int"},
	{"(_Bool)7", 1, "_Bool"}, {"(int)3.99", 3, "int"}, {"(int)-3.99", -3, "int"}, {"(unsigned long long)-1 >> 63", 1, "unsigned long long"},
	{"(char)1 + (char)2", 3, "int"}, {"(unsigned short)1 + 1", 2, "int"}, {"(_Bool)1 + 1", 2, "int"}, {"(enum color)2", 2, "enum color"},
	{"(enum color)2 + 0", 2, "unsigned int"}, {"RED + GREEN * BLUE", 30, "int"}, {"(int)1.5e1 + (int)0x1p4", 31, "int"},
	{"sizeof(int)", 4, "unsigned long"}, {"sizeof (long)", 8, "unsigned long"}, {"sizeof(struct s)", 24, "unsigned long"}, {"sizeof(union n)", 8, "unsigned long"},
	{"sizeof(int *)", 8, "unsigned long"}, {"sizeof(int[3][2])", 24, "unsigned long"}, {"sizeof(int (*)[3])", 8, "unsigned long"}, {"sizeof(int *[3])", 24, "unsigned long"},
	{"sizeof(vec)", 16, "unsigned long"}, {"sizeof(const volatile u32)", 4, "unsigned long"}, {"sizeof(unsigned long long int)", 8, "unsigned long"},
	{"sizeof \"abc\"", 4, "unsigned long"}, {"sizeof(\"ab\" \"c\\0d\")", 6, "unsigned long"}, {"sizeof(L\"abc\")", 16, "unsigned long"}, {"sizeof 'a'", 4, "unsigned long"},
	{"sizeof var", 4, "unsigned long"}, {"sizeof(var + 1L)", 8, "unsigned long"}, {"sizeof text", 10, "unsigned long"}, {"sizeof(text + 0)", 8, "unsigned long"},
	{"sizeof obj.c", 6, "unsigned long"}, {"sizeof(obj.u)", 8, "unsigned long"}, {"sizeof((&obj)->c[0])", 2, "unsigned long"}, {"sizeof(((struct s *)0)->c)", 6, "unsigned long"},
	{"sizeof text / sizeof text[0]", 10, "unsigned long"}, {"sizeof(char) + sizeof(short)", 3, "unsigned long"}, {"sizeof (int) * 2", 8, "unsigned long"},
	{"sizeof -var", 4, "unsigned long"}, {"sizeof(1 ? 1 : 1.0)", 8, "unsigned long"}, {"sizeof(__typeof__(var))", 4, "unsigned long"}, {"sizeof(typeof(text))", 10, "unsigned long"},
	{"sizeof(int (*)(int, ...))", 8, "unsigned long"}, {"sizeof(void)", 1, "unsigned long"}, {"sizeof(*(struct s *)0)", 24, "unsigned long"}, {"sizeof(void (*[2])(void))", 16, "unsigned long"},
	{"_Alignof(double)", 8, "unsigned long"}, {"__alignof__(double)", 8, "unsigned long"}, {"__alignof__(long long[2])", 8, "unsigned long"}, {"_Alignof(struct s)", 8, "unsigned long"}, {"_Alignof(over)", 32, "unsigned long"},
	{"__alignof__(var)", 4, "unsigned long"},
	{"__builtin_offsetof(struct s, b)", 4, "unsigned long"}, {"__builtin_offsetof(struct s, c[2])", 12, "unsigned long"}, {"__builtin_offsetof(struct s, u.e)", 16, "unsigned long"},
	{"(int)(long)&((struct s *)0)->c", 8, "int"}, {"(unsigned long)&((struct s *)16)->u.d", 32, "unsigned long"}, {"(long)&((struct s *)0)[2].a", 48, "long"},
	{"(int)(long)(((char *)&((struct s *)0)->c) - (char *)0)", 8, "int"}, {"(char *)8 - (char *)3", 5, "long"}, {"(int *)8 - (int *)0", 2, "long"}, {"(long)((int *)8 + 1)", 12, "long"},
	{"(void *)0 == (void *)1", 0, "int"}, {"!(void *)0", 1, "int"}, {"(long)(0 ? (void *)0 : (int *)4)", 4, "long"},
	{"__builtin_constant_p(1)", 1, "int"}, {"__builtin_constant_p(var)", 0, "int"}, {"__builtin_types_compatible_p(u32, unsigned)", 1, "int"},
	{"__builtin_types_compatible_p(int, enum color)", 0, "int"}, {"__builtin_types_compatible_p(int *, const int *)", 0, "int"}, {"__builtin_types_compatible_p(const int, int)", 1, "int"},
	{"__builtin_choose_expr(0, 1 / 0, 5)", 5, "int"}, {"__builtin_expect(3, 1)", 3, "long"}, {"__builtin_bswap16(0x102)", 0x201, "unsigned short"},
	{"__builtin_bswap32(1)", 1 << 24, "unsigned int"}, {"__extension__ (1)", 1, "int"}, {"1.5 > 1", 1, "int"}, {"1.0f == 1", 1, "int"}, {"0.5 && 1", 1, "int"},
	{"1LL << 62 >> 60", 4, "long long"}, {"18446744073709551615u", -1, "unsigned long"}, {"0 ? 1 : 0ull - 1", -1, "unsigned long long"},
	{"sizeof(struct s[2])", 48, "unsigned long"}, {"sizeof(fn)", 1, "unsigned long"}, {"sizeof &fn", 8, "unsigned long"}, {"sizeof(char[sizeof(long)])", 8, "unsigned long"},
}

func TestIntegers(t *testing.T) {
	e := env(t, "netbsd/amd64")
	for _, tc := range integers {
		v, err := Eval(e, lex(tc.expr))
		if err != nil {
			t.Errorf("%s: %v", tc.expr, err)
			continue
		}
		if int64(v.Bits) != tc.want || v.Type.Name != tc.typ {
			t.Errorf("%s is %d (%s), want %d (%s)", tc.expr, int64(v.Bits), v.Type.Name, tc.want, tc.typ)
		}
	}
}

// TestIntegersCompilers asks a compiler for each target about the same
// expressions, their types included.
func TestIntegersCompilers(t *testing.T) {
	for _, target := range []string{"netbsd/amd64", "netbsd/arm64", "netbsd/386", "netbsd/arm", "netbsd/sparc64", "netbsd/mips", "linux/amd64", "linux/386", "linux/arm"} {
		t.Run(target, func(t *testing.T) {
			e := env(t, target)
			compiler := probetest.Zig(t, e.model.Target)
			var probes []cprobe.Probe
			var values []Value
			var exprs []string
			for _, tc := range integers {
				v, err := Eval(e, lex(tc.expr))
				if err != nil {
					// 64-bit shifts of a 32-bit long are refused on both sides.
					if !strings.Contains(err.Error(), "shift by") {
						t.Errorf("%s: %v", tc.expr, err)
					}
					continue
				}
				exprs = append(exprs, tc.expr)
				values = append(values, v)
				probes = append(probes, cprobe.Probe{Expr: tc.expr},
					cprobe.Probe{Expr: "__builtin_types_compatible_p(__typeof__(" + tc.expr + "), " + v.Type.Name + ")"})
			}
			got, err := compiler.Ask(t.Context(), cprobe.Source{Preamble: preamble, Flags: []string{"-w"}}, probes)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				value, typ := got[2*i], got[2*i+1]
				if value.Err != nil || value.Int.Bits != v.Bits {
					t.Errorf("%s is %s, the compiler says %s (%v)", exprs[i], v.Integer(), value.Int, value.Err)
				}
				if typ.Err != nil || typ.Int.Bits != 1 {
					t.Errorf("%s has type %s, the compiler disagrees (%v)", exprs[i], v.Type.Name, typ.Err)
				}
			}
		})
	}
}

func TestFloats(t *testing.T) {
	e := env(t, "netbsd/amd64")
	for _, tc := range []struct {
		expr string
		want float64
		typ  string
	}{
		{"1.5", 1.5, "double"}, {"1e3", 1000, "double"}, {".5f", 0.5, "float"}, {"0.1f", float64(float32(0.1)), "float"}, {"0x1.8p1", 3, "double"},
		{"0x1p4f", 16, "float"}, {"1.L", 1, "long double"}, {"1.0 / 3", 1.0 / 3, "double"}, {"1.0f / 3", float64(float32(1) / 3), "float"},
		{"(double)1 / 4", 0.25, "double"}, {"(float)0.1", float64(float32(0.1)), "float"}, {"-1.5 * 2", -3, "double"}, {"1 + 1.5", 2.5, "double"},
		{"1 ? 1 : 2.0", 1, "double"}, {"+2.5", 2.5, "double"}, {"(double)~0ull", 18446744073709551615, "double"}, {"1.0f + 1.0L", 2, "long double"},
		{"1.5q", 1.5, "__float128"}, {"1.5F32", 1.5, "_Float32"}, {"1E-2", 0.01, "double"},
	} {
		v, err := Eval(e, lex(tc.expr))
		if err != nil || v.Float != tc.want || v.Type.Name != tc.typ {
			t.Errorf("%s is %v (%v), error %v, want %v (%s)", tc.expr, v.Float, v.Type, err, tc.want, tc.typ)
		}
	}
}

func TestStrings(t *testing.T) {
	e := env(t, "netbsd/amd64")
	for expr, want := range map[string]string{
		`""`: "", `"abc"`: "abc", `"a" "b"`: "ab", `"\n\t\\\""`: "\n\t\\\"", `"\101\x42"`: "AB", `"\0a"`: "\x00a", `u8"é"`: "é",
		`"\u00e9"`: "é", `("x")`: "x", `"\377"`: "\xff", `"\1234"`: "S4",
	} {
		v, err := Eval(e, lex(expr))
		if err != nil || !v.IsStr || string(v.Str) != want {
			t.Errorf("%s is %q, error %v, want %q", expr, v.Str, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	e := env(t, "netbsd/amd64")
	for expr, want := range map[string]string{
		"":                                   "ends too early",
		"1 +":                                "ends too early",
		"(1":                                 "missing )",
		"1 2":                                "unexpected 2",
		"1)":                                 "unexpected )",
		"08":                                 "not a number",
		"1.2.3":                              "not a number",
		"0x":                                 "not a number",
		"1lul":                               "not a number",
		"99999999999999999999":               "too large",
		"''":                                 "not a character",
		`'\q'`:                               "escape",
		`"\xzz"`:                             "escape",
		"1 / 0":                              "division by zero",
		"1 % 0":                              "division by zero",
		"1 << 32":                            "shift by 32",
		"1 << -1":                            "shift by -1",
		"1.5 % 2":                            "not integers",
		"1.5 << 2":                           "not integers",
		"~1.5":                               "not a number",
		"nowhere":                            "nowhere is not a constant",
		"nowhere(1)":                         "call of nowhere",
		"fn(1)":                              "call of a function",
		"var":                                ErrNotConstant.Error(),
		"&var":                               ErrNotConstant.Error(),
		"L\"wide\"":                          ErrNotConstant.Error(),
		"var = 1":                            "assignment",
		"var++":                              "operator ++",
		"--var":                              "operator --",
		"({ 1; })":                           "statement expression",
		"(struct s){ 0 }":                    "compound literal",
		"sizeof(struct never)":               "incomplete",
		"sizeof(int[])":                      "incomplete",
		"sizeof(struct s { int a; })":        "definition",
		"sizeof(int[-1])":                    "array length",
		"sizeof(int[var])":                   "not constant",
		"obj.nope":                           "no member",
		"var.a":                              "neither a struct",
		"*1":                                 "not a pointer",
		"&1":                                 "not an object",
		"(void)0":                            ErrNotConstant.Error(),
		"(vec)0":                             "cast to a type",
		"(long double short)1":               "not a basic type",
		"__builtin_offsetof(struct s, zz)":   "no member",
		"__builtin_choose_expr(var, 1, 2)":   "choice",
		"(int)1e30":                          ErrNotConstant.Error(),
		"(char *)1 + (char *)1":              "pointers",
		strings.Repeat("(", 2000) + "1":      "nested more than",
		strings.Repeat("-", 2000) + "1":      "operator --",
		strings.Repeat("- ", 2000) + "1":     "nested more than",
		strings.Repeat("sizeof ", 999) + "1": "nested more than",
	} {
		_, err := Eval(e, lex(expr))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: error %v, want %q", expr, err, want)
		}
	}
	if _, err := Eval(e, lex("var")); !errors.Is(err, ErrNotConstant) {
		t.Errorf("error %v is not ErrNotConstant", err)
	}
}

func TestParseType(t *testing.T) {
	e := env(t, "netbsd/386")
	u := &ctype.Unit{}
	for text, want := range map[string]string{
		"int": "int", "unsigned": "unsigned int", "long unsigned int": "unsigned long", "struct s *": "struct s *", "u32[2]": "u32 [2]",
		"const char *const *": "const char *const *", "int (*)(void)": "int (*)(void)", "void (*)(int, ...)": "void (*)(int, ...)",
		"int (*(*)(char *s, int a[2]))[3]": "int (*(*)(char *, int [2]))[3]", "enum color": "enum color", "union n": "union n",
		"__attribute__((unused)) long": "long", "_Atomic(int)": "_Atomic int", "volatile int": "volatile int",
	} {
		typ, err := ParseType(e, lex(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := u.Index().Spell(typ); got != want {
			t.Errorf("%s is read as %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "1", "nope", "int x", "struct", "int (", "int [", "int *)", "struct s {", "int (*", "__attribute__((x"} {
		if typ, err := ParseType(e, lex(text)); err == nil {
			t.Errorf("%q is read as %v, want an error", text, typ)
		}
	}
}

func FuzzEval(f *testing.F) {
	for _, tc := range integers {
		f.Add(tc.expr)
	}
	e := env(f, "netbsd/386")
	f.Fuzz(func(t *testing.T, s string) {
		tokens := lex(s)
		if v, err := TypeOf(e, tokens); err == nil && v.Type == nil {
			t.Errorf("%q has no type", s)
		}
		_, _ = ParseTypeof(e, tokens)
	})
}
