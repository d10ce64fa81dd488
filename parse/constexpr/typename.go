package constexpr

import (
	"github.com/abigen/abigen/abi/ctype"
)

// ParseType reads the tokens as a type name.
func ParseType(env Env, tokens []Token) (*ctype.Type, error) {
	e := newEvaluator(env, tokens)
	if !e.typeAt(0) {
		e.fail("%s is not a type", Spell(tokens))
		return nil, e.err
	}
	t := e.typeName()
	if e.err == nil && e.pos < len(e.tokens) {
		e.fail("unexpected %s", e.peek())
	}
	return t, e.err
}

// IsType reports whether the tokens begin as a type name does.
func IsType(env Env, tokens []Token) bool { return newEvaluator(env, tokens).typeAt(0) }

var typeWords = map[string]bool{
	"void": true, "char": true, "short": true, "int": true, "long": true, "float": true, "double": true, "signed": true,
	"__signed": true, "__signed__": true, "unsigned": true, "_Bool": true, "_Complex": true, "__complex__": true, "__complex": true,
	"__int128": true, "__int128_t": true, "__uint128_t": true, "__float128": true, "_Float128": true, "_Float16": true,
	"_Float32": true, "_Float64": true, "_Float32x": true, "_Float64x": true,
}

var qualifierWords = map[string]bool{
	"const": true, "__const": true, "__const__": true, "volatile": true, "__volatile": true, "__volatile__": true,
	"restrict": true, "__restrict": true, "__restrict__": true, "_Nonnull": true, "_Nullable": true,
}

// typeAt reports whether a type name begins at token i.
func (e *evaluator) typeAt(i int) bool {
	for i < len(e.tokens) && e.tokens[i].Text == "__extension__" {
		i++
	}
	if i >= len(e.tokens) || e.tokens[i].Kind != Ident {
		return false
	}
	switch name := e.tokens[i].Text; name {
	case "struct", "union", "enum", "typeof", "__typeof", "__typeof__", "_Atomic", "__attribute__", "__attribute":
		return true
	default:
		return typeWords[name] || qualifierWords[name] || e.env.Typedef(name) != nil
	}
}

// typeName reads specifiers and an abstract declarator.
func (e *evaluator) typeName() *ctype.Type {
	if !e.enter() {
		return e.basic("int")
	}
	defer func() { e.depth-- }()
	t := e.specifiers()
	if e.err != nil {
		return e.basic("int")
	}
	return e.abstract(t)
}

func (e *evaluator) specifiers() *ctype.Type {
	var t *ctype.Type
	var words []string
	var quals ctype.Type
	for e.err == nil {
		name := e.peek()
		switch {
		case typeWords[name]:
			words = append(words, name)
			e.pos++
		case qualifierWords[name]:
			e.qualify(&quals)
		case name == "_Atomic" && !(e.pos+1 < len(e.tokens) && e.tokens[e.pos+1].Text == "("):
			e.qualify(&quals)
		case t != nil || len(words) > 0:
			if name == "__attribute__" || name == "__attribute" {
				e.skipAttribute()
				continue
			}
			return e.finishSpecifiers(t, words, quals)
		case name == "struct" || name == "union" || name == "enum":
			t = e.tagged()
		case name == "typeof" || name == "__typeof" || name == "__typeof__" || name == "_Atomic":
			e.pos++
			t = e.typeOperand()
			quals.Atomic = quals.Atomic || name == "_Atomic"
		case name == "__attribute__" || name == "__attribute":
			e.skipAttribute()
		default:
			d := e.env.Typedef(name)
			if d == nil {
				e.fail("%s is not a type", name)
				break
			}
			e.pos++
			t = RefTypedef(e.env, d)
		}
	}
	return e.basic("int")
}

func (e *evaluator) finishSpecifiers(t *ctype.Type, words []string, quals ctype.Type) *ctype.Type {
	if t == nil {
		name, err := ctype.BasicName(words...)
		if err != nil {
			e.fail("%v", err)
			return e.basic("int")
		}
		if t = e.model.Type(name); t == nil {
			e.fail("the target has no type %s", name)
			return e.basic("int")
		}
	} else if len(words) > 0 {
		e.fail("unexpected %s", words[0])
	}
	return WithQualifiers(t, quals)
}

// WithQualifiers returns t with the qualifiers that quals has added.
func WithQualifiers(t *ctype.Type, quals ctype.Type) *ctype.Type {
	if !quals.Const && !quals.Volatile && !quals.Atomic {
		return t
	}
	q := *t
	q.Const = q.Const || quals.Const
	q.Volatile = q.Volatile || quals.Volatile
	q.Atomic = q.Atomic || quals.Atomic
	return &q
}

func (e *evaluator) qualify(t *ctype.Type) {
	switch e.next().Text {
	case "const", "__const", "__const__":
		t.Const = true
	case "volatile", "__volatile", "__volatile__":
		t.Volatile = true
	case "_Atomic":
		t.Atomic = true
	}
}

