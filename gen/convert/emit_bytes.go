package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

// union writes the converter of a structure of varying length.
func (w *archWriter) union(u *Union) {
	s := &source{}
	name := u.Rule.Name
	record := strings.TrimPrefix(u.From.C.Name, "struct ")
	s.doc("%s", wrap(fmt.Sprintf("%s writes the %s %s in src to dst in %s form and returns its length. "+
		"%s tells which it is. The buffers need no alignment and may overlap. On error dst is unchanged.", name, w.from.Title, record, w.to.Title, u.FromTag.Name)))
	s.line("//")
	for _, v := range u.Variants {
		s.line("//\t%s = %s: %s", v.Tag.From, v.Tag.To, v.what())
	}
	s.line("func %s(dst, src []byte) (int, error) {", name)
	s.line("\tif len(src) < %d {\n\t\treturn 0, @abi.Truncated(%q, \"\", len(src))\n\t}", headerSize(u.FromTag, u.FromLen), record)
	if f := u.FromLen; f != nil {
		s.line("\tif n := int(%s); n != 0 {", load("src", f))
		s.line("\t\tif n < %d || n > len(src) {\n\t\t\treturn 0, @abi.BadLength(%q, %q, n)\n\t\t}", headerSize(u.FromTag, u.FromLen), record, f.Name)
		s.line("\t\tsrc = src[:n]\n\t}")
	}
	s.line("\tswitch tag := %s; tag {", load("src", u.FromTag))
	seen := map[uint64]bool{}
	for _, v := range u.Variants {
		if seen[v.Tag.FromVal] {
			continue
		}
		seen[v.Tag.FromVal] = true
		s.line("\tcase %s:", w.constant(w.from, v.Tag.From, w.fieldType(w.from, u.FromTag)))
		w.variant(s, u, v)
	}
	s.line("\tdefault:\n\t\treturn 0, @abi.NoCounterpart(%q, %q, tag)\n\t}\n}", record, u.FromTag.Name)
	file := w.fileOf(u.From, u.To)
	if u.Rule.File != "" {
		file = emit.FileBase(u.Rule.File)
	}
	w.add("func "+name, file, s)
}

func (w *archWriter) fieldType(s *side, f *namespace.Field) string {
	return f.Type.String()
}

// what tells how a variant is converted, for the comment of the converter.
func (v *Variant) what() string {
	switch {
	case v.Rule.Empty:
		return "the header alone"
	case v.Hook != "":
		return "by " + v.Hook
	case v.FromText != nil:
		return cDecl(v.FromRec) + " as far as " + v.FromText.Name + " goes"
	}
	return cDecl(v.FromRec) + " to " + cDecl(v.ToRec)
}

// headerSize is the number of bytes up to the end of tag and length.
func headerSize(fields ...*namespace.Field) int64 {
	n := int64(0)
	for _, f := range fields {
		if f != nil {
			n = max(n, f.Offset+f.Size)
		}
	}
	return n
}

// load reads an unsigned member of up to 8 bytes out of a byte slice.
func load(slice string, f *namespace.Field) string {
	if f.Size == 1 {
		return fmt.Sprintf("%s[%d]", slice, f.Offset)
	}
	return fmt.Sprintf("@binary.NativeEndian.Uint%d(%s[%d:])", 8*f.Size, slice, f.Offset)
}

// store writes one.
func store(slice string, f *namespace.Field, value string) string {
	if f.Size == 1 {
		return fmt.Sprintf("%s[%d] = %s", slice, f.Offset, value)
	}
	return fmt.Sprintf("@binary.NativeEndian.PutUint%d(%s[%d:], %s)", 8*f.Size, slice, f.Offset, value)
}

