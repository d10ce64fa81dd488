package gen

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// An Unused is a header that could not be used, and why.
type Unused struct {
	Header string
	Reason string
}

// longList is the number of names above which a reason's declarations are
// counted and not named: those are whole classes, such as reserved names.
const longList = 400

// Coverage returns, as Markdown, what the headers declare and the packages do
// not have, by reason, and the headers that could not be used.
func (p *Plan) Coverage() []byte {
	var b strings.Builder
	b.WriteString("<!-- " + strings.TrimPrefix(generatedBy, "// ") + " -->\n\n# Coverage\n\n")
	b.WriteString("What the headers declare, what the Go packages hold of it, and why the rest is\nnot there. Nothing is left out in silence.\n")
	for i, s := range p.Systems {
		fmt.Fprintf(&b, "\n## %s\n\n", s.Options.System)
		fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(archs(s.Native), " | "), strings.Repeat("---|", len(s.Native)))
		for _, row := range counts {
			fmt.Fprintf(&b, "| %s |", row.what)
			for _, u := range s.Native {
				fmt.Fprintf(&b, " %d |", row.count(u))
			}
			b.WriteByte('\n')
		}
		b.WriteString("\n### Headers\n\n")
		fmt.Fprintf(&b, "Read: %s.\n", strings.Join(s.Native[0].Headers, ", "))
		for _, u := range s.Unused {
			fmt.Fprintf(&b, "\nNot used: %s: %s.\n", u.Header, u.Reason)
		}
		b.WriteString("\n### Not in the package\n\n")
		writeSkipped(&b, p.Namespaces[i].Report())
		if c := p.Calls[i]; c != nil {
			b.WriteString("\n### System calls without a function\n\n")
			writeSkipped(&b, c.Report())
		}
	}
	return []byte(b.String())
}

func archs(units []*ctype.Unit) []string {
	list := make([]string, len(units))
	for i, u := range units {
		list[i] = u.Target.Arch
	}
	return list
}

// counts are the lines of the table of declarations.
var counts = []struct {
	what  string
	count func(*ctype.Unit) int
}{
	{"header files read", func(u *ctype.Unit) int { return len(u.Files) }},
	{"structs and unions", func(u *ctype.Unit) int { return len(u.Records) }},
	{"enums", func(u *ctype.Unit) int { return len(u.Enums) }},
	{"typedefs", func(u *ctype.Unit) int { return len(u.Typedefs) }},
	{"constants", func(u *ctype.Unit) int { return len(u.Consts) }},
	{"functions", func(u *ctype.Unit) int { return len(u.Funcs) }},
}

// writeSkipped lists declarations under the reasons for which they are left
// out.
func writeSkipped(b *strings.Builder, skipped []ctype.Skipped) {
	byReason := map[string][]string{}
	for _, s := range skipped {
		byReason[s.Reason] = append(byReason[s.Reason], s.Name)
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(byReason[y]), len(byReason[x])), strings.Compare(x, y))
	})
	for _, reason := range reasons {
		names := byReason[reason]
		slices.Sort(names)
		names = slices.Compact(names)
		fmt.Fprintf(b, "- **%s** (%d)", reason, len(names))
		if len(names) <= longList {
			fmt.Fprintf(b, ": %s", "`"+strings.Join(names, "`, `")+"`")
		}
		b.WriteByte('\n')
	}
}
