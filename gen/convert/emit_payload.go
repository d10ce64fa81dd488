package convert

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/gen/emit"
)

// A frame is where the code for a payload stands: how it fails and succeeds.
type frame struct {
	in        string // indent
	record    string // the type that errors name
	member    string // the member that errors about a value name
	badLength string // the error for a payload of a wrong length
	number    string // the number that a record's parameter is by default
	fail      func(err string) string
	done      func(size string) string
}

// load writes the conversion of the payload in src to dst.
func (w *archWriter) load(s *source, l *Load, f frame) {
	in := f.in
	space := func(size string) {
		s.line("%sif len(dst) < %s {\n%s\t%s\n%s}", in, size, in, f.fail(fmt.Sprintf("@abi.NoSpace(%q, \"\", %s)", f.record, size)), in)
	}
	switch {
	case l.Record != nil && l.Record.Hook == "" || l.Record != nil:
		r := l.Record
		s.line("%sif len(src) != %d {\n%s\t%s\n%s}", in, r.From.C.Size, in, f.fail(fmt.Sprintf("@abi.BadLength(%q, \"\", len(src))", r.name())), in)
		s.line("%svar source @%s.%s\n%svar value @%s.%s", in, w.from.Name, r.From.Go, in, w.to.Name, r.To.Go)
		s.line("%scopy(@abi.AsBytes(&source), src)", in)
		s.line("%sif err := %s(&value, &source%s); err != nil {\n%s\t%s\n%s}", in, w.converter(r), w.param(l, f), in, f.fail("err"), in)
		space(fmt.Sprint(r.To.C.Size))
		s.line("%s%s", in, f.done("copy(dst, @abi.AsBytes(&value))"))
	case l.Payload.Elements > 0:
		if l.Payload.Elements > 1 {
			s.line("%sif len(src)%%%d != 0 {\n%s\t%s\n%s}", in, l.Payload.Elements, in, f.fail(f.badLength), in)
		}
		space("len(src)")
		s.line("%s%s", in, f.done("copy(dst, src)"))
	case l.fromInt != nil:
		w.integer(s, l, f, space)
	case l.limit > 0:
		s.line("%stext := @abi.StringLen(src)", in)
		s.line("%sif text >= %d {\n%s\t%s\n%s}", in, l.limit, in, f.fail(fmt.Sprintf("@abi.BadString(%q, %q, text)", f.record, f.member)), in)
		space("text+1")
		s.line("%scopy(dst, src[:text])\n%sdst[text] = 0\n%s%s", in, in, in, f.done("text + 1"))
	default:
		call := l.Hook
		if l.Via != nil {
			call = l.Via.Rule.Name
		}
		s.line("%ssize, err := %s(dst, src)\n%sif err != nil {\n%s\t%s\n%s}\n%s%s", in, w.function(call), in, in, f.fail("err"), in, in, f.done("size"))
	}
}

// converter returns the function that converts a record.
func (w *archWriter) converter(r *Record) string {
	if r.Hook != "" {
		return w.function(r.Hook)
	}
	return r.function()
}

// param writes the parameter of a record's converter, with a comma in front.
func (w *archWriter) param(l *Load, f frame) string {
	switch {
	case l.Record.Rule.Param == "":
		return ""
	case l.Param != nil:
		return ", " + w.constant(w.from, l.Param.From, "")
	}
	return ", uint64(" + f.number + ")"
}

// integer writes a payload that is one integer, perhaps of another width on each
// side.
func (w *archWriter) integer(s *source, l *Load, f frame, space func(string)) {
	in, from, to := f.in, l.fromInt, l.toInt
	if !l.Payload.Byte || from.Size == 1 {
		s.line("%sif len(src) != %d {\n%s\t%s\n%s}", in, from.Size, in, f.fail(f.badLength), in)
		space(fmt.Sprint(to.Size))
		s.line("%svar value %s\n%scopy(@abi.AsBytes(&value), src)", in, from, in)
	} else {
		s.line("%svar value %s", in, from)
		s.line("%sswitch len(src) {\n%scase 1:\n%s\tvalue = %s(src[0])", in, in, in, from)
		s.line("%scase %d:\n%s\tcopy(@abi.AsBytes(&value), src)", in, from.Size, in)
		s.line("%sdefault:\n%s\t%s\n%s}", in, in, f.fail(f.badLength), in)
		space(fmt.Sprint(to.Size))
	}
	value := "value"
	switch {
	case !l.Payload.Bool.none():
		s.line("%svar result %s\n%sif value != 0 {\n%s\tresult = 1\n%s}", in, to, in, in, in)
	case l.Domain != nil:
		d := l.Domain
		s.line("%smapped, ok := %s(%s(value))", in, d.Rule.Name, w.goType(w.from, d.FromType))
		s.line("%sif !ok {\n%s\t%s\n%s}", in, in, f.fail(fmt.Sprintf("@abi.NoCounterpart(%q, %q, value)", f.record, f.member)), in)
		s.line("%sresult := %s(mapped)", in, to)
	default:
		if cond := outside(value, from.String(), from.Signed, from.Size, to); cond != "" {
			s.line("%sif %s {\n%s\t%s\n%s}", in, cond, in, f.fail(fmt.Sprintf("@abi.OutOfRange(%q, %q, value)", f.record, f.member)), in)
		}
		s.line("%sresult := %s(value)", in, to)
	}
	s.line("%s%s", in, f.done("copy(dst, @abi.AsBytes(&result))"))
}