// variant writes the body of one case.
func (w *archWriter) variant(s *source, u *Union, v *Variant) {
	tag := w.constant(w.to, v.Tag.To, w.fieldType(w.to, u.ToTag))
	switch {
	case v.Hook != "":
		s.line("\t\treturn %s(dst, src)", w.function(v.Hook))
	case v.Rule.Empty:
		n := headerSize(u.ToTag, u.ToLen)
		s.line("\t\tif len(dst) < %d {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", %d)\n\t\t}", n, strings.TrimPrefix(u.To.C.Name, "struct "), n)
		if u.ToLen != nil {
			s.line("\t\t%s", store("dst", u.ToLen, fmt.Sprint(n)))
		}
		s.line("\t\t%s\n\t\treturn %d, nil", store("dst", u.ToTag, tag), n)
	case v.FromText != nil:
		name := strings.TrimPrefix(v.FromRec.C.Name, "struct ")
		s.line("\t\ttext, err := @abi.PathBytes(%q, %q, src[%d:], %d, %d)", name, v.FromText.Name, v.FromText.Offset, v.FromText.Size, v.Limit)
		s.line("\t\tif err != nil {\n\t\t\treturn 0, err\n\t\t}")
		s.line("\t\tn := %d + len(text)", v.ToText.Offset)
		s.line("\t\tif len(dst) < n {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", n)\n\t\t}", name)
		s.line("\t\tcopy(dst[%d:], text)", v.ToText.Offset)
		if u.ToLen != nil {
			s.line("\t\t%s", store("dst", u.ToLen, fmt.Sprintf("uint%d(n)", 8*u.ToLen.Size)))
		}
		s.line("\t\t%s\n\t\treturn n, nil", store("dst", u.ToTag, tag))
	default:
		w.copyIn(s, "\t\t", v.Record, "src", "0, ", "Truncated", "<")
		size := v.ToRec.C.Size
		s.line("\t\tif len(dst) < %d {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", %d)\n\t\t}", size, strings.TrimPrefix(v.ToRec.C.Name, "struct "), size)
		s.line("\t\treturn copy(dst, @abi.AsBytes(&to)), nil")
	}
}

// copyIn writes: check the length of the slice, copy it to a local, convert it
// to another local named to.
func (w *archWriter) copyIn(s *source, indent string, r *Record, slice, zero, fault, op string) {
	s.line("%sif len(%s) %s %d {\n%s\treturn %s@abi.%s(%q, \"\", len(%s))\n%s}", indent, slice, op, r.From.C.Size, indent, zero, fault, r.name(), slice, indent)
	s.line("%svar from @%s.%s\n%svar to @%s.%s", indent, w.from.Name, r.From.Go, indent, w.to.Name, r.To.Go)
	s.line("%scopy(@abi.AsBytes(&from), %s)", indent, slice)
	s.line("%sif err := %s(&to, &from); err != nil {\n%s\treturn %serr\n%s}", indent, w.converter(r), indent, zero, indent)
}

