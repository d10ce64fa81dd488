package parse

import (
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// ccErrors turns what cc reports, one line for each error, into p.errs.
func (p *parser) ccErrors(err error) {
	p.checkSources()
	lines := strings.Split(err.Error(), "\n")
	missing := false
	for _, line := range lines {
		missing = missing || strings.Contains(line, "include file not found")
	}
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		file, n, col, msg := splitPosition(line)
		// After a missing header cc stops reading, and its parser finds that
		// the end came too early.
		if missing && !strings.HasPrefix(msg, "include file not found") && !isDirectiveError(msg) {
			continue
		}
		p.errs.add(p.position(file, n, col), "%s", wording(msg))
	}
	if len(p.errs) == 0 {
		p.errs.add(p.current(), "%v", err)
	}
}

// position translates a place as cc tells it. The first line of every header
// is not its own.
func (p *parser) position(file string, line, col int) ctype.Pos {
	switch file {
	case "", predefinedName:
		return ctype.Pos{}
	case definesName:
		return ctype.Pos{File: definesName, Line: line}
	case mainName:
		if line >= 1 && line <= len(p.headers) {
			return ctype.Pos{File: p.headers[line-1]}
		}
		return ctype.Pos{}
	}
	return ctype.Pos{File: p.src.name(file), Line: max(1, line-1), Col: col}
}

// wording says in our words what cc means.
func wording(msg string) string {
	switch {
	case strings.HasPrefix(msg, "include file not found: "):
		return "header not found: " + strings.TrimPrefix(msg, "include file not found: ")
	case strings.HasPrefix(msg, "unexpected "):
		return "syntax error: " + msg
	case isDirectiveError(msg):
		return strings.TrimSpace("#error: " + strings.TrimSpace(strings.TrimPrefix(msg, errorMarker)))
	}
	return msg
}

// isDirectiveError reports whether msg is the text of an #error.
func isDirectiveError(msg string) bool { return strings.HasPrefix(msg, errorMarker) }
