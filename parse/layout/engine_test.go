package layout

import (
	"errors"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
)

// engine returns an engine for a target that knows the declarations of u.
func engine(t *testing.T, target string, u *ctype.Unit) *Engine {
	t.Helper()
	tg, err := ctype.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	model, err := tg.Model()
	if err != nil {
		t.Fatal(err)
	}
	return New(model, u.Index())
}

func basic(kind ctype.Kind, name string) *ctype.Type { return &ctype.Type{Kind: kind, Name: name} }

func integer(name string) *ctype.Type { return basic(ctype.Int, name) }

func ref(kind ctype.Kind, name string) *ctype.Type { return &ctype.Type{Kind: kind, Name: name} }

func array(elem *ctype.Type, n int64) *ctype.Type {
	return &ctype.Type{Kind: ctype.Array, Elem: elem, Len: n}
}

func pointer(elem *ctype.Type) *ctype.Type { return &ctype.Type{Kind: ctype.Pointer, Elem: elem} }

func structOf(name string, members ...*ctype.Member) *ctype.Record {
	return &ctype.Record{Name: name, Complete: true, Members: members, Pos: ctype.Pos{File: "a.h", Line: 1, Col: 1}}
}

func member(name string, t *ctype.Type) *ctype.Member {
	return &ctype.Member{Name: name, Type: t, Pos: ctype.Pos{File: "a.h", Line: 2, Col: 3}}
}

func bits(name string, t *ctype.Type, width int64) *ctype.Member {
	m := member(name, t)
	m.BitField, m.BitWidth = true, width
	return m
}

func TestRecord(t *testing.T) {
	// The struct of the design document: 7 bytes packed, 12 otherwise.
	r := structOf("struct s", member("a", integer("char")), member("b", integer("int")), member("c", integer("short")))
	u := &ctype.Unit{Records: []*ctype.Record{r}}
	if err := engine(t, "netbsd/amd64", u).Record(r); err != nil {
		t.Fatal(err)
	}
	if r.Size != 12 || r.Align != 4 || r.Members[1].Offset != 4 || r.Members[2].Offset != 8 {
		t.Errorf("plain: size %d, align %d, offsets %d and %d", r.Size, r.Align, r.Members[1].Offset, r.Members[2].Offset)
	}
	r.Attrs.Packed = true
	if err := engine(t, "netbsd/amd64", u).Record(r); err != nil {
		t.Fatal(err)
	}
	if r.Size != 7 || r.Align != 1 || r.Members[1].Offset != 1 || r.Members[2].Offset != 5 {
		t.Errorf("packed: size %d, align %d, offsets %d and %d", r.Size, r.Align, r.Members[1].Offset, r.Members[2].Offset)
	}
}

func TestPointees(t *testing.T) {
	// A list: the type behind the pointer gets the size of the struct that
	// is being laid out when it is met.
	r := structOf("struct node", member("next", pointer(ref(ctype.RecordRef, "struct node"))), member("v", integer("int")))
	if err := engine(t, "netbsd/386", &ctype.Unit{Records: []*ctype.Record{r}}).Record(r); err != nil {
		t.Fatal(err)
	}
	if got := r.Members[0].Type.Elem.Size; got != 8 {
		t.Errorf("size behind the pointer is %d, want 8", got)
	}
}

