package namespace

import (
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// A view is the plan for one architecture.
type view struct {
	p        *Plan
	unit     *ctype.Unit
	index    *ctype.Index
	model    *ctype.Model
	maxAlign int64 // the largest alignment of a Go type
	frozen   bool  // the plan is made; no further record is emitted

	network  map[string]bool // Options.NetworkOrder
	records  map[string]*Record
	emitted  map[string]bool // records that get a Go type
	order    []*Record       // emitted records in order of declaration
	enums    []*enum
	typedefs []*typedef
	consts   map[string]*Constant
	constSeq []*Constant
	report   []ctype.Skipped
}

func newView(p *Plan, u *ctype.Unit, model *ctype.Model) *view {
	v := &view{
		p: p, unit: u, index: u.Index(), model: model,
		network: make(map[string]bool),
		records: make(map[string]*Record),
		emitted: make(map[string]bool),
		consts:  make(map[string]*Constant),
	}
	for _, name := range p.opt.NetworkOrder {
		v.network[bareName(name)] = true
	}
	return v
}

func (v *view) skip(name, reason string, pos ctype.Pos) {
	v.report = append(v.report, ctype.Skipped{Name: name, Reason: reason, Pos: pos})
}

// find returns the record of a key, tag or typedef name, or nil.
func (v *view) find(name string) *ctype.Record {
	for _, key := range []string{name, "struct " + name, "union " + name} {
		if r := v.index.Record(key); r != nil {
			return r
		}
	}
	if t := v.index.Typedef(name); t != nil {
		if t := v.index.Resolve(t.Type); t != nil && t.Kind == ctype.RecordRef {
			return v.index.Record(t.Name)
		}
	}
	return nil
}

// A flatMember is a member of a record, or of an anonymous struct or union in
// it.
type flatMember struct {
	*ctype.Member
	offset    int64 // from the start of the outer record
	bitOffset int64
	shared    int // index into the regions of shared storage; -1 for storage of its own
}

// flatten lists the named members of a record, with those of anonymous
// structs and unions in their place, and the regions of storage that members
// share: the record itself when it is a union, and its anonymous unions.
func (v *view) flatten(r *ctype.Record) []flatMember {
	list, _ := v.flattenRegions(r)
	return list
}

// A region is storage that several members share.
type region struct {
	offset, size, align int64
	name                string // of the Go struct field
}

func (v *view) flattenRegions(r *ctype.Record) (list []flatMember, regions []region) {
	var walk func(r *ctype.Record, base int64, shared int)
	walk = func(r *ctype.Record, base int64, shared int) {
		if r.Union && shared < 0 {
			shared = len(regions)
			regions = append(regions, region{offset: base, size: r.Size, align: r.Align})
		}
		for _, m := range r.Members {
			if m.Name != "" {
				list = append(list, flatMember{m, base + m.Offset, 8*base + m.BitOffset, shared})
				continue
			}
			if t := v.index.Resolve(m.Type); t != nil && t.Kind == ctype.RecordRef && !m.BitField {
				if inner := v.index.Record(t.Name); inner != nil && inner.Complete {
					walk(inner, base+m.Offset, shared)
				}
			}
		}
	}
	walk(r, 0, -1)
	return list, regions
}

// goType returns the Go type of a C type. The member, as record.member with
// bare names, is looked up among the big-endian ones; it may be empty.
func (v *view) goType(t *ctype.Type, member string) *Type {
	g := v.goTypeByName(t, member)
	if g.Size != t.Size && t.Size > 0 {
		// The name means something else in the headers that came first.
		return bytesType(t.Size)
	}
	return g
}

// goTypeByName is goType where names mean what they do in the whole unit.
func (v *view) goTypeByName(t *ctype.Type, member string) *Type {
	network := member != "" && v.network[member]
	for seen := 0; t.Kind == ctype.TypedefRef && seen < 64; seen++ {
		network = network || v.network[t.Name]
		d := v.index.Typedef(t.Name)
		if d == nil || d.Type == nil {
			return bytesType(t.Size)
		}
		t = d.Type
	}
	switch t.Kind {
	case ctype.Bool:
		return v.integer(t.Size, false)
	case ctype.Int:
		switch {
		case network && t.Size >= 2 && t.Size <= 8:
			return &Type{Kind: BE, Size: t.Size, Align: min(t.Size, v.maxAlign), Name: "BE" + strconv.FormatInt(8*t.Size, 10)}
		case t.Name == "char":
			return &Type{Kind: Uint, Size: 1, Align: 1, Name: "byte"}
		case t.Size > 8:
			return bytesType(t.Size)
		}
		return v.integer(t.Size, t.Signed)
	case ctype.Float:
		if t.Size == 4 || t.Size == 8 && t.Name != "long double" || t.Name == "long double" && t.Size == 8 {
			return &Type{Kind: Float, Size: t.Size, Align: min(t.Size, v.maxAlign), Name: "float" + strconv.FormatInt(8*t.Size, 10)}
		}
	case ctype.Complex:
		if t.Size == 8 || t.Size == 16 {
			return &Type{Kind: Complex, Size: t.Size, Align: min(t.Size/2, v.maxAlign), Name: "complex" + strconv.FormatInt(8*t.Size, 10)}
		}
	case ctype.Pointer:
		if t.Size == v.model.Pointer.Size {
			return &Type{Kind: Addr, Size: t.Size, Align: min(t.Size, v.maxAlign), Name: "Addr"}
		}
	case ctype.Array, ctype.Vector:
		if elem := v.elemType(t, member, network); elem != nil && t.Len >= 0 && elem.Size*t.Len == t.Size {
			return &Type{Kind: Array, Size: t.Size, Align: elem.Align, Elem: elem, Len: t.Len}
		}
	case ctype.EnumRef:
		if e := v.index.Enum(t.Name); e != nil && e.Type != nil {
			g := v.integer(e.Type.Size, e.Type.Signed)
			if name, ok := v.enumName(e); ok {
				g.Kind, g.Name = Enum, name
			}
			return g
		}
	case ctype.RecordRef:
		if r := v.index.Record(t.Name); r != nil && r.Complete && !v.excludedRecord(r) && !(v.frozen && !v.emitted[r.Name]) {
			planned := v.record(r)
			if !v.frozen { // a plan that is made may be read by many at a time
				v.emitted[r.Name] = true
			}
			return &Type{Kind: Named, Size: r.Size, Align: planned.Align, Name: planned.Go, Record: r.Name}
		}
	}
	return bytesType(t.Size)
}

func (v *view) elemType(t *ctype.Type, member string, network bool) *Type {
	elem := v.goType(t.Elem, member)
	if network && elem.Kind != BE && (elem.Kind == Int || elem.Kind == Uint) && elem.Size > 1 {
		return &Type{Kind: BE, Size: elem.Size, Align: elem.Align, Name: "BE" + strconv.FormatInt(8*elem.Size, 10)}
	}
	return elem
}

// integer returns the Go integer type of a size.
func (v *view) integer(size int64, signed bool) *Type {
	switch size {
	case 1, 2, 4, 8:
	default:
		return bytesType(size)
	}
	t := &Type{Kind: Uint, Size: size, Align: min(size, v.maxAlign), Name: "uint" + strconv.FormatInt(8*size, 10)}
	if signed {
		t.Kind, t.Signed, t.Name = Int, true, t.Name[1:]
	}
	return t
}

func bytesType(size int64) *Type { return &Type{Kind: Bytes, Size: size, Align: 1, Len: size} }

// excludedRecord reports whether the options leave a record out; then it is
// bytes wherever it is a member.
func (v *view) excludedRecord(r *ctype.Record) bool {
	return v.p.excluded(r.Name) || r.Tag != "" && v.p.excluded(r.Tag)
}

// displaced reports whether a record without a tag lost the typedef it is
// known by to a declaration of other headers that were read first.
func (v *view) displaced(r *ctype.Record) bool {
	if bareName(r.Name) != r.Name || strings.Contains(r.Name, ".") {
		return false
	}
	t := v.index.Typedef(r.Name)
	if t == nil {
		return false
	}
	to := v.index.Resolve(t.Type)
	return to.Kind != ctype.RecordRef || to.Name != r.Name
}

// plan decides everything for the architecture.
func (v *view) plan() {
	v.planEnums()
	for _, r := range v.unit.Records {
		if r != v.index.Record(r.Name) {
			continue // declared again
		}
		switch {
		case strings.Contains(r.Name, "."):
			// The type of a member; emitted when the record around it is.
		case !r.Complete:
			v.skip(r.Name, "declared only, never defined", r.Pos)
		case v.displaced(r):
			v.skip(r.Name, "another declaration of the name came first", r.Pos)
		case v.excludedRecord(r):
			v.skip(r.Name, "excluded by the configuration", r.Pos)
		case emit.Reserved(bareName(r.Name)) && v.p.publicTypedef[r.Name] == "":
			// Emitted when a member or typedef that is needs it.
		default:
			v.goType(&ctype.Type{Kind: ctype.RecordRef, Name: r.Name}, "")
		}
	}
	v.planTypedefs()
	for _, r := range v.unit.Records {
		switch {
		case r != v.index.Record(r.Name):
		case v.emitted[r.Name]:
			v.order = append(v.order, v.records[r.Name])
		case r.Complete && emit.Reserved(bareName(r.Name)) && !strings.Contains(r.Name, ".") && !v.excludedRecord(r):
			v.skip(r.Name, "reserved name, and nothing emitted needs it", r.Pos)
		}
	}
	slices.SortStableFunc(v.order, func(a, b *Record) int { return comparePos(a.C.Pos, b.C.Pos) })
	v.reportNames()
	v.planConsts()
	for _, f := range v.unit.Funcs {
		v.skip(f.Name, "function prototype", f.Pos)
	}
	v.report = append(v.report, v.unit.Skipped...)
}

func comparePos(a, b ctype.Pos) int {
	return cmpOr(strings.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col)
}
