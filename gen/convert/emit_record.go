package convert

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

// A body collects the three parts of a converter while its steps are walked:
// guards that may fail, one clear, assignments.
type body struct {
	w       *archWriter
	record  string // C name for errors
	guards  source
	assigns source
	locals  emit.Names
	clear   bool     // something in the result is not assigned
	zeros   []string // assignments of zero that the clear makes needless
	union   *Step    // the union whose use a parameter tells

	added, mapped, narrowed, widened, pointers, copied, texts, dropped []string
}

// record writes the converter of a pair.
func (w *archWriter) record(r *Record) {
	if r.Hook != "" {
		return // written by hand, in this package or another
	}
	from, to := "@"+w.from.Name+"."+r.From.Go, "@"+w.to.Name+"."+r.To.Go
	param := ""
	if r.Rule.Param != "" {
		param = ", " + r.Rule.Param + " uint64"
	}
	b := &body{w: w, record: r.name()}
	for _, name := range append(types.Universe.Names(), // a local must not hide what the body uses
		"dst", "src", "ok", "err", r.Rule.Param, "abi", "math", "bits", "word", "unsafe", "binary", w.from.Name, w.to.Name) {
		b.locals.Take(name)
	}
	s := &source{}
	if r.Via != nil {
		w.through(s, r)
		return
	}
	if r.From.Bytes && r.To.Bytes {
		b.copied = append(b.copied, "all")
		b.doc(s, r)
		s.line("func %s(dst *%s, src *%s) error {", r.function(), to, from)
		s.line("\t*dst = %s(*src)\n\treturn nil\n}", to)
		w.add("func "+r.function(), w.fileOf(r.From, r.To), s)
		return
	}
	if r.large() {
		b.whole(r)
		b.doc(s, r)
		s.line("func %s(dst *%s, src *%s) error {", r.function(), to, from)
		s.line("\tcopy(@abi.AsBytes(dst), @abi.AsBytes(src))\n\treturn nil\n}")
		w.add("func "+r.function(), w.fileOf(r.From, r.To), s)
		return
	}
	b.clear = r.To.Padding
	b.steps(r, "src", "dst", "")
	b.clear = b.clear || len(b.zeros) > 2
	b.doc(s, r)
	s.line("func %s(dst *%s, src *%s%s) error {", r.function(), to, from, param)
	s.WriteString(b.guards.String())
	if b.union != nil {
		b.cases(s, to)
	} else {
		b.result(s, to)
	}
	s.line("\treturn nil\n}")
	w.add("func "+r.function(), w.fileOf(r.From, r.To), s)
}

// large reports whether a record that is copied whole has more members than are
// worth an assignment each. Go does not convert between structs of two packages
// that have blank fields, so the copy is one of memory.
func (r *Record) large() bool { return r.Whole && !r.From.Bytes && len(r.Steps) > 8 }

// through writes the converter of a record whose bytes a union converts.
func (w *archWriter) through(s *source, r *Record) {
	from, to := "@"+w.from.Name+"."+r.From.Go, "@"+w.to.Name+"."+r.To.Go
	s.doc("%s", wrap(fmt.Sprintf("%s writes src to dst in %s form, by way of [%s]. On error dst is unchanged. Mapped: all.",
		r.function(), w.to.Title, r.Via.Rule.Name)))
	s.line("//")
	s.line("//\t%s %s, from %s", w.from.Title, cDecl(r.From), headerOf(r.From))
	s.line("//\t%s %s, from %s", w.to.Title, cDecl(r.To), headerOf(r.To))
	s.line("func %s(dst *%s, src *%s) error {", r.function(), to, from)
	s.line("\tvar result %s", to)
	s.line("\tif _, err := %s(@abi.AsBytes(&result), @abi.AsBytes(src)); err != nil {\n\t\treturn err\n\t}", r.Via.Rule.Name)
	s.line("\t*dst = result\n\treturn nil\n}")
	w.add("func "+r.function(), w.fileOf(r.From, r.To), s)
}

// whole lists the members of a record that is copied as one.
func (b *body) whole(r *Record) {
	for _, s := range r.Steps {
		if pointer(s.From.Type) {
			b.pointers = append(b.pointers, s.From.Name)
		} else {
			b.copied = append(b.copied, s.From.Name)
		}
	}
}

func pointer(t *namespace.Type) bool { return t.Kind == namespace.Addr }

