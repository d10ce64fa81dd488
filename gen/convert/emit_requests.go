package convert

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/gen/emit"
)

// requests writes the three functions of a set of requests.
func (w *archWriter) requests(r *Requests) {
	name, what := r.Rule.Name, r.Rule.What
	fromType, toType := w.from.of(r.Rule.Type), w.to.of(r.Rule.Type)
	file := "zrequests"
	if r.Rule.File != "" {
		file = emit.FileBase(r.Rule.File)
	}
	s := &source{}
	s.doc("%s", wrap(fmt.Sprintf("%s returns the %s %s that means the same as %s's request, and whether there is one. "+
		"The size that one system writes into its numbers says nothing about the other's argument.",
		name, w.to.Title, what, w.from.Title)))
	s.line("func %s(request %s) (%s, bool) {\n\tswitch request {", name, fromType, toType)
	for _, q := range r.Requests {
		for _, row := range q.Rows {
			s.line("\tcase %s:\n\t\treturn %s, true", w.constant(w.from, row.From, fromType), w.constant(w.to, row.To, toType))
		}
	}
	s.line("\t}\n\treturn 0, false\n}")
	w.add("func "+name, file, s)

	s = &source{}
	s.doc("%s", wrap(fmt.Sprintf("%sArgument writes the argument of %s's request, which is in src as a program gives it to the kernel, to dst in %s form, "+
		"and returns its length. Of an argument that the request only writes, dst is cleared. The buffers need no alignment. On error dst is unchanged.",
		name, w.from.Title, w.to.Title)))
	s.line("//")
	for _, q := range r.Requests {
		for _, row := range q.Rows {
			s.line("//\t%s: %s", row.From, q.what())
		}
	}
	w.requestFunc(s, name+"Argument", fromType, r, func(q *Request) *Load { return q.In }, func(q *Request) {
		if q.Out == nil {
			s.line("\t\treturn 0, nil")
			return
		}
		switch size := q.Out.size(); {
		case size > 0:
			s.line("\t\tif len(dst) < %d {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", %d)\n\t\t}", size, what, size)
			s.line("\t\tclear(dst[:%d])\n\t\treturn %d, nil", size, size)
		default:
			s.line("\t\tclear(dst)\n\t\treturn len(dst), nil")
		}
	})
	w.add("func "+name+"Argument", file, s)

	s = &source{}
	s.doc("%s", wrap(fmt.Sprintf("%sResult writes the argument of %s's request, which is in src as the kernel has left it, to dst in %s form, and returns its "+
		"length: 0 for a request that writes nothing. The buffers need no alignment. On error dst is unchanged.",
		name, w.from.Title, w.to.Title)))
	w.requestFunc(s, name+"Result", fromType, r, func(q *Request) *Load { return q.Out }, func(*Request) {
		s.line("\t\treturn 0, nil")
	})
	w.add("func "+name+"Result", file, s)
}

// what tells of an argument in both directions, for comments.
func (q *Request) what() string {
	var parts []string
	if q.In != nil {
		parts = append(parts, "in "+q.In.what())
	}
	if q.Out != nil {
		parts = append(parts, "out "+q.Out.what())
	}
	if parts == nil {
		return "no argument"
	}
	return strings.Join(parts, ", ")
}

// size returns the bytes of a result of fixed size, or 0.
func (l *Load) size() int64 {
	switch {
	case l.Record != nil:
		return l.Record.To.C.Size
	case l.toInt != nil:
		return l.toInt.Size
	}
	return 0
}

func (w *archWriter) requestFunc(s *source, name, typ string, r *Requests, end func(*Request) *Load, none func(*Request)) {
	what := r.Rule.What
	s.line("func %s(request %s, dst, src []byte) (int, error) {\n\tswitch request {", name, typ)
	for _, q := range r.Requests {
		var names []string
		for _, row := range q.Rows {
			names = append(names, w.constant(w.from, row.From, typ))
		}
		s.line("\tcase %s:", strings.Join(names, ",\n\t\t"))
		switch l := end(q); {
		case l == nil:
			none(q)
		case l.Payload.Drop != "":
			s.line("\t\treturn 0, nil // %s", oneLine(l.Payload.Drop))
		default:
			w.load(s, l, byteFrame("\t\t", what, q.Rows[0].From, "request"))
		}
	}
	s.line("\t}\n\treturn 0, @abi.NoCounterpart(%q, \"\", request)\n}", what)
}

