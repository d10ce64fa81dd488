package namespace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// A portablePlan is package portable decided upon: records in a form wide
// enough for every target, and how each target lays them out.
type portablePlan struct {
	p       *Plan
	targets []*view
	names   emit.Names
	records []*portableRecord // those asked for and those they contain, inner ones first
	byKey   map[string]*portableRecord
}

// A portableRecord is one C struct as package portable has it.
type portableRecord struct {
	key    string
	c      *ctype.Record // on the first target that has it
	goName string
	fields []*portableField
	layout map[*view]*portableLayout // nothing for a target without it
	checks bool                      // Encode can find a value that does not fit
}

// A portableField is one member.
type portableField struct {
	name    string // C name; for shared storage, of its first member
	goName  string
	typ     portableType
	comment string
}

// A portableType is the Go type of a member: an integer or float of so many
// bytes, a record, or bytes; len is the number of elements of an array, or -1.
type portableType struct {
	kind   TypeKind // Int, Uint, Float, Named, Bytes
	size   int64    // of Int, Uint and Float: the widest of all targets; of Bytes: the longest
	record *portableRecord
	len    int64
}

// A portableLayout is a record on one target.
type portableLayout struct {
	size   int64
	places []place // in the order of fields; the zero value for a member it does not have
}

// A place is where a target has a member.
type place struct {
	present   bool
	offset    int64
	size      int64 // of an element
	len       int64 // of an array, else -1
	signed    bool
	network   bool // big-endian on every target
	bits      bool
	bitOffset int64
	bitWidth  int64
}

