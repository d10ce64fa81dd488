package parse

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/parse/constexpr"
)

// maxMacroTokens bounds the expansion of one macro whose value is looked for.
// The longest constants of real headers take a few hundred.
const maxMacroTokens = 100_000

var errTooLong = errors.New("its expansion is too long")

// macro is a macro as the expander wants it.
type macro struct {
	fn       bool
	params   []string
	variadic int // index of the variadic parameter; -1 for none
	body     []constexpr.Token
}

// xtoken is a token in expansion, with the names that are not to be expanded in
// it again: the hide set of Dave Prosser's algorithm, which is that of the C
// standard.
type xtoken struct {
	constexpr.Token
	hide *hideSet
}

// hideSet is a list of names; the empty set is nil.
type hideSet struct {
	name string
	next *hideSet
}

func (h *hideSet) has(name string) bool {
	for ; h != nil; h = h.next {
		if h.name == name {
			return true
		}
	}
	return false
}

func (h *hideSet) union(o *hideSet) *hideSet {
	for ; o != nil; o = o.next {
		if !h.has(o.name) {
			h = &hideSet{o.name, h}
		}
	}
	return h
}

func (h *hideSet) intersect(o *hideSet) (r *hideSet) {
	if h == o {
		return h
	}
	for ; h != nil; h = h.next {
		if o.has(h.name) {
			r = &hideSet{h.name, r}
		}
	}
	return r
}

// expander expands macros as they stand at the end of the translation unit,
// which is where a program that includes the headers uses them.
type expander struct {
	src    map[string]*cc.Macro
	macros map[string]*macro
	work   int // tokens handled for the macro at hand
}

func newExpander(src map[string]*cc.Macro) *expander {
	return &expander{src: src, macros: make(map[string]*macro, len(src))}
}

// lookup returns the macro of a name, nil when there is none to expand.
func (x *expander) lookup(name string) *macro {
	if m, ok := x.macros[name]; ok {
		return m
	}
	var m *macro
	// What the compiler has built in is evaluated, not expanded: see
	// compilerText.
	if s := x.src[name]; s != nil && !strings.HasPrefix(name, "__builtin_") && !strings.HasPrefix(name, "__LINE__") && name != "__FILE__" && name != "__COUNTER__" {
		m = &macro{fn: s.IsFnLike, variadic: -1}
		for i := range s.Params {
			m.params = append(m.params, s.Params[i].SrcStr())
		}
		if s.VarArg >= 0 {
			m.variadic = s.VarArg
			if s.VarArg == len(m.params) {
				m.params = append(m.params, "__VA_ARGS__")
			}
		}
		list := s.ReplacementList()
		m.body = make([]constexpr.Token, len(list))
		for i := range list {
			m.body[i] = constexpr.MakeToken(list[i].SrcStr())
			m.body[i].Space = i > 0 && len(list[i].Sep()) > 0
		}
	}
	x.macros[name] = m
	return m
}

// expand returns the full expansion of tokens.
func (x *expander) expand(tokens []constexpr.Token) ([]constexpr.Token, error) {
	x.work = 0
	in := make([]xtoken, len(tokens))
	for i, t := range tokens {
		in[i].Token = t
	}
	out, err := x.run(in, 0)
	if err != nil {
		return nil, err
	}
	plain := make([]constexpr.Token, len(out))
	for i, t := range out {
		plain[i] = t.Token
	}
	return plain, nil
}

// run expands in. The input is kept as a stack, its next token last.
func (x *expander) run(in []xtoken, depth int) ([]xtoken, error) {
	if depth > 200 {
		return nil, errTooLong
	}
	stack := make([]xtoken, 0, len(in)+16)
	stack = push(stack, in)
	var out []xtoken
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if x.work++; x.work > maxMacroTokens {
			return nil, errTooLong
		}
		if t.Kind != constexpr.Ident || t.hide.has(t.Text) {
			out = append(out, t)
			continue
		}
		m := x.lookup(t.Text)
		if m == nil || m.fn && (len(stack) == 0 || stack[len(stack)-1].Text != "(") {
			out = append(out, t)
			continue
		}
		var args [][]xtoken
		hide := t.hide
		if m.fn {
			var closing xtoken
			var err error
			args, closing, stack, err = x.arguments(t.Text, m, stack)
			if err != nil {
				return nil, err
			}
			hide = t.hide.intersect(closing.hide)
		}
		hide = &hideSet{t.Text, hide}
		body, err := x.substitute(m, args, hide, depth)
		if err != nil {
			return nil, err
		}
		if x.work += len(body); x.work > maxMacroTokens {
			return nil, errTooLong
		}
		if len(body) > 0 {
			body[0].Space = t.Space
		}
		stack = push(stack, body)
	}
	return out, nil
}

