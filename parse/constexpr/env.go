package constexpr

import "github.com/abigen/abigen/abi/ctype"

// An Env is what an expression can refer to.
type Env interface {
	Model() *ctype.Model

	// Typedef, Record and Enum find a declaration by its name in the model
	// of package ctype ("socklen_t", "struct msghdr", "enum uio_rw"); they
	// return nil when there is none.
	Typedef(name string) *ctype.Typedef
	Record(name string) *ctype.Record
	Enum(name string) *ctype.Enum

	// Ident finds an enumeration constant, or the type of a variable or
	// function ([Object]).
	Ident(name string) (Value, bool)
}

// Resolve follows typedefs to the type they stand for.
func Resolve(env Env, t *ctype.Type) *ctype.Type {
	for t != nil && t.Kind == ctype.TypedefRef {
		d := env.Typedef(t.Name)
		if d == nil || d.Type == t {
			return t
		}
		t = d.Type
	}
	return t
}

// Size returns the size of a type in bytes, and whether it has one: records and
// arrays can be incomplete. It looks records up, so it sees those that were
// completed after t was made.
func Size(env Env, t *ctype.Type) (int64, bool) {
	t = Resolve(env, t)
	switch t.Kind {
	case ctype.Invalid, ctype.Void, ctype.Function, ctype.TypedefRef:
		return 0, false
	case ctype.RecordRef:
		r := env.Record(t.Name)
		if r == nil || !r.Complete {
			return 0, false
		}
		return r.Size, true
	case ctype.EnumRef:
		return t.Size, t.Size > 0
	case ctype.Array:
		n, ok := Size(env, t.Elem)
		if t.Len < 0 {
			return 0, false
		}
		return n * t.Len, ok
	}
	return t.Size, true
}

// Align returns the alignment of a type in bytes, at least 1. Unlike Size it
// does not look through a typedef that sets an alignment of its own.
func Align(env Env, t *ctype.Type) int64 {
	switch t.Kind {
	case ctype.TypedefRef:
		if d := env.Typedef(t.Name); d != nil {
			if d.Attrs.Aligned > 0 {
				return d.Attrs.Aligned
			}
			return Align(env, d.Type)
		}
	case ctype.RecordRef:
		if r := env.Record(t.Name); r != nil {
			return max(r.Align, 1)
		}
	case ctype.Array:
		return Align(env, t.Elem)
	}
	return max(t.Align, 1)
}

// preferredAlign is GNU C's __alignof__, which differs from the alignment of
// members for the eight-byte types of 386.
func preferredAlign(env Env, t *ctype.Type) int64 {
	base := t
	for base.Kind == ctype.Array {
		base = base.Elem
	}
	if base.Kind == ctype.TypedefRef {
		if d := env.Typedef(base.Name); d != nil && d.Attrs.Aligned == 0 {
			return preferredAlign(env, d.Type)
		}
	}
	if env.Model().Target.Arch == "386" {
		switch base.Name {
		case "double", "long long", "unsigned long long", "_Float64", "_Float32x":
			return 8
		}
	}
	return Align(env, t)
}

// PointerTo returns the type of a pointer to elem.
func PointerTo(m *ctype.Model, elem *ctype.Type) *ctype.Type {
	return &ctype.Type{Kind: ctype.Pointer, Size: m.Pointer.Size, Align: m.Pointer.Align, Elem: elem}
}

// ArrayOf returns the type of an array of n elements; n is -1 for an array
// without a length.
func ArrayOf(env Env, elem *ctype.Type, n int64) *ctype.Type {
	t := &ctype.Type{Kind: ctype.Array, Elem: elem, Len: n, Align: Align(env, elem)}
	if size, ok := Size(env, elem); ok && n > 0 {
		t.Size = size * n
	}
	return t
}

// RefTypedef returns the type that names a typedef.
func RefTypedef(env Env, d *ctype.Typedef) *ctype.Type {
	t := &ctype.Type{Kind: ctype.TypedefRef, Name: d.Name}
	under := Resolve(env, d.Type)
	t.Signed = under.Signed
	if size, ok := Size(env, under); ok {
		t.Size = size
	}
	switch under.Kind {
	case ctype.Void, ctype.Function, ctype.Invalid:
		t.Align = under.Align
	default:
		t.Align = Align(env, t)
	}
	return t
}

// refRecord returns the type that names a record, with the size it has so far.
func refRecord(env Env, name string) *ctype.Type {
	t := &ctype.Type{Kind: ctype.RecordRef, Name: name}
	if r := env.Record(name); r != nil {
		t.Size, t.Align = r.Size, r.Align
	}
	return t
}

func refEnum(env Env, name string) *ctype.Type {
	t := &ctype.Type{Kind: ctype.EnumRef, Name: name}
	if e := env.Enum(name); e != nil && e.Type != nil {
		t.Size, t.Align, t.Signed = e.Type.Size, e.Type.Align, e.Type.Signed
	}
	return t
}

// member finds a member of a record by name, those of anonymous members
// included, and returns its offset from the start of r.
func member(env Env, r *ctype.Record, name string) (m *ctype.Member, offset int64) {
	for _, m := range r.Members {
		if m.Name == name {
			return m, m.Offset
		}
		if m.Name != "" || m.BitField {
			continue
		}
		if t := Resolve(env, m.Type); t.Kind == ctype.RecordRef {
			if inner := env.Record(t.Name); inner != nil {
				if found, off := member(env, inner, name); found != nil {
					return found, m.Offset + off
				}
			}
		}
	}
	return nil, 0
}
