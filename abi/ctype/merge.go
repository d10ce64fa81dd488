package ctype

import (
	"fmt"
	"strings"
)

// Merge joins Units of one target into one: what headers declare that cannot
// be read together, such as those of a C library and of its kernel.
//
// The first declaration of a name counts, but a definition replaces a mere
// declaration. A later one that says the same is dropped; one that differs
// becomes an entry in Skipped, and so do declarations of its Unit that contain
// it by value, because their layout is not that of the merged Unit. The Units
// are not changed, and the result shares declarations with them.
func Merge(units ...*Unit) *Unit {
	m := &merger{u: &Unit{}, x: (&Unit{}).Index(), skipped: make(map[Skipped]bool)}
	for i, u := range units {
		if i == 0 {
			m.u.Target, m.u.Sysroot = u.Target, u.Sysroot
		}
		m.add(u)
	}
	return m.u
}

type merger struct {
	u       *Unit
	x       *Index // of u, kept up to date
	skipped map[Skipped]bool
}

// A clash is why a declaration of the Unit being added is left out.
type clash map[string]string // by key: "struct foo", "typedef foo_t"; the reason

func (m *merger) add(u *Unit) {
	m.u.Headers = union(m.u.Headers, u.Headers)
	m.u.Files = union(m.u.Files, u.Files)
	c := m.clashes(u)

	skip := func(name, key string, pos Pos) bool {
		reason, bad := c[key]
		if bad {
			m.skip(Skipped{name, reason, pos})
		}
		return bad
	}
	for _, r := range u.Records {
		if skip(r.Name, r.Name, r.Pos) {
			continue
		}
		switch old := m.x.records[r.Name]; {
		case old == nil:
			m.u.Records = append(m.u.Records, r)
		case !old.Complete && r.Complete:
			replace(m.u.Records, old, r)
		default:
			continue
		}
		m.x.records[r.Name] = r
	}
	for _, e := range u.Enums {
		if skip(e.Name, e.Name, e.Pos) {
			continue
		}
		switch old := m.x.enums[e.Name]; {
		case old == nil:
			m.u.Enums = append(m.u.Enums, e)
		case !old.Complete && e.Complete:
			replace(m.u.Enums, old, e)
		default:
			continue
		}
		m.x.enums[e.Name] = e
	}
	for _, d := range u.Typedefs {
		if !skip(d.Name, "typedef "+d.Name, d.Pos) && m.x.typedefs[d.Name] == nil {
			m.u.Typedefs = append(m.u.Typedefs, d)
			m.x.typedefs[d.Name] = d
		}
	}
	for _, k := range u.Consts {
		m.constant(k, c)
	}
	for _, f := range u.Funcs {
		m.function(f)
	}
	for _, s := range u.Skipped {
		m.skip(s)
	}
}

func (m *merger) skip(s Skipped) {
	if !m.skipped[s] {
		m.skipped[s] = true
		m.u.Skipped = append(m.u.Skipped, s)
	}
}

func (m *merger) constant(k *Const, c clash) {
	if old := m.x.consts[k.Name]; old != nil {
		if !sameConst(old, k) {
			m.skip(Skipped{k.Name, fmt.Sprintf("is %s here, but %s at %s", k.Value(), old.Value(), old.Pos), k.Pos})
		}
		return
	}
	_, enumClash := c[k.Enum]
	argClash := k.Ioctl != nil && c.in(k.Ioctl.Arg) != ""
	if k.Enum != "" && enumClash || argClash {
		// The value stands on its own; what it is part of does not.
		copied := *k
		if enumClash {
			copied.Enum = ""
		}
		if argClash {
			copied.Ioctl = nil
		}
		k = &copied
	}
	m.u.Consts = append(m.u.Consts, k)
	m.x.consts[k.Name] = k
}

func (m *merger) function(f *Func) {
	old := m.x.funcs[f.Name]
	switch {
	case old == nil:
		m.u.Funcs = append(m.u.Funcs, f)
		m.x.funcs[f.Name] = f
	case old.Symbol != f.Symbol || !old.Type.Equal(f.Type):
		m.skip(Skipped{f.Name, "function is declared differently at " + old.Pos.String(), f.Pos})
	}
}

// clashes finds the declarations of u that do not fit what is there.
func (m *merger) clashes(u *Unit) clash {
	c := make(clash)
	for _, r := range u.Records {
		if old := m.x.records[r.Name]; old != nil && old.Complete && r.Complete && !sameRecord(old, r) {
			c[r.Name] = "is defined differently at " + old.Pos.String()
		}
	}
	for _, e := range u.Enums {
		if old := m.x.enums[e.Name]; old != nil && old.Complete && e.Complete && !sameEnum(old, e) {
			c[e.Name] = "is defined differently at " + old.Pos.String()
		}
	}
	ux := u.Index()
	for _, d := range u.Typedefs {
		if old := m.x.typedefs[d.Name]; old != nil && !m.sameTypedef(old, d, ux) {
			c["typedef "+d.Name] = "is defined differently at " + old.Pos.String()
		}
	}
	// What contains a clashing declaration clashes, too, until nothing is added.
	for n := -1; n != len(c); {
		n = len(c)
		for _, r := range u.Records {
			if _, done := c[r.Name]; done {
				continue
			}
			if why := c.inRecord(r); why != "" {
				c[r.Name] = why
			}
		}
		for _, d := range u.Typedefs {
			if _, done := c["typedef "+d.Name]; done {
				continue
			}
			if what := c.in(d.Type); what != "" {
				c["typedef "+d.Name] = "is of type " + what + ", which " + c[what]
			}
		}
	}
	return c
}

// sameTypedef reports whether a typedef of the Unit being added may be
// replaced by the one that is there; ux is the index of that Unit.
func (m *merger) sameTypedef(a, b *Typedef, ux *Index) bool {
	if a.Attrs == b.Attrs && a.Type.Equal(b.Type) {
		return true
	}
	// int32_t and __int32_t are the same type by another name.
	basic := func(t *Type) bool { return t.Kind != RecordRef && t.Kind != Function && t.Kind != Array }
	ra, rb := m.x.Resolve(a.Type), ux.Resolve(b.Type)
	return a.Attrs == b.Attrs && basic(ra) && basic(rb) && a.Type.Size > 0 && sameShape(a.Type, b.Type)
}

// inRecord returns why a record cannot be taken, or "".
func (c clash) inRecord(r *Record) string {
	// The unnamed type of a member goes where the record around it goes.
	for i := strings.LastIndexByte(r.Name, '.'); i > 0; i = strings.LastIndexByte(r.Name[:i], '.') {
		if why, ok := c[r.Name[:i]]; ok {
			return "is part of " + r.Name[:i] + ", which " + why
		}
	}
	for _, mem := range r.Members {
		if what := c.in(mem.Type); what != "" {
			return "contains " + what + ", which " + c[what]
		}
	}
	return ""
}

// in returns the key of the clashing declaration that t contains by value, or
// "".
func (c clash) in(t *Type) string {
	for t != nil && (t.Kind == Array || t.Kind == Vector) {
		t = t.Elem
	}
	if t == nil {
		return ""
	}
	key := t.Name
	switch t.Kind {
	case TypedefRef:
		key = "typedef " + t.Name
	case RecordRef, EnumRef:
	default:
		return ""
	}
	if _, ok := c[key]; ok {
		return key
	}
	return ""
}

func replace[T any](list []*T, old, new *T) {
	for i, p := range list {
		if p == old {
			list[i] = new
			return
		}
	}
}

// union appends what is not there yet.
func union(list, more []string) []string {
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		seen[s] = true
	}
	for _, s := range more {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}
