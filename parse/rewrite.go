package parse

import (
	"bytes"
	"fmt"
	"strconv"
)

// What rewrite puts into headers for the walk and for cc's pragma handler to
// find.
const (
	packMarker  = "abigen pack"  // begins the message of a _Static_assert
	errorMarker = "abigen_error" // begins the text of an #error
	pragmaEnter = "#pragma abigen enter\n"
	pragmaLeave = "#pragma abigen leave\n"
)

// Limits on the nesting of a header's text. cc's parser is recursive, and a Go
// program cannot recover from the end of its stack.
const (
	maxNesting = 500  // brackets within brackets
	maxChain   = 2000 // prefix operators one after another
)

// A source is a header as cc reads it.
type source struct {
	text []byte

	// err tells that the text must not reach cc, with the line it is about.
	err     string
	errLine int

	// danger tells that a macro of the header opens more brackets than it
	// closes, so that nesting can come from expansion, or that an #include
	// names a macro, after which cc may stop reading.
	danger bool
}

// rewrite prepares the text of a header for cc. Lines stay where they are, but
// for one that is put before the first:
//
//   - #pragma pack(...) and _Pragma("pack(...)") become a _Static_assert, which
//     cc's parser keeps in its exact place among the declarations;
//   - an __attribute__ of three or more values becomes several, since cc loses
//     all but the first and the last;
//   - enum ATTR TAG {, where ATTR can only be a macro for attributes, becomes
//     enum TAG {...} ATTR, since cc does not know attributes in that place;
//   - a variadic macro whose parameter has a name uses __VA_ARGS__;
//   - two pragmas tell where the file begins and ends.
func rewrite(src []byte) *source {
	r := &rewriter{in: src, line: 1, out: make([]byte, 0, len(src)+len(src)/16+64)}
	r.out = append(r.out, pragmaEnter...)
	r.run()
	r.flush(len(src))
	if n := len(r.out); r.out[n-1] != '\n' {
		r.out = append(r.out, '\n')
	}
	r.out = append(r.out, pragmaLeave...)
	return &source{text: r.out, err: r.err, errLine: r.errLine, danger: r.danger}
}

type rewriter struct {
	in   []byte
	out  []byte
	pos  int // next byte to look at
	done int // bytes of in that are in out or were replaced
	line int

	depth     int // brackets open, in text
	chain     int // prefix operators seen in a row
	directive bool
	define    bool   // the directive is #define
	variadic  string // name of the variadic parameter of that macro
	body      [3]int // brackets that it leaves open
	err       string
	errLine   int
	danger    bool
}

func (r *rewriter) flush(to int) {
	if to > r.done {
		r.out = append(r.out, r.in[r.done:to]...)
		r.done = to
	}
}

// replace puts text in the place of in[from:to], keeping the newlines.
func (r *rewriter) replace(from, to int, text string) {
	r.flush(from)
	r.out = append(r.out, text...)
	for i := from; i < to; i++ {
		if r.in[i] == '\n' {
			if i > 0 && r.in[i-1] == '\\' {
				r.out = append(r.out, '\\')
			}
			r.out = append(r.out, '\n')
			r.line++
		}
	}
	r.done = to
	r.pos = to
}

func (r *rewriter) fail(format string, args ...any) {
	if r.err == "" {
		r.err, r.errLine = fmt.Sprintf(format, args...), r.line
	}
}

func (r *rewriter) run() {
	atStart := true // nothing but white space in this line so far
	for r.pos < len(r.in) {
		c := r.in[r.pos]
		switch {
		case c == '\n':
			if r.pos == 0 || r.in[r.pos-1] != '\\' && !(r.pos > 1 && r.in[r.pos-1] == '\r' && r.in[r.pos-2] == '\\') {
				r.endLine()
				atStart = true
			}
			r.line++
			r.pos++
		case c == ' ' || c == '\t' || c == '\r':
			r.pos++
		case c == '/' && r.at(1) == '*':
			r.blockComment()
		case c == '/' && r.at(1) == '/':
			for r.pos < len(r.in) && (r.in[r.pos] != '\n' || r.in[r.pos-1] == '\\') {
				if r.in[r.pos] == '\n' {
					r.line++
				}
				r.pos++
			}
		case c == '#' && atStart:
			atStart = false
			r.startDirective()
		case c == '"' || c == '\'':
			atStart = false
			r.quoted(c)
		case isIdentByte(c):
			atStart = false
			r.word()
		default:
			atStart = false
			r.punct(c)
			r.pos++
		}
	}
	r.endLine()
}