// chain writes the converter of a sequence of messages.
func (w *archWriter) chain(c *Chain) {
	s := &source{}
	name, record := c.Rule.Name, strings.TrimPrefix(c.From.C.Name, "struct ")
	fromData, toData := alignUp(c.From.C.Size, c.FromAlign), alignUp(c.To.C.Size, c.ToAlign)
	payload := emit.Unexport(name) + "Payload"

	s.doc("%s", wrap(fmt.Sprintf("%s writes the %s chain of %s messages in src to dst in %s form and returns its length. "+
		"Headers, padding and payloads are laid out anew. A length that lies is an error, and so is a message without a "+
		"counterpart. On error what dst holds is undefined.", name, w.from.Title, record, w.to.Title)))
	s.line("//")
	for _, m := range c.Messages {
		s.line("//\t%s %s = %s %s: %s", m.Level.From, m.Type.From, m.Level.To, m.Type.To, m.what())
	}
	s.line("func %s(dst, src []byte) (int, error) {", name)
	s.line("\tconst (\n\t\tfromData, fromAlign = %d, %d\n\t\ttoData, toAlign = %d, %d\n\t)", fromData, c.FromAlign, toData, c.ToAlign)
	s.line("\tif @abi.Overlap(dst, src) {\n\t\treturn 0, @abi.ErrOverlap\n\t}")
	s.line("\tdst = dst[:min(len(dst), @math.MaxInt32)]")
	s.line("\tn := 0")
	s.line("\tfor len(src) > 0 {")
	s.line("\t\tvar from @%s.%s\n\t\tvar to @%s.%s", w.from.Name, c.From.Go, w.to.Name, c.To.Go)
	s.line("\t\tif len(src) < len(@abi.AsBytes(&from)) {\n\t\t\treturn 0, @abi.Truncated(%q, \"\", len(src))\n\t\t}", record)
	s.line("\t\tcopy(@abi.AsBytes(&from), src)")
	s.line("\t\tif from.%[1]s < fromData || uint64(from.%[1]s) > uint64(len(src)) {\n\t\t\treturn 0, @abi.BadLength(%[2]q, %[3]q, from.%[1]s)\n\t\t}",
		c.FromLen.Go, record, c.FromLen.Name)
	s.line("\t\tif len(dst)-n < toData {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", n+toData)\n\t\t}", record)
	merged := ""
	if c.merges() {
		merged = "dst[:n], "
	}
	s.line("\t\tkeep, size, err := %s(&to, &from, %sdst[n+toData:], src[fromData:from.%s])", payload, merged, c.FromLen.Go)
	s.line("\t\tif err != nil {\n\t\t\treturn 0, err\n\t\t}")
	s.line("\t\tif keep {")
	s.line("\t\t\tto.%s = %s(toData + size)", c.ToLen.Go, c.ToLen.Type)
	s.line("\t\t\tclear(dst[n : n+toData])")
	s.line("\t\t\tcopy(dst[n:], @abi.AsBytes(&to))")
	s.line("\t\t\tend := min(n+(toData+size+toAlign-1)&^(toAlign-1), len(dst))")
	s.line("\t\t\tclear(dst[n+toData+size : end])")
	s.line("\t\t\tn = end\n\t\t}")
	s.line("\t\tsrc = src[min((int(from.%s)+fromAlign-1)&^(fromAlign-1), len(src)):]", c.FromLen.Go)
	s.line("\t}\n\treturn n, nil\n}")
	file := w.fileOf(c.From, c.To)
	if c.Rule.File != "" {
		file = emit.FileBase(c.Rule.File)
	}
	w.add("func "+name, file, s)

	s = &source{}
	w.payload(s, c, payload, record)
	w.add("func "+payload, file, s)
	if c.merges() {
		s = &source{}
		w.find(s, c)
		w.add("func "+c.finder(), file, s)
	}
}

// merges reports whether a message may be put into one that is there already.
func (c *Chain) merges() bool {
	return slices.ContainsFunc(c.Messages, func(m *Message) bool { return m.Merged != nil })
}

func (c *Chain) finder() string { return emit.Unexport(c.Rule.Name) + "Find" }

// find writes the function that looks for a message in what is already written.
func (w *archWriter) find(s *source, c *Chain) {
	s.doc("%s", wrap(fmt.Sprintf("%s returns the payload of the first message of that level and type in a chain of well-formed ones, or nil.", c.finder())))
	s.line("func %s(chain []byte, level %s, typ %s) []byte {", c.finder(), c.ToLevel.Type, c.ToType.Type)
	s.line("\tfor len(chain) >= %d {\n\t\tvar h @%s.%s\n\t\tcopy(@abi.AsBytes(&h), chain)", alignUp(c.To.C.Size, c.ToAlign), w.to.Name, c.To.Go)
	s.line("\t\tif h.%s == level && h.%s == typ {\n\t\t\treturn chain[%d:h.%s]\n\t\t}", c.ToLevel.Go, c.ToType.Go, alignUp(c.To.C.Size, c.ToAlign), c.ToLen.Go)
	s.line("\t\tchain = chain[min((int(h.%s)+%d)&^%d, len(chain)):]\n\t}\n\treturn nil\n}", c.ToLen.Go, c.ToAlign-1, c.ToAlign-1)
}