// doc writes the comment of a converter.
func (b *body) doc(s *source, r *Record) {
	w := b.w
	var parts []string
	list := func(word string, names []string) {
		if len(names) > 0 {
			parts = append(parts, word+": "+strings.Join(names, ", ")+".")
		}
	}
	list("Added", b.added)
	list("Mapped", b.mapped)
	list("Narrowed", b.narrowed)
	list("Widened", b.widened)
	list("Up to the NUL", b.texts)
	list("Copied, not followed", b.pointers)
	switch {
	case len(b.copied) > 3 && len(parts) > 0:
		parts = append(parts, "Copied: the rest.")
	case len(b.copied) > 0:
		list("Copied", b.copied)
	}
	list("Dropped", b.dropped)
	s.doc("%s", wrap(fmt.Sprintf("%s writes src to dst in %s form. On error dst is unchanged. %s", r.function(), w.to.Title, strings.Join(parts, " "))))
	s.line("//")
	s.line("//\t%s %s, from %s", w.from.Title, cDecl(r.From), headerOf(r.From))
	s.line("//\t%s %s, from %s", w.to.Title, cDecl(r.To), headerOf(r.To))
}

// cDecl names a record as C does.
func cDecl(r *namespace.Record) string {
	if strings.Contains(r.C.Name, " ") {
		return r.C.Name
	}
	if r.C.Union {
		return "union " + r.C.Name
	}
	return r.C.Name
}

// get reads a member, set writes one.
func get(path string, f *namespace.Field) string {
	switch f.Form {
	case namespace.Plain:
		return path + "." + f.Go
	case namespace.Pointer:
		return "*" + path + "." + f.Go + "()"
	}
	return path + "." + f.Go + "()"
}

func set(path string, f *namespace.Field, expr string) string {
	switch f.Form {
	case namespace.Plain:
		return path + "." + f.Go + " = " + expr
	case namespace.Pointer:
		return "*" + path + "." + f.Go + "() = " + expr
	}
	return path + ".Set" + f.Go + "(" + expr + ")"
}

// inside is the path of a member that other members are selected from.
func inside(path string, f *namespace.Field) string {
	if f.Form == namespace.Plain {
		return path + "." + f.Go
	}
	return path + "." + f.Go + "()"
}

// steps walks the decisions of a record that lies at the given paths; prefix
// is the C path in front of its members, with a dot.
func (b *body) steps(r *Record, src, dst, prefix string) {
	for _, s := range r.Steps {
		b.step(s, src, dst, prefix)
	}
}

func (b *body) step(s *Step, src, dst, prefix string) {
	w := b.w
	name := prefix
	if s.From != nil {
		name += s.From.Name
	} else {
		name += s.To.Name
	}
	var value string
	if s.From != nil {
		value = get(src, s.From)
	}
	if s.Limit != 0 {
		cond := fmt.Sprintf("%s > %d", value, s.Limit)
		if signed(s.From.Type) {
			cond = value + " < 0 || " + cond
		}
		b.guard(cond, "OutOfRange", name, value)
	}
	switch s.Decision {
	case Drop:
		if !s.reserved {
			b.dropped = append(b.dropped, name)
		}
	case Add:
		if s.Default != "" {
			b.assign(set(dst, s.To, w.constant(w.to, s.Default, typeName(w.to, s.To.Type))))
			b.added = append(b.added, name+" ("+s.Default+")")
			break
		}
		b.zero(s, dst)
		if !s.reserved {
			b.added = append(b.added, name+" (0)")
		}
	case Length:
		b.added = append(b.added, name)
		b.assign(set(dst, s.To, "@"+w.to.Name+"."+s.sized.Sizeof))
	case Copy, Widen:
		switch {
		case s.Decision == Widen:
			b.widened = append(b.widened, name)
		case pointer(s.From.Type):
			b.pointers = append(b.pointers, name)
		default:
			b.copied = append(b.copied, name)
		}
		if f, t := s.From.Type.Kind, s.To.Type.Kind; f == namespace.Named || t == namespace.Named || (f == namespace.Bytes || t == namespace.Bytes) && f != t {
			b.assignBytes(s, src, dst)
			break
		}
		b.assign(set(dst, s.To, b.convert(value, s.From.Type, s.To.Type)))
	case Narrow:
		b.narrowed = append(b.narrowed, name)
		b.guardRange(value, w.from, s.From.Type, s.To.Type, name, value)
		if s.overflows() {
			b.guard(outsideBits(value, s), "OutOfRange", name, value)
		}
		b.assign(set(dst, s.To, b.convert(value, s.From.Type, s.To.Type)))
	case Map:
		b.mapped = append(b.mapped, name)
		b.assign(set(dst, s.To, b.mapped1(s, value, name)))
	case Text:
		b.texts = append(b.texts, name)
		b.text(s, src, dst, name)
	case Nest:
		b.nest(s, src, dst, name)
	case Cases:
		b.mapped = append(b.mapped, name)
		b.union, b.clear = s, true
	case Hook:
		b.mapped = append(b.mapped, name)
		b.hook(s, src, dst)
	case Set:
		b.set(s, src, dst, name)
	case Index:
		b.index(s, src, dst, name)
	case Each:
		b.each(s, src, dst, name)
	case TextLength:
		b.textLength(s, src, dst, name)
	}
}