func TestErrors(t *testing.T) {
	self := structOf("struct self", member("a", array(ref(ctype.RecordRef, "struct self"), 2)))
	mutualA := structOf("struct a", member("b", ref(ctype.RecordRef, "struct b")))
	mutualB := structOf("struct b", member("a", ref(ctype.RecordRef, "struct a")))
	u := &ctype.Unit{
		Records: []*ctype.Record{self, mutualA, mutualB, {Name: "struct fwd"}},
		Enums:   []*ctype.Enum{{Name: "enum fwd"}},
		Typedefs: []*ctype.Typedef{
			{Name: "loop_t", Type: ref(ctype.TypedefRef, "pool_t")},
			{Name: "pool_t", Type: ref(ctype.TypedefRef, "loop_t")},
			{Name: "odd_t", Type: integer("int"), Attrs: ctype.Attrs{Aligned: 3}},
			{Name: "wide_t", Type: integer("int"), Attrs: ctype.Attrs{Aligned: 16}},
		},
	}
	packed3 := structOf("struct p", member("a", integer("int")))
	packed3.Attrs.Pack = 3
	var deep = integer("int")
	for range maxDepth + 1 {
		deep = array(deep, 1)
	}
	for _, tc := range []struct {
		name string
		r    *ctype.Record
		want string
	}{
		{"itself", self, "a.h:1:1: struct self: contains itself"},
		{"each other", mutualA, "struct a: contains itself"},
		{"incomplete struct", structOf("struct x", member("f", ref(ctype.RecordRef, "struct fwd"))), `a.h:2:3: struct x.f: member has incomplete type "struct fwd"`},
		{"unknown struct", structOf("struct x", member("f", ref(ctype.RecordRef, "struct nowhere"))), `incomplete type "struct nowhere"`},
		{"incomplete enum", structOf("struct x", member("f", ref(ctype.EnumRef, "enum fwd"))), `incomplete type "enum fwd"`},
		{"void", structOf("struct x", member("f", basic(ctype.Void, "void"))), "incomplete type void"},
		{"function", structOf("struct x", member("f", &ctype.Type{Kind: ctype.Function, Elem: integer("int")})), "incomplete type function"},
		{"void array", structOf("struct x", member("f", array(basic(ctype.Void, "void"), 2))), "array element has incomplete type void"},
		{"typedef loop", structOf("struct x", member("f", ref(ctype.TypedefRef, "loop_t"))), "is defined by itself"},
		{"typedef unknown", structOf("struct x", member("f", ref(ctype.TypedefRef, "nowhere_t"))), `typedef "nowhere_t" is not declared`},
		{"typedef alignment", structOf("struct x", member("f", ref(ctype.TypedefRef, "odd_t"))), "alignment 3 is not a power of two"},
		{"array of raised", structOf("struct x", member("f", array(ref(ctype.TypedefRef, "wide_t"), 2))), "not a multiple of its alignment, 16"},
		{"pack", packed3, "alignment 3 is not a power of two"},
		{"too wide", structOf("struct x", bits("f", integer("short"), 17)), "a.h:2:3: struct x.f: bit-field of width 17 is wider than its type, which has 16 bits"},
		{"bool", structOf("struct x", bits("f", basic(ctype.Bool, "_Bool"), 2)), "which has 1 bits"},
		{"negative", structOf("struct x", bits("f", integer("int"), -1)), "negative width"},
		{"named zero", structOf("struct x", bits("f", integer("int"), 0)), "named bit-field has width 0"},
		{"float bits", structOf("struct x", bits("f", basic(ctype.Float, "float"), 3)), "not of an integer type"},
		{"unnamed", structOf("struct x", member("a", integer("int")), bits("", integer("int"), 40)), "struct x.#1: bit-field of width 40"},
		{"flexible", structOf("struct x", member("f", array(integer("int"), -1)), member("g", integer("int"))), "flexible array is not the last member"},
		{"negative length", structOf("struct x", member("f", array(integer("int"), -2))), "array length is -2"},
		{"huge array", structOf("struct x", member("f", array(integer("int"), 1<<62))), "too large"},
		{"huge struct", structOf("struct x", member("f", array(integer("char"), maxSize)), member("g", array(integer("char"), maxSize))), "larger than"},
		{"no such type", structOf("struct x", member("f", integer("int24"))), `netbsd/amd64 has no type "int24"`},
		{"kind of another type", structOf("struct x", member("f", integer("float"))), `no type "float"`},
		{"invalid", structOf("struct x", member("f", &ctype.Type{})), "no known kind"},
		{"no type", structOf("struct x", member("f", nil)), "type is missing"},
		{"vector", structOf("struct x", member("f", &ctype.Type{Kind: ctype.Vector, Elem: integer("int"), Len: 3})), "not a power of two"},
		{"deep", structOf("struct x", member("f", deep)), "nested more than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := engine(t, "netbsd/amd64", u).Record(tc.r)
			if err == nil {
				t.Fatalf("no error, want %q", tc.want)
			}
			var le *Error
			if !errors.As(err, &le) || le.Record == "" {
				t.Errorf("%#v is not an *Error that names its record", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want %q", err, tc.want)
			}
			if tc.r.Size != 0 {
				t.Errorf("size %d is set in spite of the error", tc.r.Size)
			}
		})
	}
}

func TestEnum(t *testing.T) {
	n := ctype.IntegerOf
	for _, tc := range []struct {
		target string
		packed bool
		values []ctype.Integer
		want   string
	}{
		{"netbsd/amd64", false, nil, "unsigned int"},
		{"netbsd/amd64", false, []ctype.Integer{n(0), n(1)}, "unsigned int"},
		{"netbsd/amd64", false, []ctype.Integer{n(-1), n(1)}, "int"},
		{"netbsd/amd64", false, []ctype.Integer{n(-1), n(1 << 31)}, "long"},
		{"netbsd/amd64", false, []ctype.Integer{n(1 << 32)}, "unsigned long"},
		{"netbsd/386", false, []ctype.Integer{n(1 << 32)}, "unsigned long long"},
		{"netbsd/386", false, []ctype.Integer{n(-1 << 31)}, "int"},
		{"netbsd/386", false, []ctype.Integer{n(-1<<31 - 1)}, "long long"},
		{"linux/arm", true, []ctype.Integer{n(255)}, "unsigned char"},
		{"linux/arm", true, []ctype.Integer{n(256)}, "unsigned short"},
		{"linux/arm", true, []ctype.Integer{n(-128), n(127)}, "signed char"},
		{"linux/arm", true, []ctype.Integer{n(-1), n(128)}, "short"},
		{"linux/arm", true, []ctype.Integer{{Bits: 1<<64 - 1}}, "unsigned long long"},
	} {
		en := &ctype.Enum{Name: "enum e", Complete: true, Packed: tc.packed}
		if err := engine(t, tc.target, &ctype.Unit{}).Enum(en, tc.values); err != nil {
			t.Errorf("%v: %v", tc.values, err)
			continue
		}
		if en.Type.Name != tc.want {
			t.Errorf("%s, packed %v, %v: %s, want %s", tc.target, tc.packed, tc.values, en.Type.Name, tc.want)
		}
	}
	en := &ctype.Enum{Name: "enum e", Complete: true}
	if err := engine(t, "netbsd/amd64", &ctype.Unit{}).Enum(en, []ctype.Integer{n(-1), {Bits: 1 << 63}}); err == nil {
		t.Error("no error for constants that no integer type holds")
	}
}
