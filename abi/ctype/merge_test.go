package ctype_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
)

func TestMergeSame(t *testing.T) {
	want := marshal(t, sample())
	if got := marshal(t, ctype.Merge(sample(), sample())); !bytes.Equal(got, want) {
		t.Errorf("merged with itself (-want +got):\n%s", cmp.Diff(string(want), string(got)))
	}
	if u := ctype.Merge(); len(u.Records) != 0 {
		t.Error("nothing merged is not nothing")
	}
}

func TestMerge(t *testing.T) {
	in := &ctype.Type{Kind: ctype.Int, Name: "int", Size: 4, Align: 4, Signed: true}
	long := &ctype.Type{Kind: ctype.Int, Name: "long", Size: 8, Align: 8, Signed: true}
	ref := func(kind ctype.Kind, name string, size int64) *ctype.Type {
		return &ctype.Type{Kind: kind, Name: name, Size: size, Align: min(size, 8), Signed: kind == ctype.TypedefRef}
	}
	ptr := func(t *ctype.Type) *ctype.Type {
		return &ctype.Type{Kind: ctype.Pointer, Elem: t, Size: 8, Align: 8}
	}
	rec := func(name string, members ...*ctype.Type) *ctype.Record {
		r := &ctype.Record{Name: name, Complete: true, Align: 8}
		for i, m := range members {
			r.Members = append(r.Members, &ctype.Member{Name: fmt.Sprintf("m%d", i), Type: m, Offset: r.Size})
			r.Size += m.Size
		}
		return r
	}
	at := func(file string, u *ctype.Unit) *ctype.Unit {
		for _, r := range u.Records {
			r.Pos.File = file
		}
		for _, d := range u.Typedefs {
			d.Pos.File = file
		}
		for _, c := range u.Consts {
			c.Pos.File = file
		}
		return u
	}
	libc := at("libc.h", &ctype.Unit{
		Target: ctype.Target{OS: "linux", Arch: "amd64"}, Sysroot: "first",
		Headers: []string{"a.h", "b.h"}, Files: []string{"a.h"},
		Records: []*ctype.Record{
			{Name: "struct later", Tag: "later"}, rec("struct same", in, in), rec("struct differs", in),
			rec("struct user", ptr(ref(ctype.RecordRef, "struct later", 0))),
		},
		Typedefs: []*ctype.Typedef{{Name: "i32", Type: in}, {Name: "word", Type: in}},
		Consts:   []*ctype.Const{{Name: "ONE", Int: ctype.IntegerOf(1), Type: in}, {Name: "TWO", Int: ctype.IntegerOf(2), Type: in}},
		Funcs:    []*ctype.Func{{Name: "f", Type: &ctype.Type{Kind: ctype.Function, Elem: in}}},
	})
	kernel := at("uapi.h", &ctype.Unit{
		Headers: []string{"b.h", "c.h"}, Files: []string{"c.h"},
		Records: []*ctype.Record{
			rec("struct later", long), rec("struct same", in, in), rec("struct differs", long),
			rec("struct differs.m0", in),
			rec("struct holds", &ctype.Type{Kind: ctype.Array, Elem: ref(ctype.RecordRef, "struct differs", 8), Len: 1, Size: 8, Align: 8}),
			rec("struct holds_typedef", ref(ctype.TypedefRef, "alias", 8)),
			rec("struct points", ptr(ref(ctype.RecordRef, "struct differs", 8))),
			rec("struct user", ptr(ref(ctype.RecordRef, "struct later", 8))),
			rec("struct word", ref(ctype.TypedefRef, "word", 8)),
		},
		Typedefs: []*ctype.Typedef{
			{Name: "s32", Type: in}, {Name: "i32", Type: ref(ctype.TypedefRef, "s32", 4)},
			{Name: "word", Type: long},
			{Name: "alias", Type: ref(ctype.RecordRef, "struct differs", 8)},
		},
		Consts: []*ctype.Const{
			{Name: "ONE", Int: ctype.Integer{Bits: 1}, Type: long}, {Name: "TWO", Int: ctype.IntegerOf(3), Type: in},
			{Name: "REQUEST", Int: ctype.IntegerOf(9), Type: in, Ioctl: &ctype.Ioctl{Dir: "IOR", Arg: ref(ctype.RecordRef, "struct differs", 8)}},
		},
		Funcs: []*ctype.Func{{Name: "f", Type: &ctype.Type{Kind: ctype.Function, Elem: long}}},
	})
	before := marshal(t, kernel)
	u := ctype.Merge(libc, kernel)
	if !bytes.Equal(before, marshal(t, kernel)) {
		t.Error("Merge changed a Unit")
	}

	var got []string
	say := func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }
	say("%s %s %v %v", u.Target, u.Sysroot, u.Headers, u.Files)
	for _, r := range u.Records {
		say("%s: %d", r.Name, r.Size)
	}
	for _, d := range u.Typedefs {
		say("%s: %s", d.Name, d.Type)
	}
	for _, c := range u.Consts {
		say("%s: %s %v", c.Name, c.Value(), c.Ioctl != nil)
	}
	for _, f := range u.Funcs {
		say("%s", f.Type.Declare(f.Name))
	}
	for _, s := range u.Skipped {
		say("skipped %s: %s", s.Name, s.Reason)
	}
	want := []string{
		"linux/amd64 first [a.h b.h c.h] [a.h c.h]",
		"struct later: 8",
		"struct same: 8",
		"struct differs: 4",
		"struct user: 8",
		"struct points: 8",
		"i32: int",
		"word: int",
		"s32: int",
		"ONE: 1 false",
		"TWO: 2 false",
		"REQUEST: 9 false",
		"int f(void)",
		"skipped struct differs: is defined differently at libc.h",
		"skipped struct differs.m0: is part of struct differs, which is defined differently at libc.h",
		"skipped struct holds: contains struct differs, which is defined differently at libc.h",
		"skipped struct holds_typedef: contains typedef alias, which is of type struct differs, which is defined differently at libc.h",
		"skipped struct word: contains typedef word, which is defined differently at libc.h",
		"skipped word: is defined differently at libc.h",
		"skipped alias: is of type struct differs, which is defined differently at libc.h",
		"skipped TWO: is 3 here, but 2 at libc.h",
		"skipped f: function is declared differently at -",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}
