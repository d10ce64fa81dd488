package convert

import (
	"fmt"
	"strings"
)

// String returns the plan as text, the same for the same plan: what becomes of
// each constant and member, and by which rule. What not all architectures have
// alike names those that do.
func (p *Plan) String() string {
	type variant struct {
		text  string
		archs []string
	}
	var keys []string
	items := map[string][]*variant{}
	for _, a := range p.Archs {
	next:
		for _, it := range a.items() {
			if items[it.key] == nil {
				keys = append(keys, it.key)
			}
			for _, v := range items[it.key] {
				if v.text == it.text {
					v.archs = append(v.archs, a.Arch)
					continue next
				}
			}
			items[it.key] = append(items[it.key], &variant{it.text, []string{a.Arch}})
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s\n", p.From.Name, p.To.Name)
	for _, key := range keys {
		for _, v := range items[key] {
			head, rest, _ := strings.Cut(v.text, "\n")
			b.WriteString("\n" + head)
			if len(v.archs) < len(p.Archs) {
				b.WriteString(" [" + strings.Join(v.archs, " ") + "]")
			}
			b.WriteString("\n" + rest)
		}
	}
	return b.String()
}

// An item is one part of a plan's text, with a key that is the same on all
// architectures.
type item struct{ key, text string }

func (a *ArchPlan) items() []item {
	var list []item
	add := func(key string, print func(*strings.Builder)) {
		var b strings.Builder
		print(&b)
		list = append(list, item{key, b.String()})
	}
	for _, d := range a.Domains {
		add("domain "+d.Rule.Name, d.print)
	}
	for _, o := range a.Options {
		add("options "+o.Rule.Name, o.print)
	}
	for _, r := range a.Records {
		add("record "+r.From.C.Name+" "+r.To.C.Name, r.print)
	}
	for _, u := range a.Unions {
		add("union "+u.Rule.Name, u.print)
	}
	for _, c := range a.Chains {
		add("chain "+c.Rule.Name, c.print)
	}
	for _, s := range a.Sequences {
		add("sequence "+s.Rule.Name, s.print)
	}
	for _, r := range a.Requests {
		add("requests "+r.Rule.Name, r.print)
	}
	return list
}

func (o *Options) print(b *strings.Builder) {
	fmt.Fprintf(b, "options %s\n", o.Rule.Name)
	for _, l := range o.Levels {
		fmt.Fprintf(b, "\t%s by %s\n", l.Row, l.Domain.Rule.Name)
	}
	for _, m := range o.Moved {
		fmt.Fprintf(b, "\t%s, %s\n", m.Level, m.Option)
	}
	if o.Values == nil {
		return
	}
	for _, v := range o.Values.Values {
		for _, r := range v.Options {
			fmt.Fprintf(b, "\tvalue of %s %s: %s\n", v.Level.From, r.From, v.what())
		}
	}
}

func (s *Sequence) print(b *strings.Builder) {
	fmt.Fprintf(b, "sequence %s of %s", s.Rule.Name, cDecl(s.Record.From))
	if s.FromLen != nil {
		fmt.Fprintf(b, ", each %s long, aligned to %d -> %s, to %d", s.FromLen.Name, s.FromAlign, s.ToLen.Name, s.ToAlign)
	}
	b.WriteByte('\n')
}

func (r *Requests) print(b *strings.Builder) {
	fmt.Fprintf(b, "requests %s\n", r.Rule.Name)
	for _, q := range r.Requests {
		for _, row := range q.Rows {
			fmt.Fprintf(b, "\t%s: %s\n", row, q.what())
		}
	}
	for _, row := range r.Aliases {
		fmt.Fprintf(b, "\talias %s\n", row)
	}
	printWithout(b, r.Without)
	for _, name := range r.Open {
		fmt.Fprintf(b, "\topen %s\n", name)
	}
}

func printWithout(b *strings.Builder, reasons []Reason) {
	for _, r := range reasons {
		fmt.Fprintf(b, "\twithout %s: %s\n", r.Name, r.Why)
	}
}

func (u *Union) print(b *strings.Builder) {
	fmt.Fprintf(b, "union %s by %s\n", u.Rule.Name, u.FromTag.Name)
	for _, v := range u.Variants {
		fmt.Fprintf(b, "\t%s: %s\n", v.Tag, v.what())
	}
}

func (c *Chain) print(b *strings.Builder) {
	fmt.Fprintf(b, "chain %s of %s\n", c.Rule.Name, c.From.C.Name)
	fmt.Fprintf(b, "\tdata at %d, aligned to %d -> data at %d, aligned to %d\n",
		alignUp(c.From.C.Size, c.FromAlign), c.FromAlign, alignUp(c.To.C.Size, c.ToAlign), c.ToAlign)
	for _, m := range c.Messages {
		fmt.Fprintf(b, "\t%s, %s: %s\n", m.Level, m.Type, m.what())
	}
	printWithout(b, c.Without)
}

// String returns "FROM 1 -> TO 2 (rule)".
func (r Row) String() string {
	name := r.From + fmt.Sprintf(" %#x -> ", r.FromVal)
	if r.To != r.From {
		name += r.To + " "
	}
	return name + fmt.Sprintf("%#x (%s)", r.ToVal, r.Rule)
}

func (d *Domain) print(b *strings.Builder) {
	kind := "domain"
	if d.Rule.Flags {
		kind = "flags"
	}
	fmt.Fprintf(b, "%s %s: %s -> %s\n", kind, d.Rule.Name, d.FromType, d.ToType)
	for _, f := range d.Fields {
		fmt.Fprintf(b, "\tfield %#x -> %#x\n", f.FromMask, f.ToMask)
		for _, r := range f.Rows {
			fmt.Fprintf(b, "\t\t%s\n", r)
		}
	}
	for _, r := range d.Rows {
		fmt.Fprintf(b, "\t%s\n", r)
	}
	for _, r := range d.Aliases {
		fmt.Fprintf(b, "\talias %s\n", r)
	}
	for _, r := range d.Dropped {
		fmt.Fprintf(b, "\tdrop %s: %s\n", r.Name, r.Why)
	}
	printWithout(b, d.Without)
	if d.Rule.Same {
		b.WriteString("\tother numbers mean themselves\n")
	}
	if d.Else != nil {
		fmt.Fprintf(b, "\telse %s %#x: %s\n", d.Else.To, d.Else.ToVal, d.Else.Rule)
	}
	for _, name := range d.Open {
		fmt.Fprintf(b, "\topen %s\n", name)
	}
}

func (r *Record) print(b *strings.Builder) {
	fmt.Fprintf(b, "%s (%d bytes) -> %s (%d bytes)", cDecl(r.From), r.From.C.Size, cDecl(r.To), r.To.C.Size)
	switch {
	case r.Hook != "":
		fmt.Fprintf(b, ": by %s\n", r.Hook)
		return
	case r.Via != nil:
		fmt.Fprintf(b, ": through %s\n", r.Via.Rule.Name)
		return
	case r.Whole:
		b.WriteString(": copied whole")
	}
	b.WriteByte('\n')
	for _, s := range r.Steps {
		s.print(b, "\t")
	}
}

func (s *Step) print(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s %s", indent, s.Decision, s.names())
	switch s.Decision {
	case Copy, Widen, Narrow:
		if f, t := s.From.Type.String(), s.To.Type.String(); f != t {
			fmt.Fprintf(b, ": %s -> %s", f, t)
		} else {
			fmt.Fprintf(b, ": %s", f)
		}
	case Map:
		fmt.Fprintf(b, " by %s", s.Domain.Rule.Name)
	case Nest:
		fmt.Fprintf(b, " as %s", cDecl(s.Record.From))
	case Text:
		fmt.Fprintf(b, ": %s, %d -> %d bytes", s.Text, s.From.Type.Size, s.To.Type.Size)
	case Hook:
		fmt.Fprintf(b, " by %s", s.Hook)
	case Cases:
		fmt.Fprintf(b, " by %s", s.Param)
	case Set:
		if s.Set.Domain != nil {
			fmt.Fprintf(b, " of %s", s.Set.Domain.Rule.Name)
		}
	case Index:
		fmt.Fprintf(b, " by %s", s.Index.Domain.Rule.Name)
	case Each:
		if s.Count != nil {
			fmt.Fprintf(b, ", as many as %s says", s.Count.Name)
		}
	case Add, Drop:
		if s.Default != "" {
			fmt.Fprintf(b, " as %s", s.Default)
		}
		if s.Why != s.Rule {
			fmt.Fprintf(b, ": %s", s.Why)
		}
	}
	fmt.Fprintf(b, " (%s)\n", s.Rule)
	for _, c := range s.Cases {
		c.print(b, indent+"\t")
	}
}

func (c *Case) print(b *strings.Builder, indent string) {
	var tags []string
	for _, t := range c.Tags {
		tags = append(tags, t.From)
	}
	fmt.Fprintf(b, "%s%s:", indent, strings.Join(tags, ", "))
	switch {
	case c.Via != nil:
		fmt.Fprintf(b, " %s through %s\n", c.From.Name, c.Via.Rule.Name)
	case c.Step != nil:
		b.WriteByte('\n')
		c.Step.print(b, indent+"\t")
	default:
		b.WriteString(" nothing\n")
	}
}

// names returns the members of a step as the plan shows them.
func (s *Step) names() string {
	switch {
	case s.From == nil:
		return s.To.Name
	case s.To == nil || s.From.Name == s.To.Name:
		return s.From.Name
	}
	return s.From.Name + " -> " + s.To.Name
}
