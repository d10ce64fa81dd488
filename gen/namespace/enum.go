package namespace

import (
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// An enum is a C enum that becomes a Go type with its constants.
type enum struct {
	c      *ctype.Enum
	goName string
	typ    *Type // the integer type under it
	consts []*Constant
}

// enumName returns the Go name of an enum that is emitted as a type: one that
// C programs have a name for.
func (v *view) enumName(e *ctype.Enum) (string, bool) {
	if !e.Complete || e.Type == nil || strings.Contains(e.Name, "#") || v.p.excluded(e.Name) {
		return "", false
	}
	bare := bareName(e.Name)
	if emit.Reserved(bare) && v.p.publicTypedef[e.Name] == "" {
		return "", false
	}
	if r, _, nested := strings.Cut(e.Name, "."); nested && emit.Reserved(bareName(r)) {
		return "", false
	}
	name := v.p.goNames[e.Name]
	return name, name != ""
}

// planEnums decides which enums are types.
func (v *view) planEnums() {
	for _, e := range v.unit.Enums {
		if e != v.index.Enum(e.Name) {
			continue
		}
		name, ok := v.enumName(e)
		switch {
		case ok:
			v.enums = append(v.enums, &enum{c: e, goName: name, typ: v.integer(e.Type.Size, e.Type.Signed)})
		case v.p.excluded(e.Name):
			v.skip(e.Name, "excluded by the configuration", e.Pos)
		case !e.Complete:
			v.skip(e.Name, "declared only, never defined", e.Pos)
		case !strings.Contains(e.Name, "#"):
			v.skip(e.Name, "reserved name; its constants are untyped", e.Pos)
		}
	}
}

// A typedef is a C typedef that becomes a Go alias.
type typedef struct {
	c      *ctype.Typedef
	goName string
	typ    *Type
}

// planTypedefs decides which typedefs get an alias.
func (v *view) planTypedefs() {
	for _, t := range v.unit.Typedefs {
		if t != v.index.Typedef(t.Name) {
			continue
		}
		if reason := v.typedefReason(t); reason != "" {
			v.skip(t.Name, reason, t.Pos)
			continue
		}
		goName := v.p.goNames["typedef "+t.Name]
		typ := v.goType(&ctype.Type{Kind: ctype.TypedefRef, Name: t.Name}, "")
		if goName == "" || goName == typ.Name {
			continue // the record or enum itself has the name
		}
		if typ.Kind == Bytes {
			v.skip(t.Name, "bytes in Go: "+v.whyBytes(t.Type), t.Pos)
		}
		v.typedefs = append(v.typedefs, &typedef{t, goName, typ})
	}
}

// typedefReason says why a typedef has no Go type; empty when it has one.
func (v *view) typedefReason(t *ctype.Typedef) string {
	to := v.index.Resolve(t.Type)
	switch {
	case v.p.excluded(t.Name):
		return "excluded by the configuration"
	case emit.Reserved(t.Name):
		return "reserved name"
	case fixedWidth[t.Name] != "":
		return "Go has it as " + fixedWidth[t.Name]
	case to.Kind == ctype.Function:
		return "a function type; pointers to it are abi.Addr"
	case to.Kind == ctype.RecordRef:
		if r := v.index.Record(to.Name); r == nil || !r.Complete {
			return "stands for " + to.Name + ", which is never defined"
		} else if v.excludedRecord(r) {
			return "stands for " + to.Name + ", which is excluded by the configuration"
		}
	case to.Kind == ctype.Void || to.Kind == ctype.Invalid || to.Size == 0:
		return "a type without a size"
	}
	return ""
}

// sortEnumConsts puts the constants of an enum in their C order.
func (e *enum) sortConsts() {
	slices.SortStableFunc(e.consts, func(a, b *Constant) int {
		return slices.Index(e.c.Consts, a.C.Name) - slices.Index(e.c.Consts, b.C.Name)
	})
}
