package namespace

import (
	"errors"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// nameTypes gives every type of every architecture its Go name, the same on
// all of them. Constants come first, since their names are those of C; then
// the names people chose, the names of the system's interface, and what is
// left over. A later name that is taken gets a number; [view.reportNames] tells which.
func (p *Plan) nameTypes() error {
	p.goNames = make(map[string]string)
	p.publicTypedef = make(map[string]string)
	p.byTypedef = make(map[string]string)
	p.fieldNames = make(map[string]map[string]string)
	for _, v := range p.views {
		for _, c := range v.unit.Consts {
			if emit.Exported(c.Name) && !p.names.Has(c.Name) {
				p.names.Take(c.Name)
			}
		}
		for _, t := range v.unit.Typedefs {
			if to := v.index.Resolve(t.Type); (to.Kind == ctype.RecordRef || to.Kind == ctype.EnumRef) &&
				!emit.Reserved(t.Name) && emit.Reserved(bareName(to.Name)) && p.publicTypedef[to.Name] == "" {
				p.publicTypedef[to.Name] = t.Name
			}
		}
	}
	one := make(map[string]bool)
	for _, name := range p.publicTypedef {
		one[name] = p.oneThing(name)
	}
	maps.DeleteFunc(p.publicTypedef, func(_, name string) bool { return !one[name] })
	var errs []error
	for _, special := range []struct {
		name   string
		wanted bool
	}{{"Errno", p.opt.Errno.wanted()}, {"Signal", p.opt.Signal.wanted()}} {
		if special.wanted && p.names.Take(special.name) != special.name {
			errs = append(errs, fmt.Errorf("the name %s is needed for a type, and is the name of a constant", special.name))
		}
	}
	errs = append(errs, p.nameByOptions()...)
	for _, pass := range []func(key, name string) bool{
		func(key, name string) bool { return !emit.Reserved(name) },
		func(key, name string) bool { return true },
	} {
		for _, v := range p.views {
			p.nameView(v, pass)
		}
	}
	for _, v := range p.views {
		for _, r := range v.unit.Records {
			p.nameNested(v, r.Name)
		}
		for _, e := range v.unit.Enums {
			p.nameNested(v, e.Name)
		}
	}
	return errors.Join(errs...)
}

// nameByOptions takes the type names among Options.Rename.
func (p *Plan) nameByOptions() (errs []error) {
	for _, cName := range slices.Sorted(maps.Keys(p.opt.Rename)) {
		goName := p.opt.Rename[cName]
		switch {
		case !token.IsIdentifier(goName) || !token.IsExported(goName):
			errs = append(errs, fmt.Errorf("rename %q: %q is not an exported Go name", cName, goName))
			continue
		case strings.Contains(cName, "."):
			continue // a member
		case p.names.Take(goName) != goName:
			errs = append(errs, fmt.Errorf("rename %q: the name %s is taken", cName, goName))
			continue
		}
		for _, key := range []string{cName, "struct " + cName, "union " + cName, "enum " + cName} {
			p.goNames[key] = goName
		}
	}
	return errs
}

// nameView names the types of one architecture that pass, and have no name.
func (p *Plan) nameView(v *view, pass func(key, name string) bool) {
	take := func(key, cName string) {
		if p.goNames[key] != "" || strings.ContainsAny(key, ".#") {
			return
		}
		if public := p.publicTypedef[key]; public != "" && emit.Reserved(cName) {
			cName = public
		}
		if !pass(key, cName) {
			return
		}
		typedef := p.typedefOf(key)
		if name := p.byTypedef[typedef]; typedef != "" && name != "" && p.oneThing(typedef) {
			p.goNames[key] = name
			return
		}
		p.goNames[key] = p.names.Take(emit.TypeName(cName))
		if typedef != "" {
			p.byTypedef[typedef] = p.goNames[key]
		}
	}
	for _, r := range v.unit.Records {
		if r.Complete && !v.displaced(r) {
			take(r.Name, bareName(r.Name))
		}
	}
	for _, e := range v.unit.Enums {
		if e.Complete {
			take(e.Name, bareName(e.Name))
		}
	}
	for _, t := range v.unit.Typedefs {
		if to := v.index.Resolve(t.Type); to.Kind == ctype.RecordRef || to.Kind == ctype.EnumRef {
			if p.goNames[to.Name] == emit.TypeName(t.Name) {
				continue // typedef struct fd_set fd_set: one Go type is enough
			}
		}
		if fixedWidth[t.Name] == "" && !emit.Reserved(t.Name) {
			take("typedef "+t.Name, t.Name)
		}
	}
}

// typedefOf returns the typedef name by which C programs know a type: its own,
// or that of a record or enum without a tag of its own; else "".
func (p *Plan) typedefOf(key string) string {
	if name, ok := strings.CutPrefix(key, "typedef "); ok {
		return name
	}
	if public := p.publicTypedef[key]; public != "" {
		return public
	}
	if bareName(key) == key {
		return key
	}
	return ""
}

// oneThing reports whether a typedef name stands for no more than one type on
// each architecture, though it may be a struct here and an integer there. Then
// it is one Go name.
func (p *Plan) oneThing(name string) bool {
	for _, v := range p.views {
		var to string
		if t := v.index.Typedef(name); t != nil {
			to = "typedef " + name
			if r := v.index.Resolve(t.Type); r.Kind == ctype.RecordRef || r.Kind == ctype.EnumRef {
				to = r.Name
			}
		}
		for key := range p.publicTypedef {
			if p.publicTypedef[key] == name && key != to && v.index.Record(key) != nil {
				return false
			}
		}
	}
	return true
}

// reportNames reports the emitted types whose names are taken.
func (v *view) reportNames() {
	report := func(goName, cName string, pos ctype.Pos) {
		if want := emit.TypeName(cName); goName != want && v.p.opt.Rename[cName] == "" {
			v.skip(cName, fmt.Sprintf("named %s in Go, because %s is something else", goName, want), pos)
		}
	}
	for _, r := range v.order {
		if v.p.publicTypedef[r.C.Name] == "" && !strings.Contains(r.C.Name, ".") {
			report(r.Go, r.C.Name, r.C.Pos)
		}
	}
	for _, t := range v.typedefs {
		report(t.goName, t.c.Name, t.c.Pos)
	}
}

// nameNested names the type of a member after the record around it and the
// member: struct ifreq.ifr_ifru is IfreqIfru. Anonymous members have no part
// in it, nor do they need a type.
func (p *Plan) nameNested(v *view, key string) string {
	if name := p.goNames[key]; name != "" {
		return name
	}
	i := strings.LastIndexByte(key, '.')
	if i < 0 || strings.HasPrefix(key[i+1:], "#") {
		return ""
	}
	outer := key[:i]
	for {
		j := strings.LastIndexByte(outer, '.')
		if j < 0 || !strings.HasPrefix(outer[j+1:], "#") {
			break
		}
		outer = outer[:j]
	}
	name := p.nameNested(v, outer)
	if r := v.index.Record(outer); r != nil {
		name += p.fieldName(outer, key[i+1:])
	}
	if name == "" {
		name = emit.TypeName(key)
	}
	p.goNames[key] = p.names.Take(name)
	return p.goNames[key]
}

// fieldName returns the Go name of a member of a record, anonymous members
// looked through. It is the same on every architecture: the rules see the
// members of all.
func (p *Plan) fieldName(record, member string) string {
	names := p.fieldNames[record]
	if names == nil {
		names = make(map[string]string)
		var list []string
		for _, v := range append(p.views[:len(p.views):len(p.views)], p.extra...) {
			if r := v.index.Record(record); r != nil && r.Complete {
				for _, m := range v.flatten(r) {
					if _, ok := names[m.Name]; !ok {
						names[m.Name] = ""
						list = append(list, m.Name)
					}
				}
			}
		}
		for i, name := range emit.FieldNames(list) {
			names[list[i]] = name
			for _, key := range []string{record, bareName(record)} {
				if chosen := p.opt.Rename[key+"."+list[i]]; chosen != "" {
					names[list[i]] = chosen
				}
			}
		}
		p.fieldNames[record] = names
	}
	return names[member]
}

// fixedWidth are the typedefs that Go has a type for under nearly the same
// name; they get no alias, and say nothing in a comment.
var fixedWidth = map[string]string{
	"int8_t": "int8", "int16_t": "int16", "int32_t": "int32", "int64_t": "int64",
	"uint8_t": "uint8", "uint16_t": "uint16", "uint32_t": "uint32", "uint64_t": "uint64",
	"u_int8_t": "uint8", "u_int16_t": "uint16", "u_int32_t": "uint32", "u_int64_t": "uint64",
	"__int8_t": "int8", "__int16_t": "int16", "__int32_t": "int32", "__int64_t": "int64",
	"__uint8_t": "uint8", "__uint16_t": "uint16", "__uint32_t": "uint32", "__uint64_t": "uint64",
	"__s8": "int8", "__s16": "int16", "__s32": "int32", "__s64": "int64",
	"__u8": "uint8", "__u16": "uint16", "__u32": "uint32", "__u64": "uint64",
	"u_char": "uint8", "u_short": "uint16", "u_int": "uint32",
}

// nameSizes names the constants that go with the emitted records.
func (p *Plan) nameSizes() {
	derive := func(want, key string) string {
		if p.goNames[key] == "" {
			p.goNames[key] = p.names.Take(want)
		}
		return p.goNames[key]
	}
	for _, v := range p.views {
		for _, r := range v.order {
			r.Sizeof = derive("Sizeof"+r.Go, "sizeof "+r.C.Name)
			for _, f := range r.Fields {
				if f.Form == Flexible {
					f.Offsetof = derive("Offsetof"+r.Go+f.Go, "offsetof "+r.C.Name+"."+f.Name)
				}
			}
		}
	}
}
