package ctype

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// names maps a small enumeration to its names in the JSON form, by index.
type names []string

func (n names) name(i int) string {
	if i < len(n) {
		return n[i]
	}
	return "invalid"
}

func (n names) parse(s string) (int, error) {
	for i, name := range n {
		if name == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("kind %q is none of %s", s, quoted(n))
}

var (
	typeKinds = names{
		Invalid: "invalid", Void: "void", Bool: "bool", Int: "int", Float: "float", Complex: "complex", Vector: "vector",
		Pointer: "pointer", Array: "array", Function: "function", RecordRef: "record", EnumRef: "enum", TypedefRef: "typedef",
	}
	constKinds = names{ConstInt: "int", ConstFloat: "float", ConstString: "string"}
)

func posToJSON(p Pos) *jsonPos {
	if p == (Pos{}) {
		return nil
	}
	return &jsonPos{p.File, p.Line, p.Col}
}

func (j *jsonPos) pos() Pos {
	if j == nil {
		return Pos{}
	}
	return Pos{j.File, j.Line, j.Col}
}

func attrsToJSON(a Attrs) jsonAttrs { return jsonAttrs(a) }

func (j jsonAttrs) attrs() Attrs { return Attrs(j) }

func typeToJSON(t *Type) *jsonType {
	if t == nil {
		return nil
	}
	j := &jsonType{
		Kind: typeKinds.name(int(t.Kind)), Name: t.Name, Size: t.Size, Align: t.Align, Signed: t.Signed,
		Const: t.Const, Volatile: t.Volatile, Atomic: t.Atomic,
		Elem: typeToJSON(t.Elem), Variadic: t.Variadic,
	}
	if t.Kind == Array || t.Kind == Vector || t.Len != 0 {
		n := t.Len
		j.Len = &n
	}
	for _, p := range t.Params {
		j.Params = append(j.Params, jsonParam{p.Name, typeToJSON(p.Type)})
	}
	return j
}

// typ turns the JSON form of a type back; nil stays nil.
func (j *jsonType) typ() (*Type, error) {
	if j == nil {
		return nil, nil
	}
	kind, err := typeKinds.parse(j.Kind)
	if err != nil {
		return nil, fmt.Errorf("type: %w", err)
	}
	t := &Type{
		Kind: Kind(kind), Name: j.Name, Size: j.Size, Align: j.Align, Signed: j.Signed,
		Const: j.Const, Volatile: j.Volatile, Atomic: j.Atomic, Variadic: j.Variadic,
	}
	if j.Len != nil {
		t.Len = *j.Len
	}
	if t.Elem, err = j.Elem.typ(); err != nil {
		return nil, err
	}
	switch t.Kind {
	case Pointer, Array, Vector, Function:
		if t.Elem == nil {
			return nil, fmt.Errorf("type of kind %q has no elem", j.Kind)
		}
	}
	for _, p := range j.Params {
		pt, err := need(p.Type)
		if err != nil {
			return nil, err
		}
		t.Params = append(t.Params, Param{p.Name, pt})
	}
	return t, nil
}

// need turns back the type of something that must have one.
func need(j *jsonType) (*Type, error) {
	if j == nil {
		return nil, fmt.Errorf("type is missing")
	}
	return j.typ()
}

// floatToJSON writes a number; what JSON has no number for is a string.
func floatToJSON(f float64) json.RawMessage {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return json.RawMessage(strconv.Quote(strconv.FormatFloat(f, 'g', -1, 64)))
	}
	return json.RawMessage(strconv.FormatFloat(f, 'g', -1, 64))
}

func floatFromJSON(b json.RawMessage) (float64, error) {
	text := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return 0, err
		}
	}
	return strconv.ParseFloat(text, 64)
}

// stringToJSON writes a string, or in base64 bytes that are not UTF-8.
func stringToJSON(s string) (value json.RawMessage, base string) {
	if !utf8.ValidString(s) {
		return nil, base64.StdEncoding.EncodeToString([]byte(s))
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, base64.StdEncoding.EncodeToString([]byte(s))
	}
	return b, ""
}

