package convert

import (
	"fmt"
	"strings"
)

// set writes a loop over the bits of a set. Numbers are looked up in the order
// of their bits, whatever the words of both sides.
func (b *body) set(s *Step, src, dst, name string) {
	w, from, to := b.w, s.From.Type, s.To.Type
	b.mapped = append(b.mapped, name)
	local, first := b.locals.Take(localName(s.To.Go)), s.Set.Rule.First
	fw, tw := 8*from.Elem.Size, 8*to.Elem.Size
	g := &b.guards
	g.line("\tvar %s %s", local, typeName(w.to, to))
	g.line("\tfor i, word := range %s {", get(src, s.From))
	g.line("\t\tfor u := uint64(%s(word)); u != 0; u &= u - 1 {", fmt.Sprintf("uint%d", fw))
	g.line("\t\t\tn := %d*i + @bits.TrailingZeros64(u)%s", fw, plus(first))
	missing := "continue"
	if s.Set.Rule.Drop == "" {
		missing = fmt.Sprintf("return @abi.NoCounterpart(%q, %q, n)", b.record, name)
	}
	if d := s.Set.Domain; d != nil {
		g.line("\t\t\tv, ok := %s(%s(n))", d.Rule.Name, w.goType(w.from, d.FromType))
		g.line("\t\t\tif !ok {\n\t\t\t\t%s\n\t\t\t}", missing)
		g.line("\t\t\tto := uint(v)%s", plus(-first))
	} else {
		g.line("\t\t\tto := uint(n)%s", plus(-first))
	}
	if s.Set.Domain != nil || tw*to.Len < fw*from.Len {
		g.line("\t\t\tif to >= %d {\n\t\t\t\treturn @abi.OutOfRange(%q, %q, n)\n\t\t\t}", tw*to.Len, b.record, name)
	}
	g.line("\t\t\t%s[to/%d] |= 1 << (to %% %d)\n\t\t}\n\t}", local, tw, tw)
	b.assign(set(dst, s.To, local))
}

func plus(n int) string {
	switch {
	case n > 0:
		return fmt.Sprintf(" + %d", n)
	case n < 0:
		return fmt.Sprintf(" - %d", -n)
	}
	return ""
}

// index writes an assignment for each element that has a place.
func (b *body) index(s *Step, src, dst, name string) {
	w, plan := b.w, s.Index
	b.mapped = append(b.mapped, name)
	local := b.locals.Take(localName(s.To.Go))
	g := &b.guards
	g.line("\tvar %s %s", local, typeName(w.to, s.To.Type))
	if plan.Fill != "" {
		g.line("\tfor i := range %s {\n\t\t%s[i] = %s\n\t}", local, local, w.constant(w.to, plan.Fill, ""))
	}
	value := func(row Row) string {
		return fmt.Sprintf("%s[%s]", get(src, s.From), w.constant(w.from, row.From, ""))
	}
	if plan.Values == nil {
		for _, row := range plan.Domain.Rows {
			g.line("\t%s[%s] = %s", local, w.constant(w.to, row.To, ""), value(row))
		}
	} else {
		g.line("\tfor _, e := range [...]struct{ to, from int }{")
		for _, row := range plan.Domain.Rows {
			g.line("\t\t{%s, %s},", w.constant(w.to, row.To, ""), w.constant(w.from, row.From, ""))
		}
		g.line("\t} {")
		g.line("\t\tv, ok := %s(%s[e.from])", plan.Values.Rule.Name, get(src, s.From))
		g.line("\t\tif !ok {\n\t\t\treturn @abi.NoCounterpart(%q, %q, %s[e.from])\n\t\t}", b.record, name, get(src, s.From))
		g.line("\t\t%s[e.to] = v\n\t}", local)
	}
	b.assign(set(dst, s.To, local))
}

// each writes a loop over the elements of an array.
func (b *body) each(s *Step, src, dst, name string) {
	w := b.w
	from, to := s.From.Type, s.To.Type
	local := b.locals.Take(localName(s.To.Go))
	b.mapped = append(b.mapped, name)
	source := get(src, s.From)
	g := &b.guards
	count := fmt.Sprint(from.Len)
	if s.Count != nil {
		count = b.locals.Take(localName(s.Count.Go) + "N")
		value := get(src, s.Count)
		g.line("\t%s := int64(%s)", count, value)
		g.line("\tif %s < 0 || %s > %d {\n\t\treturn @abi.BadLength(%q, %q, %s)\n\t}", count, count, from.Len, b.record, s.Count.Name, value)
		if to.Len < from.Len {
			g.line("\tif %s > %d {\n\t\treturn @abi.OutOfRange(%q, %q, %s)\n\t}", count, to.Len, b.record, s.Count.Name, value)
		}
	}
	g.line("\tvar %s %s", local, typeName(w.to, to))
	if s.Record == nil {
		g.line("\tcopy(%s[:], %s[:%s])", local, source, count)
	} else {
		call := s.Record.function()
		if s.Record.Hook != "" {
			call = w.function(s.Record.Hook)
		}
		g.line("\tfor i := range %s {", count)
		g.line("\t\tif err := %s(&%s[i], &%s[i]); err != nil {\n\t\t\treturn err\n\t\t}\n\t}", call, local, source)
	}
	b.assign(set(dst, s.To, local))
}

// textLength writes a member that holds the length of a string, or holds the
// source's to saying the truth.
func (b *body) textLength(s *Step, src, dst, name string) {
	length := fmt.Sprintf("@abi.StringLen(%s[:])", inside(src, s.TextFrom))
	if s.To == nil {
		b.dropped = append(b.dropped, name)
		value := get(src, s.From)
		b.guard(fmt.Sprintf("int(%s) != %s", value, length), "BadLength", name, value)
		return
	}
	b.added = append(b.added, name)
	b.assign(set(dst, s.To, fmt.Sprintf("%s(%s)", typeName(b.w.to, s.To.Type), length)))
}

func (b *body) text(s *Step, src, dst, name string) {
	local := b.locals.Take(localName(s.From.Go) + "Len")
	b.clear = true
	from, to := inside(src, s.From), inside(dst, s.To)
	if s.Text == "path" {
		// A name that begins with a NUL and goes on is of Linux's abstract namespace.
		b.guards.line("\t%s := @abi.StringLen(%s[:])", local, from)
		b.guard(fmt.Sprintf("%s == 0 && !@abi.IsZero(%s[:])", local, from), "NoCounterpart", name, "0")
		if s.From.Type.Size > s.To.Type.Size {
			b.guard(fmt.Sprintf("%s > %d", local, s.To.Type.Size), "OutOfRange", name, local)
		}
	} else {
		b.guards.line("\t%s := @abi.StringLen(%s[:])", local, from)
		b.guard(fmt.Sprintf("%s > %d", local, min(s.To.Type.Size, s.From.Type.Size)-1), "BadString", name, local)
	}
	b.assign(fmt.Sprintf("copy(%s[:], %s[:%s])", to, from, local))
}

// hook calls a function for one member: func(dst *T, src *Record) error, where T
// is the type of the member and Record that of the source.
func (b *body) hook(s *Step, src, dst string) {
	local := b.locals.Take(localName(s.To.Go))
	b.guards.line("\tvar %s %s", local, typeName(b.w.to, s.To.Type))
	b.guards.line("\tif err := %s(&%s, %s); err != nil {\n\t\treturn err\n\t}", b.w.function(s.Hook), local, strings.TrimPrefix(addressOf(src), "&*"))
	b.assign(set(dst, s.To, local))
}

func addressOf(path string) string {
	if path == "src" {
		return path
	}
	return "&" + path
}
