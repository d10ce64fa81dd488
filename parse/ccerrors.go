package parse

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// ccErrors turns what cc reports, one line for each error, into p.errs.
func (p *parser) ccErrors(err error) {
	p.checkSources()
	before := len(p.errs) // what the callbacks found
	lines := strings.Split(err.Error(), "\n")
	var lost []string // errors without a place
	for _, line := range lines {
		file, n, col, msg := splitPosition(line)
		msg = strings.TrimSpace(strings.TrimPrefix(msg, "-: "))
		switch {
		case msg == "":
			continue
		case before > 0 && !isDirectiveError(msg):
			// A header is missing, and with it what it declares: syntax
			// errors say nothing new.
			continue
		case file == "", file == endName:
			lost = append(lost, msg)
			continue
		}
		pos := p.position(file, n, col)
		p.errs.add(pos, "%s", p.wording(file, n, pos.Col, msg))
	}
	if len(p.errs) > 0 {
		return // those without a place are about what follows from the others
	}
	pos := p.current()
	if n := len(p.src.files); pos == (ctype.Pos{}) && n > 0 {
		pos.File = p.src.name(p.src.files[n-1])
	}
	for _, msg := range lost {
		// What the parser then stumbles over is endText, which is ours.
		if strings.Contains(msg, "EOF") || strings.Contains(msg, "unexpected 'static'") {
			msg = "unexpected end of the headers: a declaration is not finished"
		}
		p.errs.add(pos, "%s", p.wording("", 0, 0, msg))
	}
	if len(p.errs) == 0 {
		p.errs.add(pos, "%v", err)
	}
}

// position translates a place as cc tells it. The first line of every header
// is not its own, nor is the last.
func (p *parser) position(file string, line, col int) ctype.Pos {
	switch file {
	case "", predefinedName, endName:
		return ctype.Pos{}
	case definesName:
		return ctype.Pos{File: definesName, Line: line}
	case mainName:
		if line >= 1 && line <= len(p.headers) {
			return ctype.Pos{File: p.headers[line-1]}
		}
		return ctype.Pos{}
	}
	pos := ctype.Pos{File: p.src.name(file), Line: max(1, line-1), Col: col}
	if src := p.src.cache.get(file); src != nil {
		if last := bytes.Count(src.text, []byte("\n")) - 2; pos.Line > last && last > 0 {
			pos.Line, pos.Col = last, 0
		}
	}
	return pos
}

// wording says in our words what cc means.
func (p *parser) wording(file string, line, col int, msg string) string {
	switch {
	case strings.HasPrefix(msg, "unexpected "):
		if name := p.unknownType(file, line, col, msg); name != "" {
			msg += " (" + name + " is not a known type)"
		}
		return "syntax error: " + msg
	case isDirectiveError(msg):
		text := strings.TrimSpace(strings.TrimPrefix(msg, errorMarker))
		if s, err := strconv.Unquote(text); err == nil {
			text = s
		}
		return strings.TrimSpace("#error " + text)
	case msg == "expected #endif":
		return "an #if has no #endif"
	case msg == "invalid argument", msg == "missing argument":
		return "#include without the name of a header"
	case strings.HasPrefix(msg, "strconv.ParseUint: parsing "):
		number, _, _ := strings.Cut(strings.TrimPrefix(msg, "strconv.ParseUint: parsing "), ":")
		return "#if: " + number + " is not an integer"
	case msg == "expected expression":
		return "#if without an expression"
	}
	return strings.Replace(msg, "paramater", "parameter", 1)
}

// unknownType returns the identifier before the one at a position when that is
// what surprised cc: then it was meant to be a type.
func (p *parser) unknownType(file string, line, col int, msg string) string {
	src := p.src.cache.get(file)
	if src == nil || !strings.HasPrefix(msg, "unexpected identifier") || line < 1 || col < 1 {
		return ""
	}
	lines := bytes.SplitN(src.text, []byte("\n"), line+1)
	if len(lines) < line || len(lines[line-1]) < col-1 {
		return ""
	}
	before := bytes.TrimRight(lines[line-1][:col-1], " \t*")
	start := len(before)
	for start > 0 && isIdentByte(before[start-1]) {
		start--
	}
	name := string(before[start:])
	if name == "" || isDigit(name[0]) || cWords[name] || keywords[name] {
		return ""
	}
	return name
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cWords are keywords that can stand before an identifier.
var cWords = map[string]bool{
	"struct": true, "union": true, "enum": true, "const": true, "volatile": true, "restrict": true, "signed": true,
	"unsigned": true, "int": true, "char": true, "short": true, "long": true, "float": true, "double": true, "void": true,
	"typedef": true, "_Bool": true, "_Complex": true, "_Atomic": true,
}

// isDirectiveError reports whether msg is the text of an #error.
func isDirectiveError(msg string) bool { return strings.HasPrefix(msg, errorMarker) }