// what tells how a payload is converted, for comments.
func (l *Load) what() string {
	switch {
	case l.Record != nil:
		return cDecl(l.Record.From)
	case l.Payload.Elements == 1:
		return "bytes"
	case l.Payload.Elements > 0:
		return fmt.Sprintf("elements of %d bytes", l.Payload.Elements)
	case !l.Payload.Bool.none():
		return "a truth value"
	case l.Domain != nil:
		return "a number by " + l.Domain.Rule.Name
	case l.fromInt != nil:
		return "an integer"
	case l.limit > 0:
		return "a string"
	case l.Via != nil:
		return "by " + l.Via.Rule.Name
	case l.Hook != "":
		return "by " + l.Hook
	}
	return "left out: " + oneLine(l.Payload.Drop)
}

// values writes the function that translates options with what they hold.
func (w *archWriter) values(o *Options, file string) {
	v := o.Values
	s := &source{}
	name := v.Rule.Name
	from, to := w.goType(w.from, w.from.of(o.Rule.Type)), w.goType(w.to, w.to.of(o.Rule.Type))
	s.doc("%s", wrap(fmt.Sprintf("%s returns the %s level and %s that mean the same as %s's, like [%s], and writes the value in src to "+
		"dst in %s form; n is its length. The buffers need no alignment and may overlap. On error dst is unchanged.",
		name, w.to.Title, o.Rule.What, w.from.Title, o.Rule.Name, w.to.Title)))
	s.line("//")
	for _, value := range v.Values {
		for _, r := range value.Options {
			s.line("//\t%s %s: %s", value.Level.From, r.From, value.what())
		}
	}
	s.line("func %s(level, option %s, dst, src []byte) (toLevel, toOption %s, n int, err error) {", name, from, to)
	s.line("\ttoLevel, toOption, ok := %s(level, option)", o.Rule.Name)
	s.line("\tif !ok {\n\t\treturn 0, 0, 0, @abi.NoCounterpart(%q, \"\", option)\n\t}", o.Rule.What)
	s.line("\tn, err = %s(level, option, dst, src)", emit.Unexport(name))
	s.line("\tif err != nil {\n\t\treturn 0, 0, 0, err\n\t}\n\treturn toLevel, toOption, n, nil\n}")
	w.add("func "+name, file, s)

	s = &source{}
	s.doc("%s", wrap(fmt.Sprintf("%s translates what the option holds that %s is for.", emit.Unexport(name), name)))
	s.line("func %s(level, option %s, dst, src []byte) (int, error) {", emit.Unexport(name), from)
	s.line("\tswitch level {")
	typ := w.from.of(o.Rule.Type)
	done := map[uint64]bool{}
	for _, value := range v.Values {
		if done[value.Level.FromVal] {
			continue
		}
		done[value.Level.FromVal] = true
		s.line("\tcase %s:\n\t\tswitch option {", w.constant(w.from, value.Level.From, typ))
		for _, other := range v.Values {
			if other.Level.FromVal != value.Level.FromVal {
				continue
			}
			var names []string
			for _, r := range other.Options {
				names = append(names, w.constant(w.from, r.From, typ))
			}
			s.line("\t\tcase %s:", strings.Join(names, ",\n\t\t\t"))
			if other.Payload.Drop != "" {
				s.line("\t\t\treturn 0, nil // %s", oneLine(other.Payload.Drop))
				continue
			}
			w.load(s, other.Load, byteFrame("\t\t\t", o.Rule.What, other.Options[0].From, "option"))
		}
		s.line("\t\t}")
	}
	s.line("\t}\n\treturn 0, @abi.NoCounterpart(%q, \"\", option)\n}", o.Rule.What)
	w.add("func "+emit.Unexport(name), file, s)
}

// byteFrame is the frame of a function that returns (int, error).
func byteFrame(in, record, member, number string) frame {
	return frame{
		in: in, record: record, member: member, number: number,
		badLength: fmt.Sprintf("@abi.BadLength(%q, %q, len(src))", record, member),
		fail:      func(err string) string { return "return 0, " + err },
		done:      func(size string) string { return "return " + size + ", nil" },
	}
}
