package ctype

import (
	"bufio"
	"bytes"
	_ "embed" // for the schema
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// FormatVersion is the version of the JSON form that [Unit.WriteJSON] writes
// and [ReadJSON] reads.
const FormatVersion = 1

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of the JSON form.
func Schema() string { return schema }

// WriteJSON writes the Unit in its JSON form, which docs/abi-description.md
// describes. Each declaration, and each member of a record, is on a line of
// its own. Two equal Units give the same bytes.
func (u *Unit) WriteJSON(w io.Writer) error {
	out := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16), x: u.Index()}
	out.enc = json.NewEncoder(&out.line)
	out.enc.SetEscapeHTML(false)

	out.text("{\n")
	out.key("abigen", FormatVersion, ",")
	out.key("target", u.Target.String(), ",")
	if u.Sysroot != "" {
		out.key("sysroot", u.Sysroot, ",")
	}
	if m, err := u.Target.Model(); err == nil {
		out.key("model", modelJSON(m), ",")
	}
	out.key("headers", orEmpty(u.Headers), ",")
	list(out, "files", u.Files, func(f string) { out.value(f) }, ",")
	list(out, "records", u.Records, out.record, ",")
	list(out, "enums", u.Enums, func(e *Enum) { out.value(enumToJSON(e)) }, ",")
	list(out, "typedefs", u.Typedefs, func(d *Typedef) { out.value(out.typedef(d)) }, ",")
	list(out, "constants", u.Consts, func(c *Const) { out.value(out.constant(c)) }, ",")
	list(out, "functions", u.Funcs, func(f *Func) { out.value(out.function(f)) }, ",")
	list(out, "skipped", u.Skipped, func(s Skipped) { out.value(jsonSkipped{s.Name, s.Reason, posToJSON(s.Pos)}) }, "")
	out.text("}\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// MarshalJSON returns the JSON form.
func (u *Unit) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := u.WriteJSON(&b)
	return b.Bytes(), err
}

// UnmarshalJSON replaces the Unit by the one of a JSON form.
func (u *Unit) UnmarshalJSON(b []byte) error {
	r, err := ReadJSON(bytes.NewReader(b))
	if err == nil {
		*u = *r
	}
	return err
}

// A jsonWriter writes a Unit piece by piece, and keeps the first error.
type jsonWriter struct {
	w    *bufio.Writer
	x    *Index
	line bytes.Buffer // of enc
	enc  *json.Encoder
	err  error
}

func (o *jsonWriter) text(s string) { o.w.WriteString(s) } // the error stays with w until Flush

// value writes v on the current line.
func (o *jsonWriter) value(v any) {
	o.line.Reset()
	if err := o.enc.Encode(v); err != nil && o.err == nil {
		o.err = err
	}
	o.w.Write(bytes.TrimSuffix(o.line.Bytes(), []byte("\n")))
}

func (o *jsonWriter) key(name string, v any, end string) {
	o.text("  \"" + name + "\": ")
	o.value(v)
	o.text(end + "\n")
}

