package convert

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/gen/emit"
)

// A source is a Go declaration in the making: text in which "@pkg.Name" stands
// for Name of an imported package. Two architectures share a declaration when
// their texts are equal.
type source struct{ strings.Builder }

// line appends a line.
func (s *source) line(format string, args ...any) {
	fmt.Fprintf(s, format, args...)
	s.WriteByte('\n')
}

// doc appends a comment, each line with slashes.
func (s *source) doc(format string, args ...any) {
	s.WriteString(emit.Comment(fmt.Sprintf(format, args...)))
	s.WriteByte('\n')
}

var qualified = regexp.MustCompile(`@(\w+)\.(\w+)`)

// escapedAt stands for an @ that is one.
const escapedAt = "\x01"

// render writes text to g, importing the packages of its qualified names.
func render(g *jen.Group, text string, imports map[string]string) {
	stmt := &jen.Statement{}
	plain := func(text string) { stmt.Op(strings.ReplaceAll(text, escapedAt, "@")) }
	for {
		m := qualified.FindStringSubmatchIndex(text)
		if m == nil {
			break
		}
		if m[0] > 0 {
			plain(text[:m[0]])
		}
		stmt.Qual(imports[text[m[2]:m[3]]], text[m[4]:m[5]])
		text = text[m[1]:]
	}
	plain(strings.TrimRight(text, "\n"))
	g.Add(stmt)
	g.Line()
}
