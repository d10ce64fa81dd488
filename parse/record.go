package parse

import (
	"fmt"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// record handles a struct or union specifier and returns the type it names.
func (w *walker) record(s *cc.StructOrUnionSpecifier, hint string) *ctype.Type {
	union := s.StructOrUnion != nil && s.StructOrUnion.Case == cc.StructOrUnionUnion
	word := "struct"
	if union {
		word = "union"
	}
	var pos ctype.Pos
	if s.StructOrUnion != nil {
		pos = w.pos(s.StructOrUnion.Token)
	}
	tag, name := s.Token.SrcStr(), hint
	switch {
	case tag != "":
		name = word + " " + tag
	case hint == "":
		name = fmt.Sprintf("%s #%s:%d", word, pos.File, pos.Line)
	}
	r := w.records[name]
	if r == nil {
		r = &ctype.Record{Name: name, Tag: tag, Union: union, Pos: pos}
		w.records[name] = r
		w.forward = append(w.forward, r)
	}
	if s.Case == cc.StructOrUnionSpecifierDef {
		w.define(r, s, pos)
	}
	return &ctype.Type{Kind: ctype.RecordRef, Name: name, Size: r.Size, Align: r.Align}
}

// define fills in the members of a record and lays it out.
func (w *walker) define(r *ctype.Record, s *cc.StructOrUnionSpecifier, pos ctype.Pos) {
	if r.Complete {
		w.errorf(pos, "%s is defined again; it was at %s:%d", r.Name, r.Pos.File, r.Pos.Line)
		return
	}
	r.Pos = pos
	r.Attrs.Pack = w.pack
	a := w.attributes(s.AttributeSpecifierList)
	for l := s.StructDeclarationList; l != nil; l = l.StructDeclarationList {
		if l.StructDeclaration != nil {
			w.members(r, l.StructDeclaration)
		}
	}
	a.merge(w.attributes(s.AttributeSpecifierList2))
	r.Attrs.Packed, r.Attrs.Aligned = a.packed, a.aligned
	if r.Complete {
		w.errorf(pos, "%s is defined within itself", r.Name)
		return
	}
	w.checkMembers(r)
	r.Complete = true
	w.out.Records = append(w.out.Records, r)
	if err := w.engine.Record(r); err != nil {
		w.layoutError(pos, r.Name, err)
	}
}

// checkMembers refuses two members of one name.
func (w *walker) checkMembers(r *ctype.Record) {
	seen := make(map[string]bool, len(r.Members))
	for _, m := range r.Members {
		if m.Name != "" && seen[m.Name] {
			w.errorf(m.Pos, "%s has two members %s", r.Name, m.Name)
		}
		seen[m.Name] = true
	}
}

// members adds what one declaration in a record declares.
func (w *walker) members(r *ctype.Record, d *cc.StructDeclaration) {
	if d.Case == cc.StructDeclarationAssert {
		w.staticAssert(d.StaticAssertDeclaration)
		return
	}
	s := w.memberSpecs(d.SpecifierQualifierList, memberHint(r, d))
	if s.failed {
		return
	}
	if d.StructDeclaratorList == nil {
		w.anonymous(r, s, w.attributes(d.AttributeSpecifierList))
		return
	}
	for l := d.StructDeclaratorList; l != nil; l = l.StructDeclaratorList {
		x := l.StructDeclarator
		if x == nil {
			continue
		}
		a := s.attrs
		if l.StructDeclaratorList == nil {
			a.merge(w.attributes(d.AttributeSpecifierList))
		}
		w.member(r, s, x, a)
	}
}

// memberHint names a record without a tag after the member it is the type of.
func memberHint(r *ctype.Record, d *cc.StructDeclaration) string {
	for l := d.StructDeclaratorList; l != nil; l = l.StructDeclaratorList {
		if x := l.StructDeclarator; x != nil && x.Declarator != nil && x.Declarator.Name() != "" {
			return r.Name + "." + x.Declarator.Name()
		}
	}
	return fmt.Sprintf("%s.#%d", r.Name, len(r.Members))
}

// anonymous adds an anonymous struct or union. A declaration of a tag or an
// enum without a name adds no member.
func (w *walker) anonymous(r *ctype.Record, s *specs, a attrs) {
	t := s.typ
	if t.Kind != ctype.RecordRef {
		return
	}
	if inner := w.records[t.Name]; inner == nil || inner.Tag != "" {
		return
	}
	a.merge(s.attrs)
	r.Members = append(r.Members, &ctype.Member{
		Type: t, Attrs: ctype.Attrs{Packed: a.packed, Aligned: a.aligned}, Pos: s.pos,
	})
}

func (w *walker) member(r *ctype.Record, s *specs, x *cc.StructDeclarator, a attrs) {
	d := w.declarator(x.Declarator, s.typ)
	if d.pos == (ctype.Pos{}) {
		d.pos = w.pos(x.Token)
	}
	t, err := w.apply(a, d.typ)
	if err != nil {
		w.errorf(d.pos, "%s.%s: %v", r.Name, d.name, err)
		return
	}
	m := &ctype.Member{Name: d.name, Type: t, Attrs: ctype.Attrs{Packed: a.packed, Aligned: a.aligned}, Pos: d.pos}
	if x.Case == cc.StructDeclaratorBitField {
		v, ok := w.integer(d.pos, fmt.Sprintf("width of bit-field %s", d.name), x.ConstantExpression)
		if !ok {
			return
		}
		width, ok := v.Integer().Int64()
		if !ok {
			width = -1
		}
		m.BitField, m.BitWidth = true, width
	}
	r.Members = append(r.Members, m)
}

// enum handles an enum specifier and returns the type it names.
func (w *walker) enum(s *cc.EnumSpecifier, a attrs, hint string) *ctype.Type {
	pos := w.pos(s.Token)
	tag, name := s.Token2.SrcStr(), hint
	switch {
	case tag != "":
		name = "enum " + tag
	case hint == "":
		name = fmt.Sprintf("enum #%s:%d", pos.File, pos.Line)
	}
	e := w.enums[name]
	if e == nil || tag == "" && e.Complete && hint == "" {
		// Two enums in one line would have one name.
		for n := 2; e != nil; n++ {
			name = fmt.Sprintf("enum #%s:%d#%d", pos.File, pos.Line, n)
			e = w.enums[name]
		}
		e = &ctype.Enum{Name: name, Tag: tag, Pos: pos}
		w.enums[name] = e
		w.out.Enums = append(w.out.Enums, e)
	}
	if s.Case == cc.EnumSpecifierDef {
		w.defineEnum(e, s, a, pos)
	}
	t := &ctype.Type{Kind: ctype.EnumRef, Name: name}
	if e.Type != nil {
		t.Size, t.Align, t.Signed = e.Type.Size, e.Type.Align, e.Type.Signed
	}
	return t
}

func (w *walker) defineEnum(e *ctype.Enum, s *cc.EnumSpecifier, a attrs, pos ctype.Pos) {
	if e.Complete {
		w.errorf(pos, "%s is defined again; it was at %s:%d", e.Name, e.Pos.File, e.Pos.Line)
		return
	}
	e.Pos, e.Packed = pos, a.packed
	if s.EnumTypeSpecifier != nil {
		e.Type = w.memberSpecs(s.EnumTypeSpecifier.SpecifierQualifierList, "").typ
	}
	fixed := e.Type
	var values []ctype.Integer
	var consts []*ctype.Const
	prev := constexpr.IntValue(w.model.Type("int"), -1)
	for l := s.EnumeratorList; l != nil; l = l.EnumeratorList {
		x := l.Enumerator
		if x == nil {
			continue
		}
		v := w.successor(prev)
		name := x.Token.SrcStr()
		at := w.pos(x.Token)
		if x.Case == cc.EnumeratorExpr {
			var ok bool
			if v, ok = w.integer(at, "value of "+name, x.ConstantExpression); !ok {
				continue
			}
		}
		if _, dup := w.idents[name]; dup {
			w.errorf(at, "%s is declared again", name)
			continue
		}
		prev = v
		w.idents[name] = v
		values = append(values, v.Integer())
		e.Consts = append(e.Consts, name)
		consts = append(consts, &ctype.Const{Name: name, Kind: ctype.ConstInt, Int: v.Integer(), Enum: e.Name, Pos: at})
	}
	e.Complete = true
	if fixed == nil {
		if err := w.engine.Enum(e, values); err != nil {
			w.layoutError(pos, e.Name, err)
			return
		}
	}
	// The constants are ints when all of them fit, else all have the type of
	// the enum: the rule of C23, which clang applies in every mode. gcc before
	// 13 decides for each constant by itself.
	typ := w.model.Type("int")
	for _, v := range values {
		if n, ok := v.Int64(); !ok || fixed != nil || int64(int32(n)) != n {
			typ = e.Type
		}
	}
	for _, c := range consts {
		c.Type = typ
		w.idents[c.Name] = constexpr.Value{Type: c.Type, Known: true, Bits: c.Int.Bits}
		w.consts[c.Name] = true
		w.out.Consts = append(w.out.Consts, c)
	}
}

// successor returns the value of an enumeration constant without one of its
// own: one more than the last, in the next type that holds it.
func (w *walker) successor(prev constexpr.Value) constexpr.Value {
	next := prev
	next.Bits++
	if n := prev.Integer(); n.Negative() {
		next.Type = w.model.Type("int")
		if int64(next.Bits) < -1<<31 {
			next.Type = w.model.Type("long long")
		}
		return next
	}
	switch {
	case next.Bits <= 1<<31-1:
		next.Type = w.model.Type("int")
	case next.Bits <= 1<<32-1 && w.model.Long.Size == 4:
		next.Type = w.model.Type("unsigned int")
	case next.Bits <= 1<<63-1:
		next.Type = w.model.Type("long long")
	default:
		next.Type = w.model.Type("unsigned long long")
	}
	return next
}
