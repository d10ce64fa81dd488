package ctype

import (
	"fmt"
	"strings"
)

// Define returns the C definition of a record, with its attributes, and with
// the definitions of unnamed member types in place. Other types appear by
// name. #pragma pack directives stand on lines of their own. The text ends in
// a semicolon and has no final newline.
func (x *Index) Define(r *Record) string {
	w := definer{x: x, seen: map[*Record]bool{r: true}}
	w.pushPack(r.Attrs.Pack, 0)
	w.record(r, 0)
	w.b.WriteString(";")
	w.popPack(r.Attrs.Pack, 0)
	return w.b.String()
}

// DefineEnum returns the C definition of an enum with the values of its
// constants.
func (x *Index) DefineEnum(e *Enum) string {
	w := definer{x: x}
	w.enum(e)
	w.b.WriteString(";")
	return w.b.String()
}

// DefineTypedef returns the C definition of a typedef.
func (x *Index) DefineTypedef(d *Typedef) string {
	s := "typedef " + declare(d.Type, d.Name, x.spellRef)
	return s + alignedAttr(d.Attrs) + ";"
}

// A definer writes one definition.
type definer struct {
	x    *Index
	b    strings.Builder
	seen map[*Record]bool // each is defined once
}

// pushPack sets the pack limit for a record within one that has outer.
func (w *definer) pushPack(pack, outer int64) {
	if pack == outer {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.b.WriteString("#pragma pack(push)\n#pragma pack(")
	if pack != 0 {
		fmt.Fprint(&w.b, pack)
	}
	w.b.WriteString(")\n")
}

func (w *definer) popPack(pack, outer int64) {
	if pack != outer {
		w.b.WriteString("\n#pragma pack(pop)")
	}
}

// record writes a definition from the keyword to the closing brace.
func (w *definer) record(r *Record, depth int) {
	w.b.WriteString(keyword(r))
	if r.Attrs.Packed {
		w.b.WriteString(" __attribute__((packed))")
	}
	w.b.WriteString(alignedAttr(r.Attrs))
	if r.Tag != "" {
		w.b.WriteString(" " + r.Tag)
	}
	if !r.Complete {
		return
	}
	w.b.WriteString(" {")
	for _, m := range r.Members {
		w.member(r, m, depth+1)
	}
	w.b.WriteString("\n" + strings.Repeat("\t", depth) + "}")
}

func keyword(r *Record) string {
	if r.Union {
		return "union"
	}
	return "struct"
}

func (w *definer) member(r *Record, m *Member, depth int) {
	pack := r.Attrs.Pack
	inner, enum := w.unnamed(m.Type)
	if inner != nil {
		pack = inner.Attrs.Pack
	}
	if pack != r.Attrs.Pack {
		w.pushPack(pack, r.Attrs.Pack)
		w.b.WriteString(strings.Repeat("\t", depth))
	} else {
		w.b.WriteString("\n" + strings.Repeat("\t", depth))
	}
	// Where the type has no name its definition goes into the declarator: a
	// marker shows the place.
	const marker = "@"
	ref := w.x.spellRef
	if inner != nil || enum != nil {
		ref = func(*Type) string { return marker }
	}
	before, after, found := strings.Cut(declare(m.Type, m.Name, ref), marker)
	w.b.WriteString(before)
	if found && inner != nil && !w.seen[inner] {
		w.seen[inner] = true
		w.record(inner, depth)
	} else if found && enum != nil {
		w.enum(enum)
	}
	w.b.WriteString(after)
	if m.BitField {
		fmt.Fprintf(&w.b, " : %d", m.BitWidth)
	}
	if m.Attrs.Packed {
		w.b.WriteString(" __attribute__((packed))")
	}
	w.b.WriteString(alignedAttr(m.Attrs) + ";")
	w.popPack(pack, r.Attrs.Pack)
}

// unnamed returns the record or enum that is defined where a member is
// declared, because it has neither tag nor typedef.
func (w *definer) unnamed(t *Type) (*Record, *Enum) {
	e := element(t)
	if e == nil || w.x.typedefs[e.Name] != nil {
		return nil, nil
	}
	switch e.Kind {
	case RecordRef:
		if r := w.x.records[e.Name]; r != nil && r.Tag == "" {
			return r, nil
		}
	case EnumRef:
		if en := w.x.enums[e.Name]; en != nil && en.Tag == "" {
			return nil, en
		}
	}
	return nil, nil
}

func (w *definer) enum(e *Enum) {
	w.b.WriteString("enum")
	if e.Packed {
		w.b.WriteString(" __attribute__((packed))")
	}
	if e.Tag != "" {
		w.b.WriteString(" " + e.Tag)
	}
	w.b.WriteString(" {")
	for i, name := range e.Consts {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.b.WriteString(" " + name)
		if c := w.x.consts[name]; c != nil {
			w.b.WriteString(" = " + literal(c.Int))
		}
	}
	w.b.WriteString(" }")
}

// literal spells an integer so that C reads the same value: the most negative
// one has no literal of its own.
func literal(n Integer) string {
	switch v, ok := n.Int64(); {
	case !ok:
		return n.String() + "ULL"
	case v == -1<<63:
		return "(-9223372036854775807LL - 1)"
	case v > 1<<31-1 || v < -(1<<31-1):
		return n.String() + "LL"
	}
	return n.String()
}

func alignedAttr(a Attrs) string {
	if a.Aligned == 0 {
		return ""
	}
	return fmt.Sprintf(" __attribute__((aligned(%d)))", a.Aligned)
}
