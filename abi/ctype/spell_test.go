package ctype_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
)

func TestDeclare(t *testing.T) {
	in := &ctype.Type{Kind: ctype.Int, Name: "int"}
	constIn := &ctype.Type{Kind: ctype.Int, Name: "int", Const: true, Volatile: true}
	ptr := func(t *ctype.Type) *ctype.Type { return &ctype.Type{Kind: ctype.Pointer, Elem: t} }
	array := func(t *ctype.Type, n int64) *ctype.Type { return &ctype.Type{Kind: ctype.Array, Elem: t, Len: n} }
	fn := func(res *ctype.Type, params ...*ctype.Type) *ctype.Type {
		f := &ctype.Type{Kind: ctype.Function, Elem: res}
		for _, p := range params {
			f.Params = append(f.Params, ctype.Param{Type: p})
		}
		return f
	}
	constPtr := ptr(in)
	constPtr.Const = true
	variadic := fn(in, ptr(in))
	variadic.Variadic = true
	for _, tc := range []struct {
		t           *ctype.Type
		named, bare string
	}{
		{in, "int x", "int"},
		{constIn, "const volatile int x", "const volatile int"},
		{ptr(constIn), "const volatile int *x", "const volatile int *"},
		{constPtr, "int *const x", "int *const"},
		{array(in, 3), "int x[3]", "int [3]"},
		{array(array(in, 3), -1), "int x[][3]", "int [][3]"},
		{array(ptr(in), 3), "int *x[3]", "int *[3]"},
		{ptr(array(in, 3)), "int (*x)[3]", "int (*)[3]"},
		{ptr(fn(in)), "int (*x)(void)", "int (*)(void)"},
		{fn(ptr(in), in, ptr(in)), "int *x(int, int *)", "int *(int, int *)"},
		{array(ptr(fn(ptr(fn(in)), in)), 2), "int (*(*x[2])(int))(void)", "int (*(*[2])(int))(void)"},
		{variadic, "int x(int *, ...)", "int (int *, ...)"},
		{&ctype.Type{Kind: ctype.RecordRef, Name: "struct s"}, "struct s x", "struct s"},
		{&ctype.Type{Kind: ctype.RecordRef, Name: "struct s.#1"}, "struct {...} x", "struct {...}"},
		{&ctype.Type{Kind: ctype.EnumRef, Name: "enum #a.h:3"}, "enum {...} x", "enum {...}"},
		{&ctype.Type{Kind: ctype.Vector, Elem: in, Len: 4, Size: 16}, "int __attribute__((vector_size(16))) x", "int __attribute__((vector_size(16)))"},
	} {
		if got := tc.t.Declare("x"); got != tc.named {
			t.Errorf("named: %s, want %s", got, tc.named)
		}
		if got := tc.t.String(); got != tc.bare {
			t.Errorf("bare: %s, want %s", got, tc.bare)
		}
	}
}

func TestCExpr(t *testing.T) {
	x := sample().Index()
	for name, want := range map[string]string{
		"struct sample":       "struct sample",
		"union value":         "union value",
		"pair_t":              "pair_t",
		"struct sample.pos":   "__typeof__(((struct sample *)0)->pos[0])",
		"struct sample.#4":    "",
		"struct sample.#4.#1": "",
		"struct nowhere":      "",
	} {
		if got := x.CExpr(name); got != want {
			t.Errorf("CExpr(%s) = %q, want %q", name, got, want)
		}
	}
	// A named member of an anonymous one is a member of the record around;
	// a typedef may be a pointer to its record.
	u := &ctype.Unit{
		Records: []*ctype.Record{
			{Name: "struct o", Tag: "o", Members: []*ctype.Member{{Type: &ctype.Type{Kind: ctype.RecordRef, Name: "struct o.#0"}}}},
			{Name: "struct o.#0", Union: true, Members: []*ctype.Member{{Name: "in", Type: &ctype.Type{Kind: ctype.RecordRef, Name: "struct o.#0.in"}}}},
			{Name: "struct o.#0.in"},
			{Name: "handle_t"},
			{Name: "struct r.#0", Members: []*ctype.Member{{Type: &ctype.Type{Kind: ctype.RecordRef, Name: "struct r.#0"}}}},
		},
		Typedefs: []*ctype.Typedef{{Name: "handle_t", Type: &ctype.Type{Kind: ctype.Pointer, Elem: &ctype.Type{Kind: ctype.RecordRef, Name: "handle_t"}}}},
	}
	x = u.Index()
	for name, want := range map[string]string{
		"struct o.#0.in": "__typeof__(((struct o *)0)->in)",
		"handle_t":       "__typeof__((*(handle_t *)0)[0])",
		"struct r.#0":    "",
	} {
		if got := x.CExpr(name); got != want {
			t.Errorf("CExpr(%s) = %q, want %q", name, got, want)
		}
	}
}

