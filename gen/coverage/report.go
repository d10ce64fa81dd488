package coverage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/emit"
)

const (
	// longList is the number of open names of a header and kind above which
	// they are counted and not named.
	longList = 120

	// longReason is the same for the names that a package leaves out for one
	// reason.
	longReason = 40
)

// A Count is how many declarations there are of each status.
type Count struct{ Mapped, Without, Open int }

func (c *Count) add(d *Declaration) {
	switch d.Status {
	case Mapped:
		c.Mapped++
	case Without:
		c.Without++
	default:
		c.Open++
	}
}

func (c *Count) total() int { return c.Mapped + c.Without + c.Open }

// Count returns the figures of one system and kind.
func (r *Report) Count(system string, kind Kind) Count {
	var c Count
	for _, d := range r.Declarations {
		if d.System == system && d.Kind == kind {
			c.add(d)
		}
	}
	return c
}

// Summary returns a table of all systems and kinds, in Markdown.
func (r *Report) Summary() string {
	var b strings.Builder
	b.WriteString("| system | kind | declared | mapped | without counterpart | open |\n|---|---|---:|---:|---:|---:|\n")
	for _, s := range r.plan.Systems {
		var sum Count
		for _, k := range Kinds {
			c := r.Count(s.Name, k)
			if c.total() > 0 {
				fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d |\n", s.Options.System, k, c.total(), c.Mapped, c.Without, c.Open)
			}
			sum.Mapped, sum.Without, sum.Open = sum.Mapped+c.Mapped, sum.Without+c.Without, sum.Open+c.Open
		}
		fmt.Fprintf(&b, "| %s | **all** | %d | %d | %d | %d |\n", s.Options.System, sum.total(), sum.Mapped, sum.Without, sum.Open)
	}
	return b.String()
}

// Markdown returns the report for people. The name of the file with all
// declarations may be empty.
func (r *Report) Markdown(data string) []byte {
	var b strings.Builder
	b.WriteString("<!-- " + strings.TrimPrefix(emit.HeaderComment, "// ") + " -->\n\n# Coverage\n\n")
	if len(r.plan.Converts) > 0 {
		r.account(&b, data)
	} else {
		b.WriteString("What the headers declare, what the Go packages hold of it, and why the rest is\nnot there.\n")
	}
	for i, s := range r.plan.Systems {
		r.system(&b, i, s)
	}
	return []byte(b.String())
}

// account writes what becomes of everything in a conversion.
func (r *Report) account(b *strings.Builder, data string) {
	b.WriteString("What becomes of everything that the headers declare, when one system's meaning is\n" +
		"translated into another's. **Mapped** is what a rule or hand-written code translates,\n" +
		"or what is the same in all systems; **without counterpart** is what has none, with the reason; **open** is the rest, which nobody\n" +
		"has decided. Where architectures differ, the worst counts.\n")
	if data != "" {
		fmt.Fprintf(b, "[%s](%s) has a line for each declaration.\n", data, data)
	}
	b.WriteString("\n## Figures\n\n" + r.Summary())
	r.classes(b)
	for _, s := range r.plan.Systems {
		fmt.Fprintf(b, "\n## Headers of %s\n\n", s.Options.System)
		r.headers(b, s.Name)
		r.open(b, s)
	}
}

// classes writes what the scope says.
func (r *Report) classes(b *strings.Builder) {
	r.classTable(b, "Constants that are the same in all systems", "They need no translation; their numbers are compared.", r.scope.Same, Mapped)
	r.classTable(b, "Whole classes without a counterpart", "Single names without one have their reason in the rules.", r.scope.Without, Without)
}

