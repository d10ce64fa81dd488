package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// macros evaluates every object-like macro that the headers define.
func (w *walker) macros(ast *cc.AST) {
	x := newExpander(ast.Macros)
	names := make([]string, 0, len(ast.Macros))
	for name, m := range ast.Macros {
		if !m.IsFnLike {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i%512 == 0 && w.p.ctx.Err() != nil {
			return
		}
		pos := w.pos(ast.Macros[name].Name)
		if pos.File == "" || pos.File == definesName {
			continue // the compiler's, or of the command line
		}
		w.macro(x, name, pos)
	}
}

// macro adds one macro to the constants, or to what was skipped.
func (w *walker) macro(x *expander, name string, pos ctype.Pos) {
	m := x.lookup(name)
	if m == nil || len(m.body) == 0 {
		return // include guards and the like say nothing
	}
	if len(m.body) == 1 && m.body[0].Text == name {
		if _, ok := w.idents[name]; ok {
			return // #define NAME NAME beside a declaration of it, for #ifdef
		}
	}
	tokens, err := x.expand([]constexpr.Token{{Text: name, Kind: constexpr.Ident}})
	if err != nil {
		w.skip(name, pos, err.Error())
		return
	}
	if len(tokens) == 0 {
		return
	}
	v, err := constexpr.Eval(w, tokens)
	if err != nil {
		w.skip(name, pos, w.whyNot(tokens, err))
		return
	}
	c, err := constOf(v)
	if err != nil {
		w.skip(name, pos, err.Error())
		return
	}
	c.Name, c.Pos = name, pos
	if c.Kind == ctype.ConstInt {
		c.Ioctl = w.ioctl(x, name)
	}
	w.addMacroConst(c)
}

// addMacroConst adds a constant. Where an enumeration constant has the name
// too, a program sees the macro.
func (w *walker) addMacroConst(c *ctype.Const) {
	if w.consts[c.Name] {
		i := slices.IndexFunc(w.out.Consts, func(o *ctype.Const) bool { return o.Name == c.Name })
		if i >= 0 && w.out.Consts[i].Kind == c.Kind && w.out.Consts[i].Int == c.Int {
			return
		}
		w.out.Consts = slices.Delete(w.out.Consts, i, i+1)
	}
	w.consts[c.Name] = true
	w.out.Consts = append(w.out.Consts, c)
}

// constOf writes a value down as a constant.
func constOf(v constexpr.Value) (*ctype.Const, error) {
	switch {
	case v.IsStr:
		return &ctype.Const{Kind: ctype.ConstString, String: string(v.Str)}, nil
	case v.Type.Kind == ctype.Float:
		if !constexpr.Finite(v.Float) {
			return nil, fmt.Errorf("its value is %v", v.Float)
		}
		return &ctype.Const{Kind: ctype.ConstFloat, Type: v.Type, Float: v.Float}, nil
	case v.Type.Kind == ctype.Int, v.Type.Kind == ctype.Bool, v.Type.Kind == ctype.EnumRef, v.Type.Kind == ctype.Pointer:
		return &ctype.Const{Kind: ctype.ConstInt, Type: v.Type, Int: v.Integer()}, nil
	}
	return nil, errors.New("not a number or a string")
}

// keywords are words that begin no expression and no type name.
var keywords = map[string]bool{
	"auto": true, "break": true, "case": true, "continue": true, "default": true, "do": true, "else": true, "extern": true,
	"for": true, "goto": true, "if": true, "inline": true, "register": true, "return": true, "static": true, "switch": true,
	"typedef": true, "while": true, "__inline": true, "__inline__": true, "__asm__": true, "__asm": true, "asm": true,
	"_Noreturn": true, "_Alignas": true, "_Thread_local": true, "__thread": true, "_Static_assert": true,
}

// whyNot says what a macro is that is no constant.
func (w *walker) whyNot(tokens []constexpr.Token, err error) string {
	first := tokens[0]
	if constexpr.IsType(w, tokens) {
		if _, terr := constexpr.ParseType(w, tokens); terr == nil {
			return "names the type " + constexpr.Spell(tokens)
		}
		return "part of a declaration"
	}
	if first.Kind == constexpr.Ident && keywords[first.Text] {
		return "part of a declaration or statement"
	}
	if len(tokens) == 1 && first.Kind == constexpr.Ident {
		return "names the identifier " + first.Text
	}
	if isMemberPath(tokens) {
		return "names the member " + constexpr.Spell(tokens)
	}
	if errors.Is(err, constexpr.ErrNotConstant) {
		return "an expression that is not constant"
	}
	msg := err.Error()
	if strings.HasPrefix(msg, "unexpected ") || strings.HasPrefix(msg, "missing ") || msg == "expression ends too early" {
		return "not an expression"
	}
	return "not a constant: " + msg
}

// isMemberPath reports whether tokens are a.b.c, possibly with indexes: the
// form in which a macro gives a nested member a shorter name.
func isMemberPath(tokens []constexpr.Token) bool {
	depth, dots := 0, 0
	for i, t := range tokens {
		switch {
		case t.Text == "[":
			depth++
		case t.Text == "]":
			depth--
		case depth > 0:
		case t.Text == ".":
			dots++
		case t.Kind != constexpr.Ident || i > 0 && tokens[i-1].Text != ".":
			return false
		}
	}
	return dots > 0 || len(tokens) > 1
}