// sequence writes the converter of records one behind the other.
func (w *archWriter) sequence(q *Sequence) {
	s := &source{}
	r, name := q.Record, q.Rule.Name
	from, to := "@"+w.from.Name+"."+r.From.Go, "@"+w.to.Name+"."+r.To.Go
	param := ""
	if q.Param != nil {
		param = ", " + w.constant(w.from, q.Param.From, "")
	}
	file := w.fileOf(r.From, r.To)
	if q.Rule.File != "" {
		file = emit.FileBase(q.Rule.File)
	}
	record := r.name()
	if q.FromLen == nil {
		s.doc("%s", wrap(fmt.Sprintf("%s writes all of the %s records in src, one behind the other, to dst in %s form, and returns how many bytes they take. "+
			"The buffers need no alignment and must not overlap. On error what dst holds is undefined.", name, cDecl(r.From), w.to.Title)))
		s.line("func %s(dst, src []byte) (int, error) {", name)
		s.line("\tif @abi.Overlap(dst, src) {\n\t\treturn 0, @abi.ErrOverlap\n\t}")
		s.line("\tif len(src)%%%d != 0 {\n\t\treturn 0, @abi.Truncated(%q, \"\", len(src)%%%d)\n\t}", r.From.C.Size, record, r.From.C.Size)
		s.line("\tif n := len(src) / %d; n > len(dst)/%d {\n\t\treturn 0, @abi.NoSpace(%q, \"\", n)\n\t}", r.From.C.Size, r.To.C.Size, record)
		s.line("\tn := 0\n\tfor ; len(src) > 0; src = src[%d:] {", r.From.C.Size)
		s.line("\t\tvar source %s\n\t\tvar value %s\n\t\tcopy(@abi.AsBytes(&source), src)", from, to)
		s.line("\t\tif err := %s(&value, &source%s); err != nil {\n\t\t\treturn 0, err\n\t\t}", w.converter(r), param)
		s.line("\t\tn += copy(dst[n:], @abi.AsBytes(&value))\n\t}\n\treturn n, nil\n}")
		w.add("func "+name, file, s)
		return
	}
	s.doc("%s", wrap(fmt.Sprintf("%s writes all of the %s records in src, each as long as it says, to dst in %s form, and returns how many bytes they take. "+
		"Each is cut behind its %s. The buffers need no alignment and must not overlap. A length that lies is an error. On error what dst holds is undefined.",
		name, cDecl(r.From), w.to.Title, q.ToText.Name)))
	s.line("func %s(dst, src []byte) (int, error) {", name)
	s.line("\tif @abi.Overlap(dst, src) {\n\t\treturn 0, @abi.ErrOverlap\n\t}")
	s.line("\tn := 0\n\tfor len(src) > 0 {")
	s.line("\t\tif len(src) < %d {\n\t\t\treturn 0, @abi.Truncated(%q, \"\", len(src))\n\t\t}", q.FromText.Offset, record)
	s.line("\t\tlength := int(%s)", load("src", q.FromLen))
	s.line("\t\tif length <= %d || length > len(src) {\n\t\t\treturn 0, @abi.BadLength(%q, %q, length)\n\t\t}", q.FromText.Offset, record, q.FromLen.Name)
	s.line("\t\ttext := @abi.StringLen(src[%d:length])", q.FromText.Offset)
	s.line("\t\tif text == length-%d || text >= %d {\n\t\t\treturn 0, @abi.BadString(%q, %q, text)\n\t\t}",
		q.FromText.Offset, min(q.FromText.Size, q.ToText.Size), record, q.FromText.Name)
	s.line("\t\tvar source %s\n\t\tvar value %s", from, to)
	s.line("\t\tcopy(@abi.AsBytes(&source), src[:%d+text])", q.FromText.Offset)
	s.line("\t\tif err := %s(&value, &source%s); err != nil {\n\t\t\treturn 0, err\n\t\t}", w.converter(r), param)
	s.line("\t\tsize := (%d + text + 1 + %d) &^ %d", q.ToText.Offset, q.ToAlign-1, q.ToAlign-1)
	s.line("\t\tif len(dst)-n < size {\n\t\t\treturn 0, @abi.NoSpace(%q, \"\", n+size)\n\t\t}", record)
	s.line("\t\tvalue.%s = %s(size)", q.ToLen.Go, q.ToLen.Type)
	s.line("\t\tclear(dst[n+copy(dst[n:n+size], @abi.AsBytes(&value)) : n+size])")
	s.line("\t\tn += size\n\t\tsrc = src[length:]\n\t}\n\treturn n, nil\n}")
	w.add("func "+name, file, s)
}