// zero leaves a member zero: by an assignment when it is small, or else by the
// clear of everything.
func (b *body) zero(s *Step, dst string) {
	t := s.To.Type
	if s.To.Form != namespace.Plain || t.Size > 16 {
		b.clear = true
		return
	}
	value := "0"
	switch t.Kind {
	case namespace.Array, namespace.Bytes, namespace.Named:
		value = typeName(b.w.to, t) + "{}"
	}
	b.zeros = append(b.zeros, set(dst, s.To, value))
}

// assignBytes copies a member's memory, of types Go does not convert.
func (b *body) assignBytes(s *Step, src, dst string) {
	address := func(path string, f *namespace.Field) string {
		if f.Form == namespace.Plain {
			return "&" + path + "." + f.Go
		}
		return path + "." + f.Go + "()"
	}
	b.assign(fmt.Sprintf("copy(@abi.AsBytes(%s), @abi.AsBytes(%s))", address(dst, s.To), address(src, s.From)))
}

func (b *body) assign(stmt string) { b.assigns.line("\t%s", stmt) }

// guard writes a guard that fails with an error of package abi.
func (b *body) guard(cond, fault, member, value string) {
	b.guards.line("\tif %s {\n\t\treturn @abi.%s(%q, %q, %s)\n\t}", cond, fault, b.record, member, value)
}

// convert writes value, of one Go type, as a value of the other.
func (b *body) convert(value string, from, to *namespace.Type) string {
	f, t := typeName(b.w.from, from), typeName(b.w.to, to)
	if f == t {
		return value
	}
	return t + "(" + value + ")"
}

// guardRange writes the guard that value fits in type to, when it may not.
func (b *body) guardRange(value string, s *side, from, to *namespace.Type, member, report string) {
	if cond := outside(value, typeName(s, from), signed(from), from.Size, to); cond != "" {
		b.guard(cond, "OutOfRange", member, report)
	}
}

func signed(t *namespace.Type) bool { return t.Signed || t.Kind == namespace.Int }

// outside returns the condition under which value, of an integer type, is not
// a value of to; empty when there is none.
func outside(value, typ string, sig bool, size int64, to *namespace.Type) string {
	bits := 8 * to.Size
	name := strings.TrimPrefix(strings.TrimPrefix(to.String(), "u"), "int")
	if to.Kind == namespace.Enum {
		name = fmt.Sprint(bits)
	}
	switch {
	case sig && !signed(to) && size > to.Size:
		return fmt.Sprintf("%s < 0 || %s > @math.MaxUint%d", value, value, bits)
	case sig && !signed(to):
		return value + " < 0"
	case !sig && signed(to) && size >= to.Size:
		return fmt.Sprintf("%s > @math.MaxInt%d", value, bits)
	case sig && signed(to) && size > to.Size:
		return fmt.Sprintf("%s(int%s(%s)) != %s", typ, name, value, value)
	case !sig && !signed(to) && size > to.Size:
		return fmt.Sprintf("%s > @math.MaxUint%d", value, bits)
	}
	return ""
}

// outsideBits returns the condition under which value does not fit in the
// bit-field of the result.
func outsideBits(value string, s *Step) string {
	if signed(s.To.Type) {
		n := 64 - s.To.BitWidth
		return fmt.Sprintf("int64(%s)<<%d>>%d != int64(%s)", value, n, n, value)
	}
	return fmt.Sprintf("uint64(%s)>>%d != 0", value, s.To.BitWidth)
}

