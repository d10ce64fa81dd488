package ctype

// Equal reports whether both are the same number, however it is held.
func (n Integer) Equal(o Integer) bool {
	return n.Bits == o.Bits && n.Negative() == o.Negative()
}

// Equal reports whether both types are the same, names and sizes of all parts
// included. Behind a pointer and in a prototype sizes do not count, because a
// struct may be only declared there; names of parameters never do.
func (t *Type) Equal(o *Type) bool { return equal(t, o, true) }

func equal(t, o *Type, sizes bool) bool {
	if t == nil || o == nil {
		return t == o
	}
	if t.Kind != o.Kind || t.Name != o.Name || t.Const != o.Const || t.Volatile != o.Volatile || t.Atomic != o.Atomic ||
		t.Len != o.Len || t.Variadic != o.Variadic || len(t.Params) != len(o.Params) {
		return false
	}
	if sizes && !sameShape(t, o) {
		return false
	}
	for i, p := range t.Params {
		if !equal(p.Type, o.Params[i].Type, false) {
			return false
		}
	}
	return equal(t.Elem, o.Elem, sizes && t.Kind != Pointer && t.Kind != Function)
}

// sameRecord reports whether both define the same, wherever they do.
func sameRecord(a, b *Record) bool {
	if a.Union != b.Union || a.Complete != b.Complete || a.Size != b.Size || a.Align != b.Align || len(a.Members) != len(b.Members) {
		return false
	}
	for i, m := range a.Members {
		o := b.Members[i]
		if m.Name != o.Name || m.Offset != o.Offset || m.BitField != o.BitField ||
			m.BitOffset != o.BitOffset || m.BitWidth != o.BitWidth || !m.Type.Equal(o.Type) {
			return false
		}
	}
	return true
}

// sameConst reports whether both have the same value. The same macro may be
// an int in one header and an unsigned long in the other.
func sameConst(a, b *Const) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case ConstFloat:
		return a.Float == b.Float || a.Float != a.Float && b.Float != b.Float
	case ConstString:
		return a.String == b.String
	}
	return a.Int.Equal(b.Int)
}

// sameEnum reports whether both are the same integer type with the same
// constants.
func sameEnum(a, b *Enum) bool {
	if a.Complete != b.Complete || len(a.Consts) != len(b.Consts) || !sameShape(a.Type, b.Type) {
		return false
	}
	for i, c := range a.Consts {
		if c != b.Consts[i] {
			return false
		}
	}
	return true
}

// sameShape reports whether values of both types look alike in memory, as
// those of int and of a typedef of int do.
func sameShape(a, b *Type) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Size == b.Size && a.Align == b.Align && a.Signed == b.Signed
}