// unit turns the JSON form back into a Unit.
func (j *jsonUnit) unit() (*Unit, error) {
	target, err := ParseTarget(j.Target)
	if err != nil {
		return nil, err
	}
	u := &Unit{Target: target, Sysroot: j.Sysroot}
	u.Headers = append(u.Headers, j.Headers...)
	u.Files = append(u.Files, j.Files...)
	for _, jr := range j.Records {
		r, err := jr.record()
		if err != nil {
			return nil, fmt.Errorf("record %q: %w", jr.Name, err)
		}
		u.Records = append(u.Records, r)
	}
	for _, je := range j.Enums {
		e := &Enum{Name: je.Name, Tag: je.Tag, Complete: je.Complete, Packed: je.Packed, Pos: je.Pos.pos()}
		e.Consts = append(e.Consts, je.Constants...)
		if e.Type, err = je.Type.typ(); err != nil {
			return nil, fmt.Errorf("enum %q: %w", je.Name, err)
		}
		u.Enums = append(u.Enums, e)
	}
	for _, jd := range j.Typedefs {
		d := &Typedef{Name: jd.Name, Attrs: jd.attrs(), Pos: jd.Pos.pos()}
		if d.Type, err = need(jd.Type); err != nil {
			return nil, fmt.Errorf("typedef %q: %w", jd.Name, err)
		}
		u.Typedefs = append(u.Typedefs, d)
	}
	for _, jc := range j.Constants {
		c, err := jc.constant()
		if err != nil {
			return nil, fmt.Errorf("constant %q: %w", jc.Name, err)
		}
		u.Consts = append(u.Consts, c)
	}
	for _, jf := range j.Functions {
		f := &Func{Name: jf.Name, Symbol: jf.Symbol, Pos: jf.Pos.pos()}
		if f.Type, err = need(jf.Type); err != nil {
			return nil, fmt.Errorf("function %q: %w", jf.Name, err)
		}
		u.Funcs = append(u.Funcs, f)
	}
	for _, js := range j.Skipped {
		u.Skipped = append(u.Skipped, Skipped{js.Name, js.Reason, js.Pos.pos()})
	}
	return u, nil
}

func (j *jsonRecord) record() (*Record, error) {
	r := &Record{
		Name: j.Name, Tag: j.Tag, Union: j.Kind == "union", Complete: j.Complete,
		Attrs: j.attrs(), Size: j.Size, Align: j.Align, Pos: j.Pos.pos(),
	}
	if j.Kind != "struct" && j.Kind != "union" {
		return nil, fmt.Errorf("kind %q is neither struct nor union", j.Kind)
	}
	for _, jm := range j.Members {
		if jm.Promoted {
			continue
		}
		m := &Member{Name: jm.Name, Attrs: jm.attrs(), Offset: jm.Offset, Pos: jm.Pos.pos()}
		if (jm.BitOffset == nil) != (jm.BitWidth == nil) {
			return nil, fmt.Errorf("member %q: bit_offset and bit_width go together", jm.Name)
		}
		if jm.BitWidth != nil {
			m.BitField, m.BitOffset, m.BitWidth = true, *jm.BitOffset, *jm.BitWidth
		}
		var err error
		if m.Type, err = need(jm.Type); err != nil {
			return nil, fmt.Errorf("member %q: %w", jm.Name, err)
		}
		r.Members = append(r.Members, m)
	}
	return r, nil
}

func (j *jsonConst) constant() (*Const, error) {
	c := &Const{Name: j.Name, Enum: j.Enum, Pos: j.Pos.pos()}
	kind, err := constKinds.parse(j.Kind)
	if err != nil {
		return nil, err
	}
	c.Kind = ConstKind(kind)
	if c.Type, err = j.Type.typ(); err != nil {
		return nil, err
	}
	switch {
	case c.Kind == ConstInt:
		err = c.Int.UnmarshalJSON(j.Value)
	case c.Kind == ConstFloat:
		c.Float, err = floatFromJSON(j.Value)
	case j.Base64 != "":
		var b []byte
		b, err = base64.StdEncoding.DecodeString(j.Base64)
		c.String = string(b)
	default:
		err = json.Unmarshal(j.Value, &c.String)
	}
	if err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	if j.Ioctl != nil {
		c.Ioctl = &Ioctl{Dir: j.Ioctl.Dir, Group: j.Ioctl.Group, Number: j.Ioctl.Number}
		if c.Ioctl.Arg, err = j.Ioctl.Arg.typ(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func modelJSON(m *Model) *jsonModel {
	order := "little"
	if m.BigEndian {
		order = "big"
	}
	return &jsonModel{
		ByteOrder: order, CharSigned: m.CharSigned,
		Bool: scalar(m.Bool), Short: scalar(m.Short), Int: scalar(m.Int), Long: scalar(m.Long),
		LongLong: scalar(m.LongLong), Int128: scalar(m.Int128), Pointer: scalar(m.Pointer),
		Float16: scalar(m.Float16), Float: scalar(m.Float), Double: scalar(m.Double),
		LongDouble: scalar(m.LongDouble), Float128: scalar(m.Float128),
		SizeType: m.SizeType, PtrdiffType: m.PtrdiffType, WCharType: m.WCharType,
		WIntType: m.WIntType, IntmaxType: m.IntmaxType, MaxAlign: m.MaxAlign,
	}
}

func scalar(s Scalar) *jsonScalar {
	if s.Size == 0 {
		return nil
	}
	return &jsonScalar{s.Size, s.Align}
}
