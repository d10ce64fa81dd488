package parse

import (
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// ioctlMacros are the macros that encode an ioctl request, and their number of
// arguments. Linux's _BAD forms take their sizeof from a wrong argument, but
// encode the same.
var ioctlMacros = map[string]int{
	"_IO": 2, "_IOR": 3, "_IOW": 3, "_IOWR": 3, "_IOR_BAD": 3, "_IOW_BAD": 3, "_IOWR_BAD": 3,
}

// ioctl returns what the macro encodes as an ioctl request, nil when it is none.
// It follows other macros one step at a time until a call of an encoding macro
// is all there is.
func (w *walker) ioctl(x *expander, name string) *ctype.Ioctl {
	tokens := []constexpr.Token{{Text: name, Kind: constexpr.Ident}}
	for range 16 {
		tokens = stripParens(tokens)
		if len(tokens) == 0 || tokens[0].Kind != constexpr.Ident {
			return nil
		}
		m := x.lookup(tokens[0].Text)
		switch {
		case m == nil:
			return nil
		case len(tokens) == 1 && !m.fn:
			tokens = m.body
		case len(tokens) > 2 && m.fn && tokens[1].Text == "(" && closes(tokens[1:]):
			if n := ioctlMacros[tokens[0].Text]; n > 0 && len(m.params) == n {
				return w.decodeIoctl(x, m, tokens)
			}
			var err error
			if tokens, err = x.step(m, tokens); err != nil {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

// step replaces a call of a macro by its body, the arguments not expanded.
func (x *expander) step(m *macro, call []constexpr.Token) ([]constexpr.Token, error) {
	args, err := x.callArgs(m, call)
	if err != nil {
		return nil, err
	}
	var out []constexpr.Token
next:
	for _, t := range m.body {
		for i, p := range m.params {
			if t.Kind == constexpr.Ident && t.Text == p {
				for _, a := range args[i] {
					out = append(out, a.Token)
				}
				continue next
			}
		}
		out = append(out, t)
	}
	return out, nil
}

func (x *expander) callArgs(m *macro, call []constexpr.Token) ([][]xtoken, error) {
	in := make([]xtoken, len(call)-1)
	for i, t := range call[1:] {
		in[len(in)-1-i].Token = t
	}
	args, _, _, err := x.arguments(call[0].Text, m, in)
	return args, err
}

func (w *walker) decodeIoctl(x *expander, m *macro, call []constexpr.Token) *ctype.Ioctl {
	args, err := x.callArgs(m, call)
	if err != nil {
		return nil
	}
	io := &ctype.Ioctl{Dir: strings.TrimSuffix(strings.TrimPrefix(call[0].Text, "_"), "_BAD")}
	for i, arg := range args {
		plain := make([]constexpr.Token, len(arg))
		for j, t := range arg {
			plain[j] = t.Token
		}
		tokens, err := x.expand(plain)
		if err != nil {
			return nil
		}
		if i == 2 {
			if io.Arg, err = constexpr.ParseType(w, tokens); err != nil {
				return nil
			}
			continue
		}
		v, err := constexpr.Eval(w, tokens)
		if err != nil || v.IsStr || v.Type.Kind != ctype.Int {
			return nil
		}
		if i == 0 {
			io.Group = int64(v.Bits)
		} else {
			io.Number = int64(v.Bits)
		}
	}
	return io
}

// stripParens takes parentheses off that enclose all tokens.
func stripParens(t []constexpr.Token) []constexpr.Token {
	for len(t) >= 2 && t[0].Text == "(" && closes(t) {
		t = t[1 : len(t)-1]
	}
	return t
}

// closes reports whether the parenthesis that opens t is closed by its last
// token.
func closes(t []constexpr.Token) bool {
	depth := 0
	for i, x := range t {
		switch x.Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i == len(t)-1
			}
		}
	}
	return false
}