// planPortable plans the records of Options.Portable.
func (p *Plan) planPortable() (*portablePlan, error) {
	pp := &portablePlan{
		p:       p,
		targets: append(p.views[:len(p.views):len(p.views)], p.extra...),
		byKey:   make(map[string]*portableRecord),
	}
	for _, name := range []string{"Target", "ErrTarget"} {
		pp.names.Take(name)
	}
	for _, v := range pp.targets {
		pp.names.Take(targetName(v.unit.Target.Arch))
	}
	var errs []error
	for _, name := range p.opt.Portable {
		var c *ctype.Record
		for _, v := range pp.targets {
			if c = v.find(name); c != nil && c.Complete {
				break
			}
		}
		switch {
		case c == nil || !c.Complete:
			errs = append(errs, fmt.Errorf("portable: %s is not a struct with members on any target", name))
		case c.Union:
			errs = append(errs, fmt.Errorf("portable: %s is a union; only a person knows which member counts", name))
		default:
			if _, err := pp.record(c.Name); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return pp, errors.Join(errs...)
}

// record plans a struct and, before it, the structs it contains.
func (pp *portablePlan) record(key string) (*portableRecord, error) {
	if r := pp.byKey[key]; r != nil {
		return r, nil
	}
	r := &portableRecord{key: key, layout: make(map[*view]*portableLayout)}
	pp.byKey[key] = r
	goName := pp.p.goNames[key]
	if goName == "" {
		goName = emit.TypeName(key)
	}
	r.goName = pp.names.Take(goName)
	pp.names.Take("Sizeof" + r.goName)

	index := make(map[string]int) // of fields, by C name
	var fieldNames emit.Names
	for _, method := range []string{"Decode", "Encode"} {
		fieldNames.Take(method)
	}
	for _, v := range pp.targets {
		c := v.index.Record(key)
		if c == nil || !c.Complete {
			continue
		}
		if r.c == nil {
			r.c = c
		}
		layout := &portableLayout{size: c.Size}
		r.layout[v] = layout
		members, err := pp.members(v, c)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			i, ok := index[m.name]
			if !ok {
				i = len(r.fields)
				index[m.name] = i
				f := m.portableField
				f.goName = fieldNames.Take(f.goName)
				r.fields = append(r.fields, &f)
			} else if err := r.fields[i].typ.widen(m.typ); err != nil {
				return nil, fmt.Errorf("portable: %s.%s: %w", key, m.name, err)
			}
			for len(layout.places) <= i {
				layout.places = append(layout.places, place{})
			}
			layout.places[i] = m.place
		}
	}
	for _, layout := range r.layout {
		for len(layout.places) < len(r.fields) {
			layout.places = append(layout.places, place{})
		}
	}
	r.checks = r.needsChecks()
	pp.records = append(pp.records, r)
	return r, nil
}

// A portableMember is a member of a record on one target.
type portableMember struct {
	portableField
	place place
}

// members lists what package portable has of a record on one target: its
// members, and the storage of its anonymous unions as bytes.
func (pp *portablePlan) members(v *view, c *ctype.Record) (list []portableMember, err error) {
	flat, regions := v.flattenRegions(c)
	seen := make(map[int]bool)
	for _, m := range flat {
		if m.shared >= 0 {
			if g := regions[m.shared]; !seen[m.shared] && g.size > 0 {
				seen[m.shared] = true
				list = append(list, portableMember{
					portableField{
						name: m.Name, goName: "Union" + pp.p.fieldName(c.Name, m.Name),
						typ:     portableType{kind: Bytes, size: g.size, len: -1},
						comment: "the union that begins with " + m.Name + ", as the target has it",
					},
					place{present: true, offset: g.offset, size: g.size, len: -1},
				})
			}
			continue
		}
		if m.Type.Size == 0 && !m.BitField {
			continue // a flexible array
		}
		typ, at, err := pp.member(v, m.Type, bareName(c.Name)+"."+m.Name)
		if err != nil {
			return nil, fmt.Errorf("portable: %s.%s: %w", c.Name, m.Name, err)
		}
		at.present, at.offset = true, m.offset
		if m.BitField {
			at.bits, at.bitOffset, at.bitWidth = true, m.bitOffset, m.BitWidth
		}
		comment := m.Name
		if telling(m.Type) && typ.kind != Named {
			comment += " (" + v.spell(m.Type) + ")"
		}
		if at.network {
			comment += ", in network order"
		}
		list = append(list, portableMember{
			portableField{name: m.Name, goName: pp.p.fieldName(c.Name, m.Name), typ: typ, comment: comment}, at})
	}
	return list, nil
}

// member finds the portable type of a C type on one target, and how large the
// target has it.
func (pp *portablePlan) member(v *view, t *ctype.Type, path string) (portableType, place, error) {
	network := v.network[path]
	for n := 0; t.Kind == ctype.TypedefRef && n < 64; n++ {
		network = network || v.network[t.Name]
		d := v.index.Typedef(t.Name)
		if d == nil {
			return portableType{}, place{}, fmt.Errorf("%s is not declared", t.Name)
		}
		t = d.Type
	}
	typ := portableType{size: t.Size, len: -1}
	at := place{size: t.Size, len: -1}
	switch t.Kind {
	case ctype.Array:
		elem, inner, err := pp.member(v, t.Elem, path)
		switch {
		case err != nil:
			return typ, at, err
		case elem.kind == Bytes || elem.len >= 0:
			typ.kind = Bytes // arrays of arrays, of unions: as they are
			return typ, at, nil
		}
		elem.len = t.Len
		return elem, place{size: inner.size, len: t.Len, signed: inner.signed, network: network || inner.network}, nil
	case ctype.RecordRef:
		r := v.index.Record(t.Name)
		if r == nil || !r.Complete || r.Union || v.isBytes(r) {
			typ.kind = Bytes
			return typ, at, nil
		}
		inner, err := pp.record(t.Name)
		typ.kind, typ.record = Named, inner
		return typ, at, err
	case ctype.Pointer:
		typ.kind = Uint
	case ctype.EnumRef:
		typ.kind = Uint
		if e := v.index.Enum(t.Name); e != nil && e.Type != nil && e.Type.Signed {
			typ.kind = Int
		}
	case ctype.Bool:
		typ.kind = Uint
	case ctype.Int:
		typ.kind = Uint
		if t.Signed && t.Name != "char" {
			typ.kind = Int
		}
	case ctype.Float:
		typ.kind = Float
	}
	if typ.kind == Float && t.Size != 4 && t.Size != 8 || typ.kind != Float && t.Size > 8 {
		typ.kind = Bytes
	}
	at.signed = typ.kind == Int
	at.network = network && t.Size <= 8 && (typ.kind == Int || typ.kind == Uint)
	return typ, at, nil
}

// total is the size of a whole value in bytes.
func (t portableType) total() int64 {
	if t.len >= 0 {
		return t.size * t.len
	}
	return t.size
}

// widen makes t hold what another target has.
func (t *portableType) widen(other portableType) error {
	switch {
	case t.record == nil && other.record == nil && (t.kind == Bytes) != (other.kind == Bytes):
		// Such as a long double, which is a double on some targets.
		*t = portableType{kind: Bytes, size: max(t.total(), other.total()), len: -1}
		return nil
	case t.record != other.record:
		return errors.New("a different type on different targets")
	case (t.len >= 0) != (other.len >= 0):
		return errors.New("an array on some targets only")
	case t.kind == Named && t.len != other.len:
		return errors.New("an array of structs whose length differs between targets")
	case t.kind == Int && other.kind == Uint || t.kind == Uint && other.kind == Int:
		t.kind, t.size = Int, 8
	case t.kind != other.kind:
		return errors.New("a different kind of type on different targets")
	}
	t.size = max(t.size, other.size)
	t.len = max(t.len, other.len)
	return nil
}

// needsChecks reports whether a value of the Go type may not fit on a target.
func (r *portableRecord) needsChecks() bool {
	for _, layout := range r.layout {
		for i, f := range r.fields {
			at := layout.places[i]
			switch {
			case !at.present, at.len != f.typ.len, at.bits:
				return true
			case f.typ.kind == Named:
				if f.typ.record.checks {
					return true
				}
			case at.size != f.typ.size, f.typ.kind == Int && !at.signed:
				return true
			}
		}
	}
	return false
}

// signature is equal for targets that lay a record out alike.
func (pp *portablePlan) signature(r *portableRecord, v *view) string {
	layout := r.layout[v]
	if layout == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprint(&b, v.model.BigEndian, layout.size)
	for i, at := range layout.places {
		fmt.Fprint(&b, at)
		if inner := r.fields[i].typ.record; inner != nil {
			b.WriteString("{" + pp.signature(inner, v) + "}")
		}
	}
	return b.String()
}

// fit is equal for targets on which the same values of a record fit.
func (pp *portablePlan) fit(r *portableRecord, v *view) string {
	layout := r.layout[v]
	if layout == nil {
		return ""
	}
	var b strings.Builder
	for i, at := range layout.places {
		fmt.Fprint(&b, at.present, at.size, at.len, at.signed, at.bits, at.bitWidth, " ")
		if inner := r.fields[i].typ.record; inner != nil {
			b.WriteString("{" + pp.fit(inner, v) + "}")
		}
	}
	return b.String()
}

// A portableCase is the targets that have a record in the same way.
type portableCase struct {
	targets []*view
	layout  *portableLayout
}

// cases groups the targets that have a record by what a signature says of it.
func (pp *portablePlan) cases(r *portableRecord, signature func(*portableRecord, *view) string) (cases []*portableCase) {
	bySig := make(map[string]*portableCase)
	for _, v := range pp.targets {
		if r.layout[v] == nil {
			continue
		}
		sig := signature(r, v)
		c := bySig[sig]
		if c == nil {
			c = &portableCase{layout: r.layout[v]}
			bySig[sig] = c
			cases = append(cases, c)
		}
		c.targets = append(c.targets, v)
	}
	return cases
}

// targetName is the Go name of a target.
func targetName(arch string) string {
	switch arch {
	case "386":
		return "I386"
	case "powerpc":
		return "PowerPC"
	}
	return strings.ToUpper(arch)
}
