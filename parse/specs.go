package parse

import (
	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// specs are the specifiers of a declaration: what stands before the first
// declarator.
type specs struct {
	w    *walker
	hint string // name for a record or enum without a tag; empty for none
	pos  ctype.Pos

	typ     *ctype.Type // the type named, nil while only words were seen
	words   []string    // words of a basic type
	quals   ctype.Type
	attrs   attrs // of everything declared, not of a type defined here
	typedef bool
	static  bool
	inline  bool
	extern  bool
	failed  bool
}

// declSpecs reads the specifiers of a declaration.
func (w *walker) declSpecs(list *cc.DeclarationSpecifiers, hint string) *specs {
	s := &specs{w: w, hint: hint}
	for n := list; n != nil; n = n.DeclarationSpecifiers {
		switch n.Case {
		case cc.DeclarationSpecifiersStorage:
			s.storage(n.StorageClassSpecifier)
		case cc.DeclarationSpecifiersTypeSpec:
			// Attributes right behind the brace of an enum are the enum's;
			// a struct has taken them already.
			var a attrs
			if isEnumDef(n.TypeSpecifier) {
				for n.DeclarationSpecifiers != nil && n.DeclarationSpecifiers.Case == cc.DeclarationSpecifiersAttr {
					n = n.DeclarationSpecifiers
					a.merge(w.attributes(n.AttributeSpecifierList))
				}
				s.enum(enumOf(list, n), a)
				continue
			}
			s.typeSpec(n.TypeSpecifier)
		case cc.DeclarationSpecifiersTypeQual:
			s.qualifier(n.TypeQualifier)
		case cc.DeclarationSpecifiersFunc:
			s.inline = s.inline || n.FunctionSpecifier != nil && n.FunctionSpecifier.Case == cc.FunctionSpecifierInline
		case cc.DeclarationSpecifiersAlignSpec:
			s.attrs.aligned = max(s.attrs.aligned, w.alignAs(n.AlignmentSpecifier))
		case cc.DeclarationSpecifiersAttr:
			s.attrs.merge(w.attributes(n.AttributeSpecifierList))
		}
	}
	s.finish()
	return s
}

// enumOf returns the enum definition among the specifiers up to last.
func enumOf(list, last *cc.DeclarationSpecifiers) *cc.EnumSpecifier {
	for n := list; n != nil; n = n.DeclarationSpecifiers {
		if n.Case == cc.DeclarationSpecifiersTypeSpec && isEnumDef(n.TypeSpecifier) {
			return n.TypeSpecifier.EnumSpecifier
		}
		if n == last {
			break
		}
	}
	return nil
}

func isEnumDef(t *cc.TypeSpecifier) bool {
	return t != nil && t.Case == cc.TypeSpecifierEnum && t.EnumSpecifier != nil && t.EnumSpecifier.Case == cc.EnumSpecifierDef
}

// memberSpecs reads the specifiers of a struct member.
func (w *walker) memberSpecs(list *cc.SpecifierQualifierList, hint string) *specs {
	s := &specs{w: w, hint: hint}
	for n := list; n != nil; n = n.SpecifierQualifierList {
		switch n.Case {
		case cc.SpecifierQualifierListTypeSpec:
			if isEnumDef(n.TypeSpecifier) {
				e := n.TypeSpecifier.EnumSpecifier
				var a attrs
				for next := n.SpecifierQualifierList; next != nil && next.Case == cc.SpecifierQualifierListTypeQual &&
					next.TypeQualifier != nil && next.TypeQualifier.Case == cc.TypeQualifierAttr; next = n.SpecifierQualifierList {
					n = next
					a.merge(w.attributes(n.TypeQualifier.AttributeSpecifierList))
				}
				s.enum(e, a)
				continue
			}
			s.typeSpec(n.TypeSpecifier)
		case cc.SpecifierQualifierListTypeQual:
			s.qualifier(n.TypeQualifier)
		case cc.SpecifierQualifierListAlignSpec:
			s.attrs.aligned = max(s.attrs.aligned, w.alignAs(n.AlignmentSpecifier))
		}
	}
	s.finish()
	return s
}

func (s *specs) errorf(format string, args ...any) {
	if !s.failed {
		s.w.errorf(s.pos, format, args...)
	}
	s.failed = true
}

func (s *specs) storage(c *cc.StorageClassSpecifier) {
	if c == nil {
		return
	}
	s.mark(c.Token)
	switch c.Case {
	case cc.StorageClassSpecifierTypedef:
		s.typedef = true
	case cc.StorageClassSpecifierStatic:
		s.static = true
	case cc.StorageClassSpecifierExtern:
		s.extern = true
	}
}

// mark notes where the declaration begins.
func (s *specs) mark(t cc.Token) {
	if s.pos == (ctype.Pos{}) {
		s.pos = s.w.pos(t)
	}
}

func (s *specs) qualifier(q *cc.TypeQualifier) {
	if q == nil {
		return
	}
	switch q.Case {
	case cc.TypeQualifierConst:
		s.quals.Const = true
	case cc.TypeQualifierVolatile:
		s.quals.Volatile = true
	case cc.TypeQualifierAtomic:
		s.quals.Atomic = true
	case cc.TypeQualifierAttr:
		s.attrs.merge(s.w.attributes(q.AttributeSpecifierList))
		return
	}
	s.mark(q.Token)
}

func (s *specs) set(t *ctype.Type) {
	if s.typ != nil {
		s.errorf("two types in one declaration; is a semicolon missing before the second?")
		return
	}
	s.typ = t
}

func (s *specs) typeSpec(t *cc.TypeSpecifier) {
	if t == nil {
		return
	}
	switch t.Case {
	case cc.TypeSpecifierStructOrUnion:
		if r := t.StructOrUnionSpecifier; r != nil {
			s.mark(r.StructOrUnion.Token)
			s.set(s.w.record(r, s.hint))
		}
	case cc.TypeSpecifierEnum:
		s.enum(t.EnumSpecifier, attrs{})
	case cc.TypeSpecifierTypeName:
		s.mark(t.Token)
		name := t.Token.SrcStr()
		d := s.w.typedefs[name]
		if d == nil {
			s.errorf("unknown type %s", name)
			return
		}
		s.set(constexpr.RefTypedef(s.w, d))
	case cc.TypeSpecifierTypeofExpr, cc.TypeSpecifierTypeofType:
		s.mark(t.Token)
		var n cc.Node = t.ExpressionList
		if t.Case == cc.TypeSpecifierTypeofType {
			n = t.TypeName
		}
		typ, err := constexpr.ParseTypeof(s.w, tokens(n))
		if err != nil {
			s.errorf("typeof: %v", err)
			return
		}
		s.set(typ)
	case cc.TypeSpecifierAtomic:
		if a := t.AtomicTypeSpecifier; a != nil {
			s.mark(a.Token)
			typ, err := constexpr.ParseType(s.w, tokens(a.TypeName))
			if err != nil {
				s.errorf("_Atomic: %v", err)
				return
			}
			s.quals.Atomic = true
			s.set(typ)
		}
	default:
		s.mark(t.Token)
		s.words = append(s.words, t.Token.SrcStr())
	}
}

func (s *specs) enum(e *cc.EnumSpecifier, a attrs) {
	if e == nil {
		return
	}
	s.mark(e.Token)
	s.set(s.w.enum(e, a, s.hint))
}

// finish settles the type of the declaration.
func (s *specs) finish() {
	switch {
	case s.typ != nil && len(s.words) > 0:
		s.errorf("two types in one declaration; is a semicolon missing before the second?")
	case s.typ == nil && len(s.words) == 0:
		s.typ = s.w.model.Type("int") // of K&R C; cc has warned of what else it may be
	case s.typ == nil:
		name, err := ctype.BasicName(s.words...)
		if err != nil {
			s.errorf("%v", err)
			break
		}
		if s.typ = s.w.model.Type(name); s.typ == nil {
			s.errorf("%s has no type %s", s.w.model.Target, name)
		}
	}
	if s.typ == nil {
		s.typ = s.w.model.Type("int")
	}
	s.typ = constexpr.WithQualifiers(s.typ, s.quals)
	if s.quals.Atomic {
		// The size of an atomic type can be larger than the plain one's.
		if err := s.w.engine.Type(s.typ); err != nil {
			s.errorf("%v", err)
		}
	}
}