func (r *rewriter) at(i int) byte {
	if r.pos+i < len(r.in) {
		return r.in[r.pos+i]
	}
	return 0
}

func (r *rewriter) blockComment() {
	end := bytes.Index(r.in[r.pos+2:], []byte("*/"))
	next := len(r.in)
	if end >= 0 {
		next = r.pos + 2 + end + 2
	}
	r.line += bytes.Count(r.in[r.pos:next], []byte("\n"))
	r.pos = next
}

// quoted passes over a string literal or character constant. A quote that is not
// closed in its line, such as the apostrophe of a sentence between #if 0 and
// #endif, is taken out: cc would refuse it even there.
func (r *rewriter) quoted(q byte) {
	r.chain = 0
	start := r.pos
	for r.pos++; r.pos < len(r.in); r.pos++ {
		switch r.in[r.pos] {
		case '\\':
			if r.at(1) == '\n' {
				r.line++
			}
			r.pos++
		case '\n':
			r.flush(start)
			r.out = append(r.out, ' ')
			r.done = start + 1
			return
		case q:
			r.pos++
			return
		}
	}
}

func isIdentByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '$' || c >= 0x80
}

// punct counts brackets and chains of operators.
func (r *rewriter) punct(c byte) {
	kind := 0
	switch c {
	case '(', ')':
	case '[', ']':
		kind = 1
	case '{', '}':
		kind = 2
	case '*', '&', '!', '~', '-', '+', '^':
		if r.chain++; r.chain > maxChain {
			r.fail("more than %d operators in a row", maxChain)
		}
		return
	default:
		r.chain = 0
		return
	}
	d := 1
	if c == ')' || c == ']' || c == '}' {
		d = -1
	}
	if r.directive {
		r.body[kind] += d
		return
	}
	// Branches of #if can close the same bracket twice.
	if r.depth = max(0, r.depth+d); r.depth > maxNesting {
		r.fail("brackets are nested more than %d deep", maxNesting)
	}
}

// startDirective looks at a line that begins with #.
func (r *rewriter) startDirective() {
	r.directive, r.define, r.body = true, false, [3]int{}
	start := r.pos
	p := skipBlank(r.in, r.pos+1)
	name := wordAt(r.in, p)
	switch string(name) {
	case "define":
		r.define = true
		r.pos = p + len(name)
		r.namedVariadic()
		return
	case "include", "include_next":
		if q := skipBlank(r.in, p+len(name)); q >= len(r.in) || r.in[q] != '<' && r.in[q] != '"' {
			r.danger = true
		}
	case "pragma":
		p = skipBlank(r.in, p+len(name))
		if string(wordAt(r.in, p)) == "pack" {
			end := p
			for end < len(r.in) && r.in[end] != '\n' {
				end++
			}
			r.replace(start, end, packAssert(r.in[p+len("pack"):end]))
			return
		}
	case "error", "warning":
		r.message(start, p+len(name), string(name))
		return
	}
	r.pos = p
}

// message takes the free text of an #error or #warning, in which quotes need not
// match, out of the scanner's sight: as a string, or altogether.
func (r *rewriter) message(start, from int, name string) {
	end := from
	for end < len(r.in) && (r.in[end] != '\n' || r.in[end-1] == '\\') {
		end++
	}
	if name == "warning" {
		r.replace(start, end, "")
		return
	}
	text := joinLines(bytes.Clone(r.in[from:end]))
	r.replace(from, end, " "+errorMarker+" "+strconv.Quote(string(text)))
}

