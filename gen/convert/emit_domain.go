package convert

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/abigen/abigen/gen/emit"
)

// maxDense is the largest number that a domain may have to become an array; it
// becomes a switch when most places would be empty, too.
const maxDense = 1023

func (w *archWriter) domain(d *Domain) {
	if d.Rule.Flags {
		w.flags(d)
		return
	}
	s := &source{}
	name, from, to := d.Rule.Name, w.goType(w.from, d.FromType), w.goType(w.to, d.ToType)
	table := emit.Unexport(name) + "Table"
	s.doc("%s", wrap(fmt.Sprintf("%s returns the %s %s that means the same as %s's v, and whether there is one.%s",
		name, w.to.Title, d.Rule.What, w.from.Title, d.elseDoc())))
	s.line("func %s(v %s) (%s, bool) {", name, from, to)
	otherwise := "0, false"
	if d.Rule.Same {
		otherwise = "v, true"
	}
	if d.Else != nil {
		otherwise = w.constant(w.to, d.Else.To, d.ToType) + ", true"
	}
	if !d.dense() {
		s.line("\tswitch v {")
		for _, r := range d.Rows {
			s.line("\tcase %s:\n\t\treturn %s, true", w.constant(w.from, r.From, d.FromType), w.constant(w.to, r.To, d.ToType))
		}
		for _, r := range d.taken() {
			s.line("\tcase %s:\n\t\treturn 0, false // %s on %s", w.constant(w.to, r.To, d.ToType), r.To, w.to.Title)
		}
		s.line("\t}\n\treturn %s\n}", otherwise)
		w.add("func "+name, w.domainFile(d), s)
		return
	}
	s.line("\tif uint(v) < uint(len(%s)) {", table)
	if d.Else == nil {
		s.line("\t\te := %s[v]\n\t\treturn e.To, e.OK", table)
	} else {
		s.line("\t\tif e := %s[v]; e.OK {\n\t\t\treturn e.To, true\n\t\t}", table)
	}
	s.line("\t}\n\treturn %s\n}", otherwise)
	s.line("")
	s.line("var %s = [...]@abi.Entry[%s]{", table, to)
	for _, r := range d.Rows {
		s.line("\t%s: {To: %s, OK: true},", w.constant(w.from, r.From, ""), w.constant(w.to, r.To, d.ToType))
	}
	s.line("}")
	w.add("func "+name, w.domainFile(d), s)
}

func (d *Domain) elseDoc() string {
	switch {
	case d.Rule.Same:
		return " Every number without a name means itself."
	case d.Else == nil:
		return ""
	}
	return fmt.Sprintf(" Everything else is %s: %s.", d.Else.To, strings.TrimSuffix(d.Else.Rule, "."))
}