// merge writes a message that is put into the one of its type, if there is one.
func (w *archWriter) merge(s *source, c *Chain, m *Message, in, record string) {
	s.line("%svar value @%s.%s", in, w.to.Name, m.Merged.Go)
	s.line("%sold := %s(done, to.%s, to.%s)", in, c.finder(), c.ToLevel.Go, c.ToType.Go)
	s.line("%scopy(@abi.AsBytes(&value), old)", in)
	s.line("%sif err := %s(&value, src); err != nil {\n%s\treturn false, 0, err\n%s}", in, w.function(m.Hook), in, in)
	s.line("%sif old != nil {\n%s\tcopy(old, @abi.AsBytes(&value))\n%s\treturn false, 0, nil\n%s}", in, in, in, in)
	s.line("%sif len(dst) < %d {\n%s\treturn false, 0, @abi.NoSpace(%q, \"\", %d)\n%s}", in, m.Merged.C.Size, in, record, m.Merged.C.Size, in)
	s.line("%sreturn true, copy(dst, @abi.AsBytes(&value)), nil", in)
}

func alignUp(n, align int64) int64 { return (n + align - 1) &^ (align - 1) }

// payload writes the function that translates one message's level, type and
// payload.
func (w *archWriter) payload(s *source, c *Chain, name, record string) {
	s.doc("%s", wrap(fmt.Sprintf("%s translates level, type and payload of one message. It returns whether the message is kept, "+
		"and the size of the payload in dst.", name)))
	merged := ""
	if c.merges() {
		merged = "done, "
	}
	s.line("func %s(to *@%s.%s, from *@%s.%s, %sdst, src []byte) (keep bool, size int, err error) {",
		name, w.to.Name, c.To.Go, w.from.Name, c.From.Go, merged)
	s.line("\tswitch from.%s {", c.FromLevel.Go)
	done := map[uint64]bool{}
	for _, m := range c.Messages {
		if done[m.Level.FromVal] {
			continue
		}
		done[m.Level.FromVal] = true
		s.line("\tcase %s:", w.constant(w.from, m.Level.From, c.FromLevel.Type.String()))
		s.line("\t\tto.%s = %s", c.ToLevel.Go, w.constant(w.to, m.Level.To, c.ToLevel.Type.String()))
		s.line("\t\tswitch from.%s {", c.FromType.Go)
		for _, m2 := range c.Messages {
			if m2.Level.FromVal == m.Level.FromVal {
				s.line("\t\tcase %s:", w.constant(w.from, m2.Type.From, c.FromType.Type.String()))
				w.message(s, c, m2, record)
			}
		}
		s.line("\t\t}")
	}
	s.line("\tdefault:\n\t\treturn false, 0, @abi.NoCounterpart(%q, %q, from.%s)\n\t}", record, c.FromLevel.Name, c.FromLevel.Go)
	s.line("\treturn false, 0, @abi.NoCounterpart(%q, %q, from.%s)\n}", record, c.FromType.Name, c.FromType.Go)
}

func (w *archWriter) message(s *source, c *Chain, m *Message, record string) {
	const in = "\t\t\t"
	if m.Payload.Drop != "" {
		s.line("%sreturn false, 0, nil // %s", in, oneLine(m.Payload.Drop))
		return
	}
	s.line("%sto.%s = %s", in, c.ToType.Go, w.constant(w.to, m.Type.To, c.ToType.Type.String()))
	if m.Merged != nil {
		w.merge(s, c, m, in, record)
		return
	}
	w.load(s, m.Load, frame{
		in: in, record: record, member: m.Type.From, number: "from." + c.FromType.Go,
		badLength: fmt.Sprintf("@abi.BadLength(%q, %q, from.%s)", record, c.FromLen.Name, c.FromLen.Go),
		fail:      func(err string) string { return "return false, 0, " + err },
		done:      func(size string) string { return "return true, " + size + ", nil" },
	})
}