// namedVariadic looks for #define M(a, rest...), GNU C's older form of a
// variadic macro, and writes it as M(a, ...): cc does not drop the comma before
// an empty ## rest.
func (r *rewriter) namedVariadic() {
	p := skipBlank(r.in, r.pos)
	p += len(wordAt(r.in, p))
	if p >= len(r.in) || r.in[p] != '(' {
		return
	}
	end := p
	for end < len(r.in) && r.in[end] != ')' {
		if r.in[end] == '\n' && r.in[end-1] != '\\' {
			return
		}
		end++
	}
	params := r.in[p:end]
	dots := bytes.Index(params, []byte("..."))
	if dots <= 0 {
		return
	}
	word := p + dots
	for word > p && isIdentByte(r.in[word-1]) {
		word--
	}
	if word == p+dots {
		return
	}
	r.variadic = string(r.in[word : p+dots])
	r.line += bytes.Count(r.in[r.pos:word], []byte("\n"))
	r.replace(word, p+dots, "")
	r.pos = p + dots
}

func (r *rewriter) endLine() {
	if !r.directive {
		return
	}
	r.directive = false
	r.variadic = ""
	r.chain = 0
	if r.define && max(r.body[0], r.body[1], r.body[2]) > 0 {
		r.danger = true
	}
}

// packAssert returns the declaration that stands for #pragma pack args.
func packAssert(args []byte) string {
	if i := bytes.Index(args, []byte("//")); i >= 0 {
		args = args[:i]
	}
	if i := bytes.Index(args, []byte("/*")); i >= 0 {
		args = args[:i]
	}
	args = bytes.TrimSpace(args)
	args = bytes.TrimSuffix(bytes.TrimPrefix(args, []byte("(")), []byte(")"))
	args = bytes.Map(func(c rune) rune {
		if c == '"' || c == '\\' {
			return ' '
		}
		return c
	}, args)
	return fmt.Sprintf(`_Static_assert(1, "%s %s");`, packMarker, bytes.TrimSpace(args))
}

// word handles an identifier or number.
func (r *rewriter) word() {
	r.chain = 0
	w := wordAt(r.in, r.pos)
	start := r.pos
	r.pos += len(w)
	if r.variadic != "" && string(w) == r.variadic {
		r.replace(start, r.pos, "__VA_ARGS__")
		return
	}
	switch string(w) {
	case "__attribute__", "__attribute":
		r.attribute(start)
	case "_Pragma":
		r.pragmaOperator(start)
	case "enum":
		if !r.directive {
			r.enum()
		}
	case "extern":
		// extern "C" { in a macro for C++ opens a bracket that the macro
		// does not close, in every system's headers.
		if p := skipBlank(r.in, r.pos); r.define && bytes.HasPrefix(r.in[p:], []byte(`"C"`)) {
			r.define = false
		}
	}
}

// attribute splits __attribute__((a, b, c)) when it has three values or more.
func (r *rewriter) attribute(start int) {
	word := string(r.in[start:r.pos])
	p := skipSpace(r.in, r.pos)
	if p >= len(r.in) || r.in[p] != '(' {
		return
	}
	p = skipSpace(r.in, p+1)
	if p >= len(r.in) || r.in[p] != '(' {
		return
	}
	values, end := splitArgs(r.in, p+1)
	end = skipSpace(r.in, end)
	if end >= len(r.in) || r.in[end] != ')' || len(values) < 3 {
		return
	}
	var text []byte
	for _, v := range values {
		v = joinLines(v)
		if len(v) > 0 {
			text = fmt.Appendf(text, "%s((%s)) ", word, v)
		}
	}
	r.replace(start, end+1, string(text))
}

// joinLines writes a piece of text in one line.
func joinLines(v []byte) []byte {
	if bytes.ContainsAny(v, "\n\\") {
		v = bytes.ReplaceAll(v, []byte("\\\n"), []byte(" "))
		v = bytes.ReplaceAll(v, []byte("\n"), []byte(" "))
	}
	return bytes.TrimSpace(v)
}