// taken returns the rows whose result is a number that must not be taken for
// itself, each number once.
func (d *Domain) taken() []Row {
	var rows []Row
	for i, r := range d.Rows {
		if !d.Rule.Same || slices.ContainsFunc(d.Rows, func(o Row) bool { return o.FromVal == r.ToVal }) ||
			slices.ContainsFunc(d.Rows[:i], func(o Row) bool { return o.ToVal == r.ToVal }) {
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

func (d *Domain) dense() bool {
	if d.Rule.Same {
		return false
	}
	most := uint64(0)
	for _, r := range d.Rows {
		most = max(most, r.FromVal)
	}
	return len(d.Rows) > 2 && most <= maxDense && most < uint64(8*len(d.Rows)+32)
}

// domainFile is the file of a domain: the rule's noun, or that of the left
// system's header for its first constant.
func (w *archWriter) domainFile(d *Domain) string {
	if d.Rule.File != "" {
		return emit.FileBase(d.Rule.File)
	}
	for _, r := range d.Rows {
		c := w.to.consts[r.To]
		if w.from.left {
			c = w.from.consts[r.From]
		}
		if c != nil {
			return emit.FileBase(c.Pos.File)
		}
	}
	return "zdomains"
}

// flags writes the function of a flag domain: fields first, then rows that
// must be taken one by one, then all the others by the distance they move.
func (w *archWriter) flags(d *Domain) {
	s := &source{}
	name, from, to := d.Rule.Name, w.goType(w.from, d.FromType), w.goType(w.to, d.ToType)
	word, narrow := wordTypes(d.FromType, d.ToType)
	groups, order, multi := d.single()

	failed := "the result is then without them"
	if len(d.Fields) > 0 {
		failed += ", and zero when it is a number inside v that has none"
	}
	s.doc("%s", wrap(fmt.Sprintf("%s returns the %s %s that mean the same as %s's v. It is false when some bits of v have "+
		"no counterpart; %s.%s", name, w.to.Title, d.Rule.What, w.from.Title, failed, d.droppedDoc())))
	s.line("func %s(v %s) (%s, bool) {", name, from, to)
	if narrow != "" && narrow != word {
		s.line("\tu := %s(%s(v))", word, narrow)
	} else {
		s.line("\tu := %s(v)", word)
	}
	known := newMask(word)
	first := true
	or := func(expr string) {
		if first {
			s.line("\tto := %s", expr)
		} else {
			s.line("\tto |= %s", expr)
		}
		first = false
	}
	for _, f := range d.Fields {
		w.field(s, f, word, d, or)
		known.literal(f.FromMask)
	}
	if first && (len(multi) > 0 || len(order) == 0) {
		s.line("\tvar to %s", word)
		first = false
	}
	for _, r := range multi {
		c := w.bits(w.from, r.From, word)
		if bits.OnesCount64(r.FromVal) == 1 {
			s.line("\tif u&%s != 0 {", c)
		} else {
			s.line("\tif u&%s == %s {", paren(c), c)
		}
		s.line("\t\tto |= %s\n\t\tu &^= %s\n\t}", w.bits(w.to, r.To, word), c)
	}
	look, ok := findWindow(groups, order)
	if ok {
		or(look.index(emit.Unexport(name)+"Table", word))
	}
	for _, n := range order {
		mask := newMask(word)
		for _, r := range groups[n] {
			if !look.holds(r) {
				mask.add(w.bits(w.from, r.From, word))
			}
			known.add(w.bits(w.from, r.From, word))
		}
		switch {
		case mask.empty():
		case n > 0:
			or(fmt.Sprintf("(u & %s) << %d", mask.paren(), n))
		case n < 0:
			or(fmt.Sprintf("(u & %s) >> %d", mask.paren(), -n))
		default:
			or("u & " + mask.paren())
		}
	}
	for _, r := range d.Dropped {
		known.add(w.bits(w.from, r.Name, word))
	}
	if known.empty() {
		s.line("\treturn %s(to), u == 0\n}", to)
	} else {
		s.line("\tconst known = %s", strings.TrimSuffix(strings.TrimPrefix(known.paren(), "("), ")"))
		s.line("\treturn %s(to), u&^known == 0\n}", to)
	}
	if ok {
		look.table(s, emit.Unexport(name)+"Table")
	}
	w.add("func "+name, w.domainFile(d), s)
}

func (d *Domain) droppedDoc() string {
	var names []string
	for _, r := range d.Dropped {
		names = append(names, r.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return " Dropped: " + strings.Join(names, ", ") + "."
}

// field writes the translation of a number inside the word.
func (w *archWriter) field(s *source, f Field, word string, d *Domain, or func(string)) {
	values := make([]uint64, 0, len(f.Rows))
	same := f.FromMask == f.ToMask
	for _, r := range f.Rows {
		values = append(values, r.FromVal)
		same = same && r.FromVal == r.ToVal
	}
	slices.Sort(values)
	if same && len(values) > 0 && values[len(values)-1]-values[0] == uint64(len(values)-1) {
		low, high := values[0], values[len(values)-1]
		switch {
		case low > 0:
			s.line("\tif f := u & %#x; f < %d || f > %d {\n\t\treturn 0, false\n\t}", f.FromMask, low, high)
		case high != f.FromMask:
			s.line("\tif u&%#x > %d {\n\t\treturn 0, false\n\t}", f.FromMask, high)
		}
		or(fmt.Sprintf("u & %#x", f.FromMask))
		return
	}
	or(word + "(0)")
	s.line("\tswitch u & %#x {", f.FromMask)
	for _, r := range f.Rows {
		s.line("\tcase %s:\n\t\tto |= %s", w.bits(w.from, r.From, word), w.bits(w.to, r.To, word))
	}
	s.line("\tdefault:\n\t\treturn 0, false\n\t}")
}

// bits writes a constant as an operand of the word's type.
func (w *archWriter) bits(s *side, name, word string) string {
	if c := s.consts[name]; c.Int.Negative() {
		n := c.Int.Bits
		if word != "uint64" {
			n &= 1<<(8*basic[word]) - 1
		}
		return fmt.Sprintf("%#x /* %s */", n, name)
	}
	return w.constant(s, name, word)
}

// wordTypes returns the unsigned type both flag words fit in, and the one of
// the source's size.
func wordTypes(from, to string) (word, narrow string) {
	size := func(t string) int { return abs(basic[t]) }
	name := map[int]string{1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64"}
	narrow = name[size(from)]
	word = name[max(size(from), size(to))]
	if word == "" || narrow == "" {
		return "uint64", narrow
	}
	return word, narrow
}

// A mask is an expression of flags joined by |.
type mask struct {
	parts []string
	word  string
}

func newMask(word string) *mask { return &mask{word: word} }

func (m *mask) add(part string) {
	if !slices.Contains(m.parts, part) {
		m.parts = append(m.parts, part)
	}
}

func (m *mask) literal(n uint64) { m.add(fmt.Sprintf("%#x", n)) }

func (m *mask) empty() bool { return len(m.parts) == 0 }

// paren joins the parts, four in a line.
func (m *mask) paren() string {
	var b strings.Builder
	for i, part := range m.parts {
		switch {
		case i == 0:
		case i%4 == 0:
			b.WriteString(" |\n\t\t")
		default:
			b.WriteString(" | ")
		}
		b.WriteString(part)
	}
	return paren(b.String())
}

func paren(expr string) string {
	if strings.ContainsAny(expr, " ") {
		return "(" + expr + ")"
	}
	return expr
}

func (w *archWriter) options(o *Options) {
	s := &source{}
	from, to := w.goType(w.from, w.from.of(o.Rule.Type)), w.goType(w.to, w.to.of(o.Rule.Type))
	s.doc("%s", wrap(fmt.Sprintf("%s returns the %s level and %s that mean the same as %s's, and whether there are any.",
		o.Rule.Name, w.to.Title, o.Rule.What, w.from.Title)))
	s.line("func %s(level, option %s) (toLevel, toOption %s, ok bool) {", o.Rule.Name, from, to)
	s.line("\tswitch level {")
	file := ""
	typ, toType := w.from.of(o.Rule.Type), w.to.of(o.Rule.Type)
	movedFrom := func(l Row) {
		for _, m := range o.Moved {
			if m.Level.FromVal == l.FromVal {
				s.line("\t\tif option == %s {\n\t\t\treturn %s, %s, true\n\t\t}", w.constant(w.from, m.Option.From, typ),
					w.constant(w.to, m.Level.To, toType), w.constant(w.to, m.Option.To, toType))
			}
		}
	}
	levels := map[uint64]bool{}
	for _, l := range o.Levels {
		levels[l.FromVal] = true
		s.line("\tcase %s:", w.constant(w.from, l.From, w.from.of(o.Rule.Type)))
		movedFrom(l.Row)
		s.line("\t\ttoOption, ok = %s(option)", l.Domain.Rule.Name)
		s.line("\t\treturn %s, toOption, ok", w.constant(w.to, l.To, w.to.of(o.Rule.Type)))
		if file == "" {
			file = w.domainFile(l.Domain)
		}
	}
	for _, m := range o.Moved {
		if levels[m.Level.FromVal] {
			continue
		}
		levels[m.Level.FromVal] = true
		s.line("\tcase %s:", w.constant(w.from, m.Level.From, typ))
		movedFrom(m.Level)
	}
	s.line("\t}\n\treturn 0, 0, false\n}")
	if o.Rule.File != "" {
		file = emit.FileBase(o.Rule.File)
	}
	w.add("func "+o.Rule.Name, file, s)
	if o.Values != nil {
		w.values(o, file)
	}
}
