package ctype_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
)

// What a header of one's own uses comes along; what merely stands beside it in
// the system's headers does not.
func TestOnly(t *testing.T) {
	basic := func(name string) *ctype.Type { return &ctype.Type{Kind: ctype.Int, Name: name, Size: 4, Align: 4} }
	ref := func(kind ctype.Kind, name string) *ctype.Type {
		return &ctype.Type{Kind: kind, Name: name, Size: 4, Align: 4}
	}
	pointer := func(t *ctype.Type) *ctype.Type {
		return &ctype.Type{Kind: ctype.Pointer, Elem: t, Size: 8, Align: 8}
	}
	own, sys := ctype.Pos{File: "own.h", Line: 1}, ctype.Pos{File: "sys/sys.h", Line: 1}
	record := func(name string, pos ctype.Pos, types ...*ctype.Type) *ctype.Record {
		r := &ctype.Record{Name: name, Complete: true, Pos: pos}
		for _, typ := range types {
			r.Members = append(r.Members, &ctype.Member{Name: "m", Type: typ})
		}
		return r
	}
	u := &ctype.Unit{
		Headers: []string{"own.h"}, Files: []string{"sys/sys.h", "own.h"},
		Records: []*ctype.Record{
			record("struct unused", sys, basic("int")),
			record("struct node", sys, pointer(ref(ctype.RecordRef, "struct node")), ref(ctype.TypedefRef, "word_t")),
			record("struct own", own, ref(ctype.RecordRef, "struct own.#0"), ref(ctype.EnumRef, "enum color")),
			record("struct own.#0", own, &ctype.Type{Kind: ctype.Array, Len: 2, Elem: ref(ctype.RecordRef, "struct node")}),
			record("struct arg", sys, basic("int")),
			record("struct ioctl", sys, basic("int")),
		},
		Enums: []*ctype.Enum{
			{Name: "enum color", Type: basic("unsigned int"), Consts: []string{"RED"}, Pos: sys},
			{Name: "enum other", Type: basic("unsigned int"), Consts: []string{"OTHER"}, Pos: sys},
		},
		Typedefs: []*ctype.Typedef{
			{Name: "half_t", Type: basic("short"), Pos: sys},
			{Name: "word_t", Type: ref(ctype.TypedefRef, "int_t"), Pos: sys},
			{Name: "int_t", Type: basic("int"), Pos: sys},
		},
		Consts: []*ctype.Const{
			{Name: "RED", Type: basic("int"), Enum: "enum color", Pos: sys},
			{Name: "OTHER", Type: basic("int"), Enum: "enum other", Pos: sys},
			{Name: "SYS", Type: basic("int"), Pos: sys},
			{Name: "OWN", Type: basic("int"), Ioctl: &ctype.Ioctl{Dir: "IOW", Arg: ref(ctype.RecordRef, "struct ioctl")}, Pos: own},
		},
		Funcs: []*ctype.Func{
			{Name: "f", Type: &ctype.Type{Kind: ctype.Function, Elem: basic("int"), Params: []ctype.Param{{Type: pointer(ref(ctype.RecordRef, "struct arg"))}}}, Pos: own},
			{Name: "g", Type: &ctype.Type{Kind: ctype.Function, Elem: basic("int")}, Pos: sys},
		},
		Skipped: []ctype.Skipped{{Name: "X", Pos: own}, {Name: "Y", Pos: sys}},
	}
	got := u.Only(func(file string) bool { return file == "own.h" })
	var names []string
	for _, r := range got.Records {
		names = append(names, r.Name)
	}
	for _, e := range got.Enums {
		names = append(names, e.Name)
	}
	for _, d := range got.Typedefs {
		names = append(names, d.Name)
	}
	for _, c := range got.Consts {
		names = append(names, c.Name)
	}
	for _, f := range got.Funcs {
		names = append(names, f.Name)
	}
	for _, s := range got.Skipped {
		names = append(names, s.Name)
	}
	want := []string{
		"struct node", "struct own", "struct own.#0", "struct arg", "struct ioctl",
		"enum color", "word_t", "int_t", "RED", "OWN", "f", "X",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(u.Files, got.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