// TestDefine prints the sample in C and has a compiler read it.
func TestDefine(t *testing.T) {
	u := sample()
	x := u.Index()
	want := `struct __attribute__((aligned(16))) sample {
	const char *name;
	unsigned int flags : 3;
	unsigned int : 5;
	unsigned int mode : 9;
	union {
		socklen_t len;
		struct {
			unsigned char lo;
			unsigned char hi;
		};
	};
	struct {
		short x[2];
	} pos[3];
	enum color color;
	int (*hook)(struct hidden *, socklen_t len, ...);
	char rest[];
};`
	if diff := cmp.Diff(want, x.Define(x.Record("struct sample"))); diff != "" {
		t.Errorf("struct sample (-want +got):\n%s", diff)
	}
	want = `#pragma pack(push)
#pragma pack(8)
struct __attribute__((packed)) {
	long quot;
	long rem __attribute__((packed)) __attribute__((aligned(8)));
};
#pragma pack(pop)`
	if diff := cmp.Diff(want, x.Define(x.Record("pair_t"))); diff != "" {
		t.Errorf("pair_t (-want +got):\n%s", diff)
	}
	want = "enum color { RED = 1, GREEN = 2, DARK = -1 };"
	if got := x.DefineEnum(x.Enum("enum color")); got != want {
		t.Errorf("enum: %s, want %s", got, want)
	}
	text := x.DefineTypedef(x.Typedef("socklen_t")) + "\n" + x.DefineTypedef(x.Typedef("odd_t")) + "\n" +
		"struct hidden;\n" + want + "\n" + x.Define(x.Record("struct sample")) + "\n"
	res, err := probetest.Zig(t, u.Target).Ask(t.Context(), cprobe.Source{Preamble: text}, []cprobe.Probe{
		{Expr: "sizeof(struct sample)"}, {Expr: "_Alignof(odd_t)"}, {Expr: "__builtin_offsetof(struct sample, hook)"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"48", "2", "32"} {
		if got := res[i].Int.String(); res[i].Err != nil || got != want {
			t.Errorf("%d: %s (%v), want %s", i, got, res[i].Err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	u := sample()
	u.Typedefs = append(u.Typedefs,
		&ctype.Typedef{Name: "loop_t", Type: &ctype.Type{Kind: ctype.TypedefRef, Name: "loop_t"}},
		&ctype.Typedef{Name: "csock_t", Type: &ctype.Type{Kind: ctype.TypedefRef, Name: "socklen_t", Const: true}})
	x := u.Index()
	for name, want := range map[string]string{
		"socklen_t": "volatile unsigned int",
		"csock_t":   "const volatile unsigned int",
		"pair_t":    "volatile pair_t",
		"nowhere_t": "volatile nowhere_t",
		"loop_t":    "volatile loop_t",
	} {
		if got := x.Resolve(&ctype.Type{Kind: ctype.TypedefRef, Name: name, Volatile: true}).String(); got != want {
			t.Errorf("Resolve(%s) = %s, want %s", name, got, want)
		}
	}
	if got := x.Typedef("socklen_t").Type; got.Volatile {
		t.Error("Resolve changed the declaration")
	}
	if x.Const("RED") == nil || x.Func("sample") == nil || x.Enum("enum color") == nil || x.Const("NOWHERE") != nil {
		t.Error("lookup by name")
	}
}