func push(stack, list []xtoken) []xtoken {
	for i := len(list) - 1; i >= 0; i-- {
		stack = append(stack, list[i])
	}
	return stack
}

// arguments takes the arguments of a macro call off the stack.
func (x *expander) arguments(name string, m *macro, stack []xtoken) (args [][]xtoken, closing xtoken, rest []xtoken, err error) {
	stack = stack[:len(stack)-1] // the parenthesis
	depth := 0
	arg := []xtoken{}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x.work++
		switch {
		case t.Text == "(":
			depth++
		case t.Text == ")" && depth == 0:
			if len(args) > 0 || len(arg) > 0 || len(m.params) > 0 {
				args = append(args, arg)
			}
			if m.variadic >= 0 && len(args) == m.variadic {
				args = append(args, nil)
			}
			if len(args) != len(m.params) {
				return nil, t, nil, fmt.Errorf("macro %s has %d parameters, not %d", name, len(m.params), len(args))
			}
			return args, t, stack, nil
		case t.Text == ")":
			depth--
		case t.Text == "," && depth == 0 && (m.variadic < 0 || len(args) < m.variadic):
			args = append(args, arg)
			arg = []xtoken{}
			continue
		}
		arg = append(arg, t)
	}
	return nil, xtoken{}, nil, fmt.Errorf("call of macro %s has no end", name)
}

// substitute puts the arguments into the body of a macro.
func (x *expander) substitute(m *macro, args [][]xtoken, hide *hideSet, depth int) ([]xtoken, error) {
	param := func(t constexpr.Token) int {
		if t.Kind == constexpr.Ident {
			for i, p := range m.params {
				if p == t.Text {
					return i
				}
			}
		}
		return -1
	}
	out := make([]xtoken, 0, len(m.body))
	expanded := make([][]xtoken, len(args))
	for i := 0; i < len(m.body); i++ {
		t := m.body[i]
		pasted := i+1 < len(m.body) && m.body[i+1].Text == "##"
		switch {
		case t.Text == "#" && m.fn && i+1 < len(m.body) && param(m.body[i+1]) >= 0:
			out = append(out, xtoken{Token: stringize(args[param(m.body[i+1])], t.Space)})
			i++
		case t.Text == "##" && i+1 < len(m.body) && len(out) > 0:
			i++
			right := []xtoken{{Token: m.body[i]}}
			if p := param(m.body[i]); p >= 0 {
				right = args[p]
				// GNU C: the comma before an empty ## __VA_ARGS__ goes.
				if p == m.variadic && out[len(out)-1].Text == "," {
					if len(right) == 0 {
						out = out[:len(out)-1]
					} else {
						out = append(out, right...)
					}
					continue
				}
			}
			out = paste(out, right)
		case param(t) >= 0 && m.fn:
			p := param(t)
			list := args[p]
			if !pasted {
				if expanded[p] == nil {
					e, err := x.run(list, depth+1)
					if err != nil {
						return nil, err
					}
					expanded[p] = append(e, xtoken{})[:len(e)] // not nil
				}
				list = expanded[p]
			} else if len(list) == 0 {
				// Nothing, then ##: the right side stands alone.
				out = append(out, xtoken{Token: constexpr.Token{Kind: constexpr.Punct}})
				continue
			}
			for j, a := range list {
				if j == 0 {
					a.Space = t.Space
				}
				out = append(out, a)
			}
		default:
			out = append(out, xtoken{Token: t})
		}
		if x.work += 1; len(out) > maxMacroTokens {
			return nil, errTooLong
		}
	}
	list := out[:0]
	for _, t := range out {
		if t.Text == "" {
			continue // left over from an empty argument
		}
		t.hide = t.hide.union(hide)
		list = append(list, t)
	}
	return list, nil
}

// paste joins the last token of out with the first of right.
func paste(out, right []xtoken) []xtoken {
	if len(right) == 0 {
		return out
	}
	left := out[len(out)-1]
	joined := xtoken{Token: constexpr.MakeToken(left.Text + right[0].Text), hide: left.hide.intersect(right[0].hide)}
	joined.Space = left.Space
	return append(append(out[:len(out)-1:len(out)-1], joined), right[1:]...)
}

// stringize writes an argument as a string literal.
func stringize(arg []xtoken, space bool) constexpr.Token {
	var b strings.Builder
	b.WriteByte('"')
	for i, t := range arg {
		if i > 0 && t.Space {
			b.WriteByte(' ')
		}
		s := t.Text
		if t.Kind == constexpr.String || t.Kind == constexpr.Char {
			s = strings.ReplaceAll(s, `\`, `\\`)
			s = strings.ReplaceAll(s, `"`, `\"`)
		}
		b.WriteString(s)
	}
	b.WriteByte('"')
	return constexpr.Token{Text: b.String(), Kind: constexpr.String, Space: space}
}