// tagged reads struct TAG, union TAG or enum TAG.
func (e *evaluator) tagged() *ctype.Type {
	word := e.next().Text
	for e.peek() == "__attribute__" || e.peek() == "__attribute" {
		e.skipAttribute()
	}
	tag := e.next()
	if e.err != nil || tag.Kind != Ident || e.peek() == "{" {
		e.fail("definition of a %s in an expression", word)
		return e.basic("int")
	}
	name := word + " " + tag.Text
	if word == "enum" {
		return refEnum(e.env, name)
	}
	return refRecord(e.env, name)
}

// skipAttribute passes over __attribute__((...)).
func (e *evaluator) skipAttribute() {
	e.pos++
	e.expect("(")
	for depth := 1; depth > 0 && e.err == nil; {
		switch e.next().Text {
		case "(":
			depth++
		case ")":
			depth--
		}
	}
}

// abstract reads an abstract declarator around t.
func (e *evaluator) abstract(t *ctype.Type) *ctype.Type {
	if !e.enter() {
		return t
	}
	defer func() { e.depth-- }()
	for e.peek() == "*" {
		e.pos++
		t = PointerTo(e.model, t)
		var quals ctype.Type
		for qualifierWords[e.peek()] || e.peek() == "_Atomic" || e.peek() == "__attribute__" {
			if e.peek() == "__attribute__" {
				e.skipAttribute()
				continue
			}
			e.qualify(&quals)
		}
		t = WithQualifiers(t, quals)
	}
	// A parenthesis opens an inner declarator unless it opens parameters.
	if e.peek() == "(" && e.pos+1 < len(e.tokens) && !e.typeAt(e.pos+1) && e.tokens[e.pos+1].Text != ")" {
		e.pos++
		start := e.pos
		e.skipTo(")")
		e.expect(")")
		t = e.suffixes(t)
		end := e.pos
		e.pos = start
		t = e.abstract(t)
		e.expect(")")
		if e.err == nil {
			e.pos = end
		}
		return t
	}
	return e.suffixes(t)
}

// skipTo moves to the closing parenthesis of the level it starts on.
func (e *evaluator) skipTo(closing string) {
	for depth := 0; e.err == nil; e.pos++ {
		switch e.peek() {
		case "(", "[":
			depth++
		case ")", "]":
			if depth == 0 {
				return
			}
			depth--
		case "":
			e.fail("missing %s", closing)
			return
		}
	}
}

// suffixes reads the array and parameter parts of a declarator. The first one
// read is the outermost.
func (e *evaluator) suffixes(t *ctype.Type) *ctype.Type {
	switch {
	case e.accept("["):
		n := int64(-1)
		if e.peek() != "]" {
			v := e.rvalue(e.conditional())
			switch i, ok := v.Integer().Int64(); {
			case e.err != nil:
				return t
			case !v.Known || !v.isInt():
				e.fail("array length is not constant")
				return t
			case !ok || i < 0:
				e.fail("array length %s", v.Integer())
				return t
			default:
				n = i
			}
		}
		e.expect("]")
		return ArrayOf(e.env, e.suffixes(t), n)
	case e.accept("("):
		f := &ctype.Type{Kind: ctype.Function}
		e.params(f)
		e.expect(")")
		f.Elem = e.suffixes(t)
		return f
	}
	return t
}

func (e *evaluator) params(f *ctype.Type) {
	if e.peek() == ")" {
		f.Variadic = true // says nothing about its parameters
		return
	}
	for e.err == nil {
		if e.accept("...") {
			f.Variadic = true
			return
		}
		if !e.typeAt(e.pos) {
			e.fail("%s is not a type", e.peek())
			return
		}
		t := e.specifiers()
		// Parameter names are allowed where they are of no use.
		t = e.abstract(t)
		if e.err == nil && e.pos < len(e.tokens) && e.tokens[e.pos].Kind == Ident {
			e.pos++
			t = e.suffixes(t)
		}
		f.Params = append(f.Params, ctype.Param{Type: t})
		if !e.accept(",") {
			break
		}
	}
	if len(f.Params) == 1 && f.Params[0].Type.Kind == ctype.Void && !f.Variadic {
		f.Params = nil
	}
}

// ParseTypeof reads what stands between the parentheses of typeof: a type name
// or an expression, whose type is then neither decayed nor unqualified.
func ParseTypeof(env Env, tokens []Token) (*ctype.Type, error) {
	if IsType(env, tokens) {
		return ParseType(env, tokens)
	}
	e := newEvaluator(env, tokens)
	v := e.operand(true, e.comma)
	if e.err == nil && e.pos < len(e.tokens) {
		e.fail("unexpected %s", e.peek())
	}
	return v.Type, e.err
}
