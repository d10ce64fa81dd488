package ctype_test

import (
	"math"

	"github.com/abigen/abigen/abi/ctype"
)

// sample returns a Unit with something of everything, as the headers below
// would give it on netbsd/amd64:
//
//	/* sys/sample.h */
//	typedef unsigned int socklen_t;
//	struct hidden;
//	enum color { RED = 1, GREEN, DARK = -1 };
//	union value { int i; void *p; };
//	struct sample {
//		const char *name;
//		unsigned flags : 3, : 5, mode : 9;
//		union {
//			socklen_t len;
//			struct { unsigned char lo, hi; };
//		};
//		struct { short x[2]; } pos[3];
//		enum color color;
//		int (*hook)(struct hidden *, socklen_t, ...);
//		char rest[];
//	} __attribute__((aligned(16)));
//	typedef struct { long quot, rem; } pair_t;
//	typedef int odd_t __attribute__((aligned(2)));
//	...
func sample() *ctype.Unit {
	pos := func(line, col int) ctype.Pos { return ctype.Pos{File: "sys/sample.h", Line: line, Col: col} }
	basic := func(name string) *ctype.Type {
		m, err := ctype.Target{OS: "netbsd", Arch: "amd64"}.Model()
		if err != nil {
			panic(err)
		}
		return m.Type(name)
	}
	ref := func(kind ctype.Kind, name string, size, align int64) *ctype.Type {
		return &ctype.Type{Kind: kind, Name: name, Size: size, Align: align}
	}
	ptr := func(t *ctype.Type) *ctype.Type {
		return &ctype.Type{Kind: ctype.Pointer, Elem: t, Size: 8, Align: 8}
	}
	array := func(t *ctype.Type, n int64) *ctype.Type {
		return &ctype.Type{Kind: ctype.Array, Elem: t, Len: n, Size: max(n, 0) * t.Size, Align: t.Align}
	}
	constChar := basic("char")
	constChar.Const = true
	color := ref(ctype.EnumRef, "enum color", 4, 4)
	color.Signed = true
	socklen := func() *ctype.Type { return ref(ctype.TypedefRef, "socklen_t", 4, 4) }
	hook := &ctype.Type{
		Kind: ctype.Function, Elem: basic("int"), Variadic: true,
		Params: []ctype.Param{{Type: ptr(ref(ctype.RecordRef, "struct hidden", 0, 0))}, {Name: "len", Type: socklen()}},
	}
	lo := &ctype.Record{
		Name: "struct sample.#4.#1", Complete: true, Size: 2, Align: 1, Pos: pos(11, 3),
		Members: []*ctype.Member{
			{Name: "lo", Type: basic("unsigned char"), Pos: pos(11, 26)},
			{Name: "hi", Type: basic("unsigned char"), Offset: 1, Pos: pos(11, 30)},
		},
	}
	union := &ctype.Record{
		Name: "struct sample.#4", Union: true, Complete: true, Size: 4, Align: 4, Pos: pos(9, 2),
		Members: []*ctype.Member{
			{Name: "len", Type: socklen(), Pos: pos(10, 13)},
			{Type: ref(ctype.RecordRef, "struct sample.#4.#1", 2, 1), Pos: pos(11, 3)},
		},
	}
	place := &ctype.Record{
		Name: "struct sample.pos", Complete: true, Size: 4, Align: 2, Pos: pos(13, 2),
		Members: []*ctype.Member{{Name: "x", Type: array(basic("short"), 2), Pos: pos(13, 17)}},
	}
	rec := &ctype.Record{
		Name: "struct sample", Tag: "sample", Complete: true, Size: 48, Align: 16,
		Attrs: ctype.Attrs{Aligned: 16}, Pos: pos(6, 8),
		Members: []*ctype.Member{
			{Name: "name", Type: ptr(constChar), Pos: pos(7, 14)},
			{Name: "flags", Type: basic("unsigned int"), Offset: 8, BitField: true, BitOffset: 64, BitWidth: 3, Pos: pos(8, 11)},
			{Type: basic("unsigned int"), Offset: 8, BitField: true, BitOffset: 67, BitWidth: 5, Pos: pos(8, 22)},
			{Name: "mode", Type: basic("unsigned int"), Offset: 9, BitField: true, BitOffset: 72, BitWidth: 9, Pos: pos(8, 27)},
			{Type: ref(ctype.RecordRef, "struct sample.#4", 4, 4), Offset: 12, Pos: pos(9, 2)},
			{Name: "pos", Type: array(ref(ctype.RecordRef, "struct sample.pos", 4, 2), 3), Offset: 16, Pos: pos(13, 25)},
			{Name: "color", Type: color, Offset: 28, Pos: pos(14, 13)},
			{Name: "hook", Type: ptr(hook), Offset: 32, Pos: pos(15, 8)},
			{Name: "rest", Type: array(basic("char"), -1), Offset: 40, Pos: pos(16, 7)},
		},
	}
	return &ctype.Unit{
		Target:  ctype.Target{OS: "netbsd", Arch: "amd64"},
		Sysroot: "by hand",
		Headers: []string{"sys/sample.h"},
		Files:   []string{"sys/sample.h", "sys/cdefs.h"},
		Records: []*ctype.Record{
			{Name: "struct hidden", Tag: "hidden", Pos: pos(2, 8)},
			{
				Name: "union value", Tag: "value", Union: true, Complete: true, Size: 8, Align: 8, Pos: pos(4, 7),
				Members: []*ctype.Member{{Name: "i", Type: basic("int"), Pos: pos(4, 19)}, {Name: "p", Type: ptr(basic("void")), Pos: pos(4, 28)}},
			},
			lo, union, place, rec,
			{
				Name: "pair_t", Complete: true, Size: 16, Align: 8, Pos: pos(18, 9),
				Attrs:   ctype.Attrs{Packed: true, Pack: 8},
				Members: []*ctype.Member{{Name: "quot", Type: basic("long")}, {Name: "rem", Type: basic("long"), Offset: 8, Attrs: ctype.Attrs{Packed: true, Aligned: 8}}},
			},
		},
		Enums: []*ctype.Enum{
			{Name: "enum color", Tag: "color", Complete: true, Type: basic("int"), Consts: []string{"RED", "GREEN", "DARK"}, Pos: pos(3, 6)},
			{Name: "enum later", Tag: "later", Pos: pos(20, 1)},
		},
		Typedefs: []*ctype.Typedef{
			{Name: "socklen_t", Type: basic("unsigned int"), Pos: pos(1, 22)},
			{Name: "pair_t", Type: ref(ctype.RecordRef, "pair_t", 16, 8), Pos: pos(18, 35)},
			{Name: "odd_t", Type: basic("int"), Attrs: ctype.Attrs{Aligned: 2}, Pos: pos(19, 13)},
			{Name: "hook_t", Type: hook, Pos: pos(20, 5)},
			{Name: "v4_t", Type: &ctype.Type{Kind: ctype.Vector, Elem: basic("float"), Len: 4, Size: 16, Align: 16}, Pos: pos(21, 5)},
		},
		Consts: []*ctype.Const{
			{Name: "RED", Type: basic("int"), Int: ctype.IntegerOf(1), Enum: "enum color", Pos: pos(3, 14)},
			{Name: "GREEN", Type: basic("int"), Int: ctype.IntegerOf(2), Enum: "enum color", Pos: pos(3, 23)},
			{Name: "DARK", Type: basic("int"), Int: ctype.IntegerOf(-1), Enum: "enum color", Pos: pos(3, 30)},
			{Name: "HUGE", Type: basic("unsigned long"), Int: ctype.Integer{Bits: math.MaxUint64}, Pos: pos(30, 9)},
			{Name: "LOW", Type: basic("long"), Int: ctype.IntegerOf(math.MinInt64), Pos: pos(31, 9)},
			{Name: "EPSILON", Kind: ctype.ConstFloat, Type: basic("double"), Float: 2.220446049250313e-16, Pos: pos(32, 9)},
			{Name: "WHOLE", Kind: ctype.ConstFloat, Type: basic("float"), Float: 3, Pos: pos(33, 9)},
			{Name: "INFINITE", Kind: ctype.ConstFloat, Type: basic("double"), Float: math.Inf(-1), Pos: pos(34, 9)},
			{Name: "_PATH", Kind: ctype.ConstString, String: "/dev/<null>\u00e9\n", Pos: pos(35, 9)},
			{Name: "MAGIC", Kind: ctype.ConstString, String: "\xff\x00\xfe", Pos: pos(36, 9)},
			{Name: "EMPTY", Kind: ctype.ConstString, Pos: pos(37, 9)},
			{
				Name: "SIOCGSAMPLE", Type: basic("unsigned long"), Int: ctype.IntegerOf(0xc0306926), Pos: pos(38, 9),
				Ioctl: &ctype.Ioctl{Dir: "IOWR", Group: 'i', Number: 38, Arg: ref(ctype.RecordRef, "struct sample", 48, 16)},
			},
			{Name: "TIOCNONE", Type: basic("unsigned long"), Int: ctype.IntegerOf(0x20007401), Ioctl: &ctype.Ioctl{Dir: "IO", Group: 't', Number: 1}},
		},
		Funcs: []*ctype.Func{
			{Name: "sample", Symbol: "__sample50", Type: hook, Pos: pos(40, 5)},
		},
		Skipped: []ctype.Skipped{{Name: "offsetof", Reason: "function-like macro", Pos: pos(41, 9)}},
	}
}