// list writes an array with each element on a line.
func list[T any](o *jsonWriter, name string, elems []T, write func(T), end string) {
	o.text("  \"" + name + "\": [")
	for i, e := range elems {
		if i > 0 {
			o.text(",")
		}
		o.text("\n    ")
		write(e)
	}
	if len(elems) > 0 {
		o.text("\n  ")
	}
	o.text("]" + end + "\n")
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// record writes a record with its members on lines of their own.
func (o *jsonWriter) record(r *Record) {
	j := jsonRecord{
		Name: r.Name, Kind: keyword(r), Tag: r.Tag, C: o.x.CExpr(r.Name), Complete: r.Complete,
		Size: r.Size, Align: r.Align, jsonAttrs: attrsToJSON(r.Attrs), Pos: posToJSON(r.Pos),
	}
	o.line.Reset()
	if err := o.enc.Encode(j); err != nil && o.err == nil {
		o.err = err
	}
	o.w.Write(bytes.TrimSuffix(o.line.Bytes(), []byte("}\n")))
	o.text(`,"members":[`)
	sep := ""
	o.members(r, 0, false, &sep, map[*Record]bool{r: true})
	if sep != "" {
		o.text("\n    ")
	}
	o.text("]}")
}

// members writes the members of r. Those of an anonymous member follow it, as
// C finds them in the record around, with offsets from the start of that one.
// Each record is entered once, which ends the way through those of a Unit that
// claim to be in each other.
func (o *jsonWriter) members(r *Record, base int64, promoted bool, sep *string, seen map[*Record]bool) {
	for _, m := range r.Members {
		j := jsonMember{
			Name: m.Name, C: o.declaration(m), Offset: base + m.Offset, Type: typeToJSON(m.Type),
			jsonAttrs: attrsToJSON(m.Attrs), Promoted: promoted, Pos: posToJSON(m.Pos),
		}
		if m.Type != nil {
			j.Size, j.Align = m.Type.Size, m.Type.Align
		}
		if m.BitField {
			off, width := base*8+m.BitOffset, m.BitWidth
			j.BitOffset, j.BitWidth = &off, &width
		}
		o.text(*sep + "\n      ")
		*sep = ","
		o.value(j)
		if m.Name == "" && !m.BitField && m.Type != nil && m.Type.Kind == RecordRef {
			if in := o.x.Record(m.Type.Name); in != nil && !seen[in] {
				seen[in] = true
				o.members(in, base+m.Offset, true, sep, seen)
			}
		}
	}
}

// declaration spells a member as C declares it, without attributes.
func (o *jsonWriter) declaration(m *Member) string {
	s := declare(m.Type, m.Name, o.x.spellRef)
	if m.BitField {
		s += fmt.Sprintf(" : %d", m.BitWidth)
	}
	return s
}

func enumToJSON(e *Enum) jsonEnum {
	return jsonEnum{
		Name: e.Name, Tag: e.Tag, Complete: e.Complete, Packed: e.Packed,
		Type: typeToJSON(e.Type), Constants: e.Consts, Pos: posToJSON(e.Pos),
	}
}

func (o *jsonWriter) typedef(d *Typedef) jsonTypedef {
	return jsonTypedef{
		Name: d.Name, C: "typedef " + declare(d.Type, d.Name, o.x.spellRef), Type: typeToJSON(d.Type),
		jsonAttrs: attrsToJSON(d.Attrs), Pos: posToJSON(d.Pos),
	}
}

func (o *jsonWriter) function(f *Func) jsonFunc {
	return jsonFunc{
		Name: f.Name, C: declare(f.Type, f.Name, o.x.spellRef), Symbol: f.Symbol,
		Type: typeToJSON(f.Type), Pos: posToJSON(f.Pos),
	}
}

func (o *jsonWriter) constant(c *Const) jsonConst {
	j := jsonConst{
		Name: c.Name, Kind: constKinds.name(int(c.Kind)), Type: typeToJSON(c.Type), Enum: c.Enum, Pos: posToJSON(c.Pos),
	}
	if c.Type != nil {
		j.C = o.x.Spell(c.Type)
	}
	switch c.Kind {
	case ConstFloat:
		j.Value = floatToJSON(c.Float)
	case ConstString:
		j.Value, j.Base64 = stringToJSON(c.String)
	default:
		j.Value = json.RawMessage(c.Int.String())
	}
	if c.Ioctl != nil {
		j.Ioctl = &jsonIoctl{Dir: c.Ioctl.Dir, Group: c.Ioctl.Group, Number: c.Ioctl.Number, Arg: typeToJSON(c.Ioctl.Arg)}
		if c.Ioctl.Arg != nil {
			j.Ioctl.C = o.x.Spell(c.Ioctl.Arg)
		}
	}
	return j
}

// ReadJSON reads a Unit from its JSON form. The fields that only repeat what
// others say are ignored: model, "c" spellings, promoted members, and sizes of
// members beside those of their types.
func ReadJSON(r io.Reader) (*Unit, error) {
	dec := json.NewDecoder(r)
	var j jsonUnit
	if err := dec.Decode(&j); err != nil {
		return nil, fmt.Errorf("ABI description: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("ABI description: text after the end, at byte %d", dec.InputOffset())
	}
	if j.Abigen != FormatVersion {
		return nil, fmt.Errorf("ABI description: format version %d; this program reads %d", j.Abigen, FormatVersion)
	}
	u, err := j.unit()
	if err != nil {
		return nil, fmt.Errorf("ABI description: %w", err)
	}
	return u, nil
}

// quoted joins names for an error message.
func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
