package cprobe

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// A Compiler is a C compiler for some target: zig, clang or gcc.
type Compiler struct {
	Path string   // the executable
	Args []string // what comes before all other arguments, such as cc -target x86_64-netbsd
	Env  []string // added to the environment

	// GCC tells that the compiler is gcc, which is asked differently to
	// name the line of a question in its diagnostics.
	GCC bool
}

// A Source is what comes before the questions.
type Source struct {
	Flags    []string // for the compiler: -D, -nostdinc, -isystem
	Preamble string   // C text: the headers to include
}

// Kind tells what is asked.
type Kind uint8

// The kinds of a [Probe].
const (
	Int    Kind = iota // the value of an integer constant expression
	Float              // the value of an arithmetic constant expression, as a double
	String             // the bytes of a string literal
	Bits               // the place of a bit-field
)

// A Probe is one question.
type Probe struct {
	Kind Kind
	Expr string // the expression; of Bits: the record's type, as sizeof takes it

	// Member is, for Bits, the bit-field as a designator without its dot:
	// "flags", or "u.s.flags" and "a[1].b" for one in a nested type.
	Member string
}

// A Result is the answer to one question; Err tells why there is none.
type Result struct {
	Int    ctype.Integer
	Float  float64
	String string // without the final NUL

	// BitOffset is counted as [ctype.Member.BitOffset] is.
	BitOffset int64
	BitWidth  int64

	Err error // a [*Diagnostic] when the compiler refused
}

// A Diagnostic is what the compiler said about a question.
type Diagnostic struct {
	Msg string
}

func (d *Diagnostic) Error() string { return d.Msg }

// prelude declares what the questions are asked with.
const prelude = `
struct abigen_probe_int { unsigned long long value; unsigned char negative; };
`

// file is the name by which the lines of questions are known to the compiler.
const file = "abigen-probe"

// symbol is the name of the object that answers question i.
func symbol(i int) string { return fmt.Sprintf("%s%d", symbolPrefix, i) }

// sizeSymbol is the name of the object that holds the size of a string.
func sizeSymbol(i int) string { return symbol(i) + "_size" }

// question returns the C text for question i, on one line.
func question(i int, p Probe) string {
	switch p.Kind {
	case Int:
		return fmt.Sprintf("const struct abigen_probe_int %s = { (unsigned long long)(%s), (%s) < 0 };", symbol(i), p.Expr, p.Expr)
	case Float:
		return fmt.Sprintf("const double %s = (%s);", symbol(i), p.Expr)
	case String:
		// Its size too, since not every object format tells.
		return fmt.Sprintf("const char %s[] = %s; const unsigned long long %s = sizeof(%s);", symbol(i), p.Expr, sizeSymbol(i), symbol(i))
	}
	return fmt.Sprintf("const %s %s = { .%s = -1 };", p.Expr, symbol(i), p.Member)
}

// valid refuses text that would not stay within its line and its brackets, and
// so would be answered by a complaint about the next question.
func valid(p Probe) error {
	if p.Kind > Bits {
		return fmt.Errorf("unknown kind of question %d", p.Kind)
	}
	if p.Kind == Bits && p.Member == "" {
		return fmt.Errorf("no member named")
	}
	for _, s := range []string{p.Expr, p.Member} {
		if err := balanced(s); err != nil {
			return err
		}
	}
	if strings.TrimSpace(p.Expr) == "" {
		return fmt.Errorf("empty expression")
	}
	return nil
}

func balanced(s string) error {
	var open []rune
	var quote rune
	escaped := false
	for _, c := range s {
		switch {
		case c == '\n' || c == '\r':
			return fmt.Errorf("expression %q has a line break", s)
		case escaped:
			escaped = false
		case quote != 0:
			escaped = c == '\\'
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			open = append(open, c)
		case c == ')' || c == ']' || c == '}':
			if len(open) == 0 || !strings.ContainsRune("()[]{}", c) || pair(open[len(open)-1]) != c {
				return fmt.Errorf("expression %q has unbalanced brackets", s)
			}
			open = open[:len(open)-1]
		}
	}
	if quote != 0 || len(open) > 0 || escaped {
		return fmt.Errorf("expression %q has unbalanced brackets or quotes", s)
	}
	return nil
}

func pair(open rune) rune {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

// answer reads the answer to question i.
func answer(i int, p Probe, obj *object) Result {
	name := symbol(i)
	data := obj.symbols[name]
	if obj.address[name] {
		return Result{Err: &Diagnostic{Msg: "the value depends on an address"}}
	}
	switch p.Kind {
	case Int:
		if len(data) < 9 {
			return Result{Err: fmt.Errorf("object file has %d bytes for an integer", len(data))}
		}
		return Result{Int: ctype.Integer{Bits: obj.order.Uint64(data), Signed: data[8] != 0}}
	case Float:
		if len(data) < 8 {
			return Result{Err: fmt.Errorf("object file has %d bytes for a double", len(data))}
		}
		return Result{Float: math.Float64frombits(obj.order.Uint64(data))}
	case String:
		if n := obj.symbols[sizeSymbol(i)]; len(n) >= 8 {
			if size := obj.order.Uint64(n); size <= uint64(len(data)) {
				data = data[:size]
			}
		}
		return Result{String: strings.TrimSuffix(string(data), "\x00")}
	}
	off, width, err := findBits(data, obj.bigEndian())
	return Result{BitOffset: off, BitWidth: width, Err: err}
}

// findBits finds the one run of set bits.
func findBits(data []byte, bigEndian bool) (offset, width int64, err error) {
	bit := func(i int64) bool {
		shift := i % 8
		if bigEndian {
			shift = 7 - shift
		}
		return data[i/8]>>shift&1 != 0
	}
	n := int64(len(data)) * 8
	for offset < n && !bit(offset) {
		offset++
	}
	if offset == n {
		return 0, 0, fmt.Errorf("member has no bits")
	}
	for offset+width < n && bit(offset+width) {
		width++
	}
	for i := offset + width; i < n; i++ {
		if bit(i) {
			return 0, 0, fmt.Errorf("bits of the member are not together: % x", data)
		}
	}
	return offset, width, nil
}

// Ask compiles the questions and returns their answers in the same order. The
// error is about the compiler or the Source; what is wrong with a question is
// in its Result.
func (c *Compiler) Ask(ctx context.Context, src Source, probes []Probe) ([]Result, error) {
	results := make([]Result, len(probes))
	todo := make([]int, 0, len(probes))
	for i, p := range probes {
		if err := valid(p); err != nil {
			results[i].Err = err
			continue
		}
		todo = append(todo, i)
	}
	r := &run{c: c, ctx: ctx, src: src, probes: probes, results: results}
	for len(todo) > 0 {
		n := min(len(todo), chunk)
		if err := r.ask(todo[:n]); err != nil {
			return nil, err
		}
		todo = todo[n:]
	}
	return results, nil
}
