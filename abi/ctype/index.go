package ctype

// An Index finds the declarations of a [Unit] by name. It is built once and
// does not see what is added to the Unit afterwards.
type Index struct {
	records  map[string]*Record
	enums    map[string]*Enum
	typedefs map[string]*Typedef
	consts   map[string]*Const
	funcs    map[string]*Func
	outer    map[string]inside
}

// inside tells where a record without a name of its own is the type of a
// member.
type inside struct {
	record *Record
	member *Member
}

// Index builds the index of the Unit. Where a name is declared more than once
// the first complete declaration counts.
func (u *Unit) Index() *Index {
	x := &Index{
		records:  make(map[string]*Record, len(u.Records)),
		enums:    make(map[string]*Enum, len(u.Enums)),
		typedefs: make(map[string]*Typedef, len(u.Typedefs)),
		consts:   make(map[string]*Const, len(u.Consts)),
		funcs:    make(map[string]*Func, len(u.Funcs)),
		outer:    make(map[string]inside),
	}
	for _, r := range u.Records {
		if old := x.records[r.Name]; old == nil || !old.Complete && r.Complete {
			x.records[r.Name] = r
		}
	}
	for _, r := range u.Records {
		for _, m := range r.Members {
			if t := element(m.Type); t != nil && t.Kind == RecordRef {
				if _, ok := x.outer[t.Name]; !ok {
					x.outer[t.Name] = inside{r, m}
				}
			}
		}
	}
	for _, e := range u.Enums {
		if old := x.enums[e.Name]; old == nil || !old.Complete && e.Complete {
			x.enums[e.Name] = e
		}
	}
	first(x.typedefs, u.Typedefs, func(t *Typedef) string { return t.Name })
	first(x.consts, u.Consts, func(c *Const) string { return c.Name })
	first(x.funcs, u.Funcs, func(f *Func) string { return f.Name })
	return x
}

// first files each declaration under its name unless one is there already.
func first[T any](m map[string]*T, list []*T, name func(*T) string) {
	for _, d := range list {
		if _, ok := m[name(d)]; !ok {
			m[name(d)] = d
		}
	}
}

// element takes arrays and pointers off a type.
func element(t *Type) *Type {
	for t != nil && (t.Kind == Array || t.Kind == Pointer) {
		t = t.Elem
	}
	return t
}

// Record returns the record of that [Record.Name], or nil.
func (x *Index) Record(name string) *Record { return x.records[name] }

// Enum returns the enum of that [Enum.Name], or nil.
func (x *Index) Enum(name string) *Enum { return x.enums[name] }

// Typedef returns the typedef of that name, or nil.
func (x *Index) Typedef(name string) *Typedef { return x.typedefs[name] }

// Const returns the constant of that name, or nil.
func (x *Index) Const(name string) *Const { return x.consts[name] }

// Func returns the function of that name, or nil.
func (x *Index) Func(name string) *Func { return x.funcs[name] }

// Resolve follows typedefs to the type they stand for. The qualifiers met on
// the way are added to a copy of it. A typedef that the Unit does not declare,
// or that leads to itself, is returned as it is.
func (x *Index) Resolve(t *Type) *Type {
	var quals Type
	for range len(x.typedefs) + 1 {
		if t == nil || t.Kind != TypedefRef {
			break
		}
		d := x.typedefs[t.Name]
		if d == nil || d.Type == nil {
			break
		}
		quals.Const = quals.Const || t.Const
		quals.Volatile = quals.Volatile || t.Volatile
		quals.Atomic = quals.Atomic || t.Atomic
		t = d.Type
	}
	if t == nil || !quals.Const && !quals.Volatile && !quals.Atomic {
		return t
	}
	c := *t
	c.Const = c.Const || quals.Const
	c.Volatile = c.Volatile || quals.Volatile
	c.Atomic = c.Atomic || quals.Atomic
	return &c
}