// mapped1 writes the guards of a mapped value and returns the expression of
// the result, in the type of the step's result. Of flags the highest bit is a
// bit like others, whatever the sign of the type.
func (b *body) mapped1(s *Step, value, member string) string {
	w, d := b.w, s.Domain
	local := b.locals.Take(localName(s.From.Go))
	arg := value
	if domain := basicType(d.FromType); domain != nil && !(d.Rule.Flags && domain.Size == s.From.Type.Size) {
		b.guardRange(value, w.from, s.From.Type, domain, member, value)
	}
	if from := w.goType(w.from, d.FromType); typeName(w.from, s.From.Type) != from {
		arg = from + "(" + value + ")"
	}
	b.guards.line("\t%s, ok := %s(%s)", local, d.Rule.Name, arg)
	b.guard("!ok", "NoCounterpart", member, value)
	if domain := basicType(d.ToType); domain != nil && !(d.Rule.Flags && domain.Size == s.To.Type.Size) {
		b.guardRange(local, w.to, domain, s.To.Type, member, value)
	}
	if t := typeName(w.to, s.To.Type); t != w.goType(w.to, d.ToType) {
		return t + "(" + local + ")"
	}
	return local
}

// localName makes a local variable's name of a member's, the innermost when
// there are several.
func localName(goName string) string {
	return emit.Unexport(goName[strings.LastIndexByte(goName, '.')+1:])
}

// basicType returns a basic integer type by its Go name, or nil.
func basicType(name string) *namespace.Type {
	size, ok := basic[name]
	if !ok {
		return nil
	}
	t := &namespace.Type{Kind: namespace.Uint, Name: name, Size: int64(abs(size))}
	if size < 0 {
		t.Kind, t.Signed = namespace.Int, true
	}
	return t
}

func (b *body) nest(s *Step, src, dst, name string) {
	w, sub := b.w, s.Record
	switch {
	case sub.From.Bytes && sub.To.Bytes:
		b.copied = append(b.copied, name)
		b.assign(set(dst, s.To, "@"+w.to.Name+"."+sub.To.Go+"("+get(src, s.From)+")"))
	case sub.large():
		b.copied = append(b.copied, name)
		b.assignBytes(s, src, dst)
	case sub.Hook != "", sub.Via != nil:
		call := w.function(sub.Hook)
		if sub.Via != nil {
			call = sub.function()
		}
		local := b.locals.Take(localName(s.To.Go))
		b.mapped = append(b.mapped, name)
		b.guards.line("\tvar %s @%s.%s", local, w.to.Name, sub.To.Go)
		b.guards.line("\tif err := %s(&%s, &%s); err != nil {\n\t\treturn err\n\t}", call, local, inside(src, s.From))
		b.assign(set(dst, s.To, local))
	default:
		b.clear = b.clear || sub.To.Padding
		b.steps(sub, inside(src, s.From), inside(dst, s.To), name+".")
	}
}

// result writes the clear and the assignments.
func (b *body) result(s *source, to string) {
	if b.clear {
		s.line("\t*dst = %s{}", to)
	}
	s.WriteString(b.assigns.String())
	if !b.clear {
		for _, stmt := range b.zeros {
			s.line("\t%s", stmt)
		}
	}
}

// cases writes the switch over the uses of the record's union. Each case has
// guards of its own, so each has the clear and all assignments behind them.
func (b *body) cases(s *source, to string) {
	w, step := b.w, b.union
	name, src, dst := step.From.Name, inside("src", step.From), inside("dst", step.To)
	s.line("\tswitch %s {", step.Param)
	seen := map[uint64]bool{}
	for _, c := range step.Cases {
		var tags []string
		for _, t := range c.Tags {
			if !seen[t.FromVal] {
				seen[t.FromVal] = true
				tags = append(tags, w.constant(w.from, t.From, ""))
			}
		}
		if len(tags) == 0 {
			continue
		}
		s.line("\tcase %s:", strings.Join(tags, ", "))
		switch {
		case c.Via != nil:
			local := b.locals.Take(localName(step.To.Go))
			s.line("\tvar %s %s", local, typeName(w.to, step.To.Type))
			s.line("\tif _, err := %s(@abi.AsBytes(&%s), @abi.AsBytes(&%s)); err != nil {\n\t\treturn err\n\t}", c.Via.Rule.Name, local, src)
			b.result(s, to)
			s.line("\t%s", set("dst", step.To, local))
		case c.Step != nil:
			inner := &body{w: w, record: b.record, locals: b.locals}
			inner.step(c.Step, src, dst, name+".")
			s.WriteString(inner.guards.String())
			b.result(s, to)
			s.WriteString(inner.assigns.String())
		default:
			b.result(s, to)
		}
	}
	s.line("\tdefault:\n\t\treturn @abi.NoCounterpart(%q, %q, %s)\n\t}", b.record, step.Param, step.Param)
}
