package convert

import (
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
)

// A unitBuilder writes down a ctype.Unit by hand, one declaration a call, with
// the natural layout of an LP64 machine.
type unitBuilder struct {
	u    *ctype.Unit
	file string
	line int
}

func newUnit(os, arch, file string) *unitBuilder {
	return &unitBuilder{u: &ctype.Unit{Target: ctype.Target{OS: os, Arch: arch}}, file: file}
}

func (b *unitBuilder) pos() ctype.Pos {
	b.line++
	return ctype.Pos{File: b.file, Line: b.line, Col: 1}
}

// consts declares macros, given as "NAME value" pairs.
func (b *unitBuilder) consts(pairs ...any) *unitBuilder {
	for i := 0; i < len(pairs); i += 2 {
		b.u.Consts = append(b.u.Consts, &ctype.Const{
			Name: pairs[i].(string), Int: ctype.IntegerOf(int64(pairs[i+1].(int))), Type: basicC("int"), Pos: b.pos(),
		})
	}
	return b
}

// basicC returns a basic C type; "T*" is a pointer, "T[n]" an array of T, and
// "struct X" must have been declared.
func basicC(name string) *ctype.Type {
	sizes := map[string]int64{
		"char": 1, "unsigned char": 1, "signed char": 1, "short": 2, "unsigned short": 2, "int": 4, "unsigned int": 4,
		"long": 8, "unsigned long": 8, "long long": 8, "unsigned long long": 8,
	}
	return &ctype.Type{Kind: ctype.Int, Name: name, Size: sizes[name], Align: sizes[name],
		Signed: !strings.HasPrefix(name, "unsigned") && name != "char" || name == "char"}
}

func (b *unitBuilder) typ(name string, n int64) *ctype.Type {
	var t *ctype.Type
	switch {
	case strings.HasSuffix(name, "*"):
		t = &ctype.Type{Kind: ctype.Pointer, Size: 8, Align: 8, Elem: &ctype.Type{Kind: ctype.Void, Name: "void"}}
	case strings.HasPrefix(name, "struct "), strings.HasPrefix(name, "union "):
		r := b.u.Index().Record(name)
		t = &ctype.Type{Kind: ctype.RecordRef, Name: name, Size: r.Size, Align: r.Align}
	default:
		t = basicC(name)
	}
	if n > 0 {
		t = &ctype.Type{Kind: ctype.Array, Elem: t, Len: n, Size: t.Size * n, Align: t.Align}
	}
	return t
}

// record declares a struct or union; members are "name", "type", count triples,
// with 0 for no array.
func (b *unitBuilder) record(name string, members ...any) *unitBuilder {
	r := &ctype.Record{Name: name, Complete: true, Align: 1, Pos: b.pos()}
	kind, tag, _ := strings.Cut(name, " ")
	r.Union, r.Tag = kind == "union", tag
	for i := 0; i < len(members); i += 3 {
		t := b.typ(members[i+1].(string), int64(members[i+2].(int)))
		m := &ctype.Member{Name: members[i].(string), Type: t, Pos: b.pos()}
		r.Align = max(r.Align, t.Align)
		if !r.Union {
			m.Offset = alignUp(r.Size, t.Align)
		}
		r.Size = max(r.Size, m.Offset+t.Size)
		r.Members = append(r.Members, m)
	}
	r.Size = alignUp(r.Size, r.Align)
	b.u.Records = append(b.u.Records, r)
	return b
}

// model makes a system of the unit on one architecture.
func (b *unitBuilder) model(t *testing.T, opt namespace.Options) SystemModel {
	t.Helper()
	opt.Package, opt.Import, opt.System = b.u.Target.OS, "example.com/"+b.u.Target.OS, strings.ToUpper(b.u.Target.OS)
	names, err := namespace.NewPlan([]*ctype.Unit{b.u}, nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	return SystemModel{Name: opt.Package, Title: opt.System, Import: opt.Import, Units: []*ctype.Unit{b.u}, GoNames: names}
}
