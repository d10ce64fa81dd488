package ctype

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the C spelling of the type as [Type.Declare] without a name
// gives it.
func (t *Type) String() string { return t.Declare("") }

// Declare returns the C declaration of name with type t: "char name[16]",
// "int (*name)(void)"; without a name, the type alone: "char [16]". Records
// and enums that C gives no name appear as "struct {...}", since the type does
// not know more of them.
func (t *Type) Declare(name string) string {
	return declare(t, name, spellRef)
}

// Spell returns the C spelling of the type. A struct, union or enum that has
// no tag appears by the typedef that names it, or as "struct {...}",
// "union {...}" or "enum {...}".
func (x *Index) Spell(t *Type) string { return declare(t, "", x.spellRef) }

// declare spells a declarator from the inside out; ref spells what has a
// declaration of its own.
func declare(t *Type, name string, ref func(*Type) string) string {
	inner := name
	for t != nil {
		switch t.Kind {
		case Pointer:
			quals := qualifiers(t)
			if quals != "" && inner != "" {
				quals += " "
			}
			inner = "*" + quals + inner
			t = t.Elem
			continue
		case Array:
			n := ""
			if t.Len >= 0 {
				n = strconv.FormatInt(t.Len, 10)
			}
			inner = parens(inner) + "[" + n + "]"
			t = t.Elem
			continue
		case Function:
			inner = parens(inner) + "(" + parameters(t, ref) + ")"
			t = t.Elem
			continue
		}
		break
	}
	if t == nil {
		return strings.TrimSpace("? " + inner)
	}
	base := baseName(t, ref)
	if q := qualifiers(t); q != "" {
		base = q + " " + base
	}
	if inner == "" {
		return base
	}
	return base + " " + inner
}

// parens encloses a pointer declarator, which binds less than [] and ().
func parens(inner string) string {
	if strings.HasPrefix(inner, "*") {
		return "(" + inner + ")"
	}
	return inner
}

func qualifiers(t *Type) string {
	var q []string
	if t.Const {
		q = append(q, "const")
	}
	if t.Volatile {
		q = append(q, "volatile")
	}
	if t.Atomic {
		q = append(q, "_Atomic")
	}
	return strings.Join(q, " ")
}

func parameters(t *Type, ref func(*Type) string) string {
	if len(t.Params) == 0 && !t.Variadic {
		return "void"
	}
	var list []string
	for _, p := range t.Params {
		list = append(list, declare(p.Type, p.Name, ref))
	}
	if t.Variadic {
		list = append(list, "...")
	}
	return strings.Join(list, ", ")
}

func baseName(t *Type, ref func(*Type) string) string {
	switch t.Kind {
	case Void:
		return "void"
	case RecordRef, EnumRef:
		return ref(t)
	case Vector:
		size := t.Size // before the layout is known the element's will do
		if size == 0 && t.Elem != nil {
			size = t.Len * t.Elem.Size
		}
		return fmt.Sprintf("%s __attribute__((vector_size(%d)))", declare(t.Elem, "", ref), size)
	case Invalid:
		return "?"
	}
	return t.Name
}

// spellRef spells a reference by its key alone. A key that is no C type is
// that of an unnamed member's type or of an enum without a tag.
func spellRef(t *Type) string {
	if strings.ContainsAny(t.Name, ".#") {
		if t.Kind == EnumRef {
			return "enum {...}"
		}
		word, _, _ := strings.Cut(t.Name, " ")
		if word != "union" {
			word = "struct"
		}
		return word + " {...}"
	}
	return t.Name
}

// spellRef knows what keyword an unnamed record has.
func (x *Index) spellRef(t *Type) string {
	if t.Kind == RecordRef && strings.Contains(t.Name, ".") {
		if r := x.records[t.Name]; r != nil && r.Union {
			return "union {...}"
		}
		return "struct {...}"
	}
	return spellRef(t)
}

// CExpr returns what C takes as a type for the record of that name, so that
// sizeof and offsetof can be asked of it: "struct msghdr", the name of a
// typedef, or for the unnamed type of a member
// "__typeof__(((struct outer *)0)->member)". It returns "" when C has no way
// to name it, as for an anonymous member, and when there is no such record.
func (x *Index) CExpr(record string) string {
	r := x.records[record]
	if r == nil {
		return ""
	}
	return x.cexpr(r, 0)
}

// maxNesting ends the search through records that claim to be in each other.
const maxNesting = 64

func (x *Index) cexpr(r *Record, depth int) string {
	if r.Tag != "" {
		if r.Union {
			return "union " + r.Tag
		}
		return "struct " + r.Tag
	}
	if d := x.typedefs[r.Name]; d != nil {
		if e := element(d.Type); e != nil && e.Kind == RecordRef && e.Name == r.Name {
			if steps := derefs(d.Type); steps != "" {
				return "__typeof__((*(" + d.Name + " *)0)" + steps + ")"
			}
			return d.Name
		}
	}
	in, ok := x.outer[r.Name]
	if !ok || in.member.Name == "" {
		return ""
	}
	p := x.access(in.record, depth+1)
	if p == "" {
		return ""
	}
	return "__typeof__(" + p + "->" + in.member.Name + derefs(in.member.Type) + ")"
}

// access returns a pointer expression through which C reaches the members of
// r: those of an anonymous member are members of the record around it.
func (x *Index) access(r *Record, depth int) string {
	if depth > maxNesting {
		return ""
	}
	if e := x.cexpr(r, depth); e != "" {
		return "((" + e + " *)0)"
	}
	if in, ok := x.outer[r.Name]; ok && in.member.Name == "" {
		return x.access(in.record, depth+1)
	}
	return ""
}

// derefs returns what leads from a value of type t to its element.
func derefs(t *Type) string {
	s := ""
	for ; t != nil && (t.Kind == Array || t.Kind == Pointer); t = t.Elem {
		s += "[0]"
	}
	return s
}