func (r *Report) classTable(b *strings.Builder, title, about string, classes []*Class, status Status) {
	if len(classes) == 0 {
		return
	}
	n := map[[2]string]int{}
	for _, d := range r.Declarations {
		if d.Status == status {
			n[[2]string{d.By, d.System}]++
		}
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| class |", title, about)
	for _, s := range r.plan.Systems {
		b.WriteString(" " + s.Options.System + " |")
	}
	b.WriteString(" why |\n|---|" + strings.Repeat("---:|", len(r.plan.Systems)) + "---|\n")
	seen := map[string]bool{}
	for _, c := range classes {
		if seen[c.Class] {
			continue
		}
		seen[c.Class] = true
		fmt.Fprintf(b, "| %s |", c.Class)
		for _, s := range r.plan.Systems {
			fmt.Fprintf(b, " %d |", n[[2]string{c.Class, s.Name}])
		}
		fmt.Fprintf(b, " %s |\n", c.Why)
	}
}

// headers writes the figures of each header: first those where something is
// open, the rest folded.
func (r *Report) headers(b *strings.Builder, system string) {
	counts := map[string]*Count{}
	for _, d := range r.Declarations {
		if d.System != system {
			continue
		}
		if counts[d.Header] == nil {
			counts[d.Header] = new(Count)
		}
		counts[d.Header].add(d)
	}
	names := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y].Open, counts[x].Open), strings.Compare(x, y))
	})
	head := "| header | declared | mapped | without counterpart | open |\n|---|---:|---:|---:|---:|\n"
	row := func(name string) {
		c := counts[name]
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d |\n", name, c.total(), c.Mapped, c.Without, c.Open)
	}
	done := slices.IndexFunc(names, func(name string) bool { return counts[name].Open == 0 })
	if done < 0 {
		done = len(names)
	}
	if done > 0 {
		b.WriteString(head)
		for _, name := range names[:done] {
			row(name)
		}
		b.WriteByte('\n')
	}
	if done < len(names) {
		fmt.Fprintf(b, "<details><summary>%d headers with nothing open</summary>\n\n%s", len(names)-done, head)
		for _, name := range names[done:] {
			row(name)
		}
		b.WriteString("\n</details>\n")
	}
}

// open lists what is open, by header and kind.
func (r *Report) open(b *strings.Builder, s gen.System) {
	type key struct {
		header string
		kind   Kind
	}
	lists := map[key][]string{}
	var order []key
	for _, d := range r.Declarations {
		if d.System != s.Name || d.Status != Open {
			continue
		}
		k := key{d.Header, d.Kind}
		if lists[k] == nil {
			order = append(order, k)
		}
		lists[k] = append(lists[k], d.Name)
	}
	if len(order) == 0 {
		return
	}
	slices.SortStableFunc(order, func(x, y key) int { return strings.Compare(x.header, y.header) })
	fmt.Fprintf(b, "\n<details><summary>What is open in %s</summary>\n\n", s.Options.System)
	for _, k := range order {
		names := lists[k]
		fmt.Fprintf(b, "- %s, %s (%d)", k.header, k.kind, len(names))
		if len(names) <= longList && k.kind != Member {
			b.WriteString(": " + code(names))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n</details>\n")
}

func code(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// system writes what one system's headers declare and its packages leave out.
func (r *Report) system(b *strings.Builder, i int, s gen.System) {
	fmt.Fprintf(b, "\n## The Go package of %s\n\n", s.Options.System)
	b.WriteString("| |")
	for _, u := range s.Native {
		b.WriteString(" " + u.Target.Arch + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(s.Native)) + "\n")
	for _, row := range counts {
		fmt.Fprintf(b, "| %s |", row.what)
		for _, u := range s.Native {
			fmt.Fprintf(b, " %d |", row.count(u))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "\nRead: %s.\n", strings.Join(s.Native[0].Headers, ", "))
	for _, u := range s.Unused {
		fmt.Fprintf(b, "\nNot used: %s: %s.\n", u.Header, u.Reason)
	}
	writeSkipped(b, "What the headers declare and the package leaves out, or has with a loss", r.plan.Namespaces[i].Report())
	if c := r.plan.Calls[i]; c != nil {
		writeSkipped(b, "System calls without a function", c.Report())
	}
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

// writeSkipped lists declarations, folded under a title, by the reasons for
// which they are left out. Reasons that name something of their own are taken
// together.
func writeSkipped(b *strings.Builder, title string, skipped []ctype.Skipped) {
	if len(skipped) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n", title)
	byReason := map[string][]string{}
	for _, s := range skipped {
		reason := general(s.Reason)
		byReason[reason] = append(byReason[reason], s.Name)
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(byReason[y]), len(byReason[x])), strings.Compare(x, y))
	})
	for _, reason := range reasons {
		names := byReason[reason]
		slices.Sort(names)
		names = slices.Compact(names)
		fmt.Fprintf(b, "- **%s** (%d)", reason, len(names))
		if len(names) <= longReason {
			b.WriteString(": " + code(names))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n</details>\n")
}

// general returns a reason without what it says of one declaration: the
// architectures, the place or the name of something else.
func general(reason string) string {
	reason, _, _ = strings.Cut(reason, " (on ")
	for _, class := range []string{
		"names the identifier", "names the member", "names the type", "not a constant:", "Go has it as", "stands for",
		"is defined differently at", "is of type", "is part of", "contains",
	} {
		if rest, ok := strings.CutPrefix(reason, class); ok && rest != "" {
			return strings.TrimSuffix(class, ":") + " …"
		}
	}
	return reason
}
