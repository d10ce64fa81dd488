package constexpr

import (
	"math"

	"github.com/abigen/abigen/abi/ctype"
)

// A Value is the result of an expression: its C type and, when the compiler
// would know it, its value.
type Value struct {
	Type *ctype.Type

	// Known tells that the value is a constant. sizeof and its like need
	// only the type of an operand, so an expression may go through values
	// that are not.
	Known bool

	// Bits is the value of an integer, extended to 64 bits by its type, or
	// of a pointer; of an lvalue it is the address.
	Bits uint64

	Float  float64 // the value when Type is a real floating type
	Str    []byte  // the bytes of a string literal, without the final NUL
	IsStr  bool    // a string literal: Type is then its array type
	lvalue bool    // designates an object in memory
}

// Integer returns the value of an integer or pointer.
func (v Value) Integer() ctype.Integer {
	return ctype.Integer{Bits: v.Bits, Signed: v.signed() && int64(v.Bits) < 0}
}

func (v Value) signed() bool {
	switch v.Type.Kind {
	case ctype.Int:
		return v.Type.Signed
	case ctype.EnumRef:
		return v.Type.Signed
	}
	return false
}

// IntValue returns a known integer of type t, n converted to it.
func IntValue(t *ctype.Type, n int64) Value {
	return Value{Type: t, Known: true, Bits: wrap(t, uint64(n))}
}

// Object returns a value for an object whose address nobody knows, such as a
// variable: good for sizeof and typeof only.
func Object(t *ctype.Type) Value { return Value{Type: t, lvalue: true} }

func (v Value) isZero() bool {
	if v.Type.Kind == ctype.Float {
		return v.Float == 0
	}
	return v.Bits == 0
}

func (v Value) isInt() bool {
	switch v.Type.Kind {
	case ctype.Int, ctype.Bool, ctype.EnumRef:
		return true
	}
	return false
}

func (v Value) isFloat() bool  { return v.Type.Kind == ctype.Float }
func (v Value) isArith() bool  { return v.isInt() || v.isFloat() }
func (v Value) isScalar() bool { return v.isArith() || v.Type.Kind == ctype.Pointer }

// wrap reduces bits to the width of t and extends them to 64 bits by its sign.
func wrap(t *ctype.Type, bits uint64) uint64 {
	if t.Kind == ctype.Bool {
		if bits != 0 {
			return 1
		}
		return 0
	}
	if t.Size <= 0 || t.Size >= 8 {
		return bits
	}
	shift := uint(64 - 8*t.Size)
	if t.Kind != ctype.Pointer && t.Signed {
		return uint64(int64(bits<<shift) >> shift)
	}
	return bits << shift >> shift
}

// truncate converts a floating value to an integer type. It reports false when
// the type cannot hold the whole part, for which C defines no result.
func truncate(t *ctype.Type, f float64) (uint64, bool) {
	f = math.Trunc(f)
	bits := int(min(8*t.Size, 64))
	low, high := 0.0, math.Ldexp(1, bits)
	if t.Signed {
		low, high = -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1)
	}
	switch {
	case math.IsNaN(f), f < low, f >= high:
		return 0, false
	case f < 0:
		return wrap(t, uint64(int64(f))), true
	}
	return wrap(t, uint64(f)), true
}

// roundTo rounds f to the precision of a floating type. Types wider than double
// are computed as double: the model holds no more.
func roundTo(t *ctype.Type, f float64) float64 {
	switch t.Name {
	case "float", "_Float32":
		return float64(float32(f))
	}
	return f
}