// splitArgs splits at the commas of the level that begins at p, and returns the
// offset behind the closing parenthesis.
func splitArgs(in []byte, p int) (args [][]byte, end int) {
	start, depth := p, 0
	for ; p < len(in); p++ {
		switch in[p] {
		case '(':
			depth++
		case ')':
			if depth == 0 {
				return append(args, in[start:p]), p + 1
			}
			depth--
		case ',':
			if depth == 0 {
				args = append(args, in[start:p])
				start = p + 1
			}
		case '"':
			for p++; p < len(in) && in[p] != '"' && in[p] != '\n'; p++ {
				if in[p] == '\\' {
					p++
				}
			}
		case ';', '{', '}', '#':
			return nil, p // not an attribute list after all
		}
	}
	return nil, p
}

// pragmaOperator replaces _Pragma("pack(...)").
func (r *rewriter) pragmaOperator(start int) {
	p := skipSpace(r.in, r.pos)
	if p >= len(r.in) || r.in[p] != '(' {
		return
	}
	p = skipSpace(r.in, p+1)
	rest, ok := bytes.CutPrefix(r.in[p:], []byte(`"`))
	if !ok {
		return
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " \t"), []byte("pack"))
	if !ok || len(rest) == 0 || isIdentByte(rest[0]) {
		return
	}
	quote := bytes.IndexByte(rest, '"')
	if quote < 0 {
		return
	}
	end := skipSpace(r.in, len(r.in)-len(rest)+quote+1)
	if end < len(r.in) && r.in[end] == ')' {
		r.replace(start, end+1, packAssert(rest[:quote]))
	}
}

// enum moves the attributes in enum ATTR TAG {...} behind the brace. Only
// attributes, or macros for them, can stand between the keyword and the tag.
func (r *rewriter) enum() {
	from := skipSpace(r.in, r.pos)
	p, words, tag := from, 0, from
	for p < len(r.in) && isIdentByte(r.in[p]) {
		tag = p
		p = skipSpace(r.in, p+len(wordAt(r.in, p)))
		words++
		if p < len(r.in) && r.in[p] == '(' {
			if _, p = splitArgs(r.in, p+1); p >= len(r.in) {
				return
			}
			p = skipSpace(r.in, p)
			tag = p
		}
	}
	if p >= len(r.in) || r.in[p] != '{' || tag == from || words > 8 {
		return
	}
	closing := matchBrace(r.in, p)
	if closing < 0 {
		return
	}
	attr := joinLines(bytes.Clone(r.in[from:tag]))
	r.replace(from, tag, "")
	inner := r.pos
	r.flush(closing + 1)
	r.line += bytes.Count(r.in[inner:closing+1], []byte("\n"))
	r.out = append(append(append(r.out, ' '), attr...), ' ')
	r.pos = closing + 1
}

// matchBrace returns the offset of the brace that closes the one at p, -1 when
// there is none or something else is in the way.
func matchBrace(in []byte, p int) int {
	for p++; p < len(in); p++ {
		switch in[p] {
		case '}':
			return p
		case '{', ';':
			return -1
		case '/':
			if p+1 < len(in) && in[p+1] == '*' {
				end := bytes.Index(in[p+2:], []byte("*/"))
				if end < 0 {
					return -1
				}
				p += 2 + end + 1
			}
		}
	}
	return -1
}

func wordAt(in []byte, p int) []byte {
	end := p
	for end < len(in) && isIdentByte(in[end]) {
		end++
	}
	return in[p:end]
}

func skipBlank(in []byte, p int) int {
	for p < len(in) && (in[p] == ' ' || in[p] == '\t') {
		p++
	}
	return p
}

// skipSpace passes white space, with lines joined by backslashes.
func skipSpace(in []byte, p int) int {
	for p < len(in) && (in[p] == ' ' || in[p] == '\t' || in[p] == '\n' || in[p] == '\r' || in[p] == '\\' && p+1 < len(in) && in[p+1] == '\n') {
		p++
	}
	return p
}
