package layout

import (
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
)

// errorf returns an Error about a type on its own; the record and member are
// added by those who know them.
func errorf(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

// typ fills t and puts off the types behind pointers.
func (e *Engine) typ(t *ctype.Type) error {
	if t == nil {
		return errorf("type is missing")
	}
	if e.depth >= maxDepth {
		return errorf("types are nested more than %d deep", maxDepth)
	}
	e.depth++
	defer func() { e.depth-- }()

	t.Size, t.Align = 0, 0
	if err := e.unqualified(t); err != nil {
		return err
	}
	if t.Atomic {
		e.atomic(t)
	}
	return nil
}

func (e *Engine) unqualified(t *ctype.Type) error {
	switch t.Kind {
	case ctype.Void:
		return nil
	case ctype.Bool, ctype.Int, ctype.Float, ctype.Complex:
		b, ok := e.model.Basic(t.Name)
		if !ok || b.Kind != t.Kind {
			return errorf("%s has no type %q", e.model.Target, t.Name)
		}
		t.Size, t.Align, t.Signed = b.Size, b.Align, b.Signed
		return nil
	case ctype.Pointer:
		if t.Elem != nil {
			e.pointees = append(e.pointees, t.Elem)
		}
		t.Size, t.Align = e.model.Pointer.Size, e.model.Pointer.Align
		return nil
	case ctype.Function:
		if t.Elem != nil {
			e.pointees = append(e.pointees, t.Elem)
		}
		for _, p := range t.Params {
			if p.Type != nil {
				e.pointees = append(e.pointees, p.Type)
			}
		}
		return nil
	case ctype.Array:
		return e.array(t)
	case ctype.Vector:
		return e.vector(t)
	case ctype.RecordRef:
		return e.recordRef(t)
	case ctype.EnumRef:
		en := e.decls.Enum(t.Name)
		if en == nil || !en.Complete || en.Type == nil {
			return nil
		}
		if err := e.typ(en.Type); err != nil {
			return err
		}
		t.Size, t.Align, t.Signed = en.Type.Size, en.Type.Align, en.Type.Signed
		return nil
	case ctype.TypedefRef:
		return e.typedefRef(t)
	}
	return errorf("type is of no known kind (%d)", t.Kind)
}

// array lays out an array. The size of an array of elements whose typedef
// raised their alignment beyond their size is an error, as in C.
func (e *Engine) array(t *ctype.Type) error {
	if err := e.typ(t.Elem); err != nil {
		return err
	}
	el := t.Elem
	if !e.complete(el) {
		return errorf("array element has incomplete type %s", describe(el))
	}
	if el.Align > 0 && el.Size%el.Align != 0 {
		return errorf("array element of %d bytes is not a multiple of its alignment, %d", el.Size, el.Align)
	}
	t.Align = el.Align
	if t.Len == -1 {
		return nil
	}
	if t.Len < -1 {
		return errorf("array length is %d", t.Len)
	}
	if el.Size > 0 && t.Len > e.limit()/el.Size {
		return errorf("array of %d elements of %d bytes is too large", t.Len, el.Size)
	}
	t.Size = t.Len * el.Size
	return nil
}

// limit is the largest size of an object in bytes.
func (e *Engine) limit() int64 {
	if e.model.Pointer.Size == 4 {
		return 1<<32 - 1
	}
	return maxSize
}

// vector lays out a GNU vector, whose size must be a power of two.
func (e *Engine) vector(t *ctype.Type) error {
	if err := e.typ(t.Elem); err != nil {
		return err
	}
	if t.Elem.Size <= 0 || t.Len <= 0 || t.Len > maxAlign/t.Elem.Size {
		return errorf("vector of %d elements of %d bytes", t.Len, t.Elem.Size)
	}
	t.Size = t.Len * t.Elem.Size
	if t.Size&(t.Size-1) != 0 {
		return errorf("vector size %d is not a power of two", t.Size)
	}
	t.Align = t.Size
	if limit := e.model.MaxVectorAlign; limit != 0 {
		t.Align = min(t.Align, limit)
	}
	return nil
}

func (e *Engine) recordRef(t *ctype.Type) error {
	r := e.decls.Record(t.Name)
	if r == nil || !r.Complete {
		return nil
	}
	if err := e.record(r); err != nil {
		return err
	}
	t.Size, t.Align = r.Size, r.Align
	return nil
}

func (e *Engine) typedefRef(t *ctype.Type) error {
	d := e.decls.Typedef(t.Name)
	if d == nil || d.Type == nil {
		return errorf("typedef %q is not declared", t.Name)
	}
	res := e.typedefs[d]
	switch {
	case res == nil:
		res = &result{}
		e.typedefs[d] = res
		res.err = e.typ(d.Type)
		res.done = true
		// A type that is incomplete so far may be completed later.
		if res.err != nil || !e.complete(d.Type) {
			delete(e.typedefs, d)
		}
	case !res.done:
		return errorf("typedef %q is defined by itself", t.Name)
	}
	if res.err != nil {
		return res.err
	}
	t.Size, t.Align, t.Signed = d.Type.Size, d.Type.Align, d.Type.Signed
	if a := d.Attrs.Aligned; a != 0 {
		if err := checkAlign(a); err != nil {
			return err
		}
		t.Align = a
	}
	return nil
}

// atomic pads and aligns an _Atomic type that the target can access whole.
func (e *Engine) atomic(t *ctype.Type) {
	if t.Size == 0 || t.Size > e.model.MaxAtomicAlign {
		return
	}
	size := int64(1)
	for size < t.Size {
		size *= 2
	}
	t.Size, t.Align = size, max(t.Align, size)
}

// complete reports whether t, which has been laid out, may be the type of an
// object: an empty struct may, and so may an array of no elements.
func (e *Engine) complete(t *ctype.Type) bool {
	for range maxDepth {
		switch t.Kind {
		case ctype.Void, ctype.Function, ctype.Invalid:
			return false
		case ctype.Array:
			return t.Len >= 0
		case ctype.RecordRef:
			r := e.decls.Record(t.Name)
			return r != nil && r.Complete
		case ctype.EnumRef:
			en := e.decls.Enum(t.Name)
			return en != nil && en.Complete
		case ctype.TypedefRef:
			d := e.decls.Typedef(t.Name)
			if d == nil || d.Type == nil {
				return false
			}
			t = d.Type
		default:
			return true
		}
	}
	return false
}

// resolve follows typedefs.
func (e *Engine) resolve(t *ctype.Type) *ctype.Type {
	for range maxDepth {
		if t.Kind != ctype.TypedefRef {
			break
		}
		d := e.decls.Typedef(t.Name)
		if d == nil || d.Type == nil {
			break
		}
		t = d.Type
	}
	return t
}

// describe names a type in an error.
func describe(t *ctype.Type) string {
	switch {
	case t.Kind == ctype.Void:
		return "void"
	case t.Kind == ctype.Function:
		return "function"
	case t.Name != "":
		return fmt.Sprintf("%q", t.Name)
	}
	return "array"
}

// checkAlign refuses an alignment that no compiler takes.
func checkAlign(a int64) error {
	if a <= 0 || a&(a-1) != 0 {
		return errorf("alignment %d is not a power of two", a)
	}
	if a > maxAlign {
		return errorf("alignment %d is more than %d", a, maxAlign)
	}
	return nil
}
