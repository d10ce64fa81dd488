package constexpr

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/abigen/abigen/abi/ctype"
)

var errDivision = errors.New("division by zero")

// rank orders the integer types, C17 6.3.1.1.
func rank(t *ctype.Type) int {
	switch t.Name {
	case "char", "signed char", "unsigned char":
		return 1
	case "short", "unsigned short":
		return 2
	case "int", "unsigned int":
		return 3
	case "long", "unsigned long":
		return 4
	case "long long", "unsigned long long":
		return 5
	case "__int128", "unsigned __int128":
		return 6
	}
	return 0
}

// promote applies the integer promotions to an integer value.
func (e *evaluator) promote(v Value) Value {
	if v.Type.Kind == ctype.EnumRef {
		if d := e.env.Enum(v.Type.Name); d != nil && d.Type != nil {
			v.Type = d.Type
		}
	}
	if !v.isInt() || rank(v.Type) >= 3 {
		return v
	}
	// A type as wide as int that is unsigned does not fit in int.
	if v.Type.Kind == ctype.Int && !v.Type.Signed && v.Type.Size >= e.model.Int.Size {
		return e.convert(v, e.basic("unsigned int"))
	}
	return e.convert(v, e.basic("int"))
}

// balance applies the usual arithmetic conversions, C17 6.3.1.8.
func (e *evaluator) balance(a, b Value) (Value, Value) {
	if a.isFloat() || b.isFloat() {
		t := a.Type
		if !a.isFloat() || b.isFloat() && floatRank(b.Type) > floatRank(a.Type) {
			t = b.Type
		}
		return e.convert(a, t), e.convert(b, t)
	}
	a, b = e.promote(a), e.promote(b)
	t := e.commonInt(a.Type, b.Type)
	return e.convert(a, t), e.convert(b, t)
}

func floatRank(t *ctype.Type) int {
	switch t.Name {
	case "_Float16":
		return 0
	case "float", "_Float32":
		return 1
	case "double":
		return 2
	case "_Float64", "_Float32x":
		return 3
	case "long double":
		return 4
	}
	return 5
}

func (e *evaluator) commonInt(a, b *ctype.Type) *ctype.Type {
	hi, lo := a, b
	if rank(b) > rank(a) {
		hi, lo = b, a
	}
	switch {
	case hi.Signed == lo.Signed || !hi.Signed:
		return hi
	case rank(hi) == rank(lo):
		return lo // the unsigned one of the two
	case hi.Size > lo.Size:
		return hi
	}
	return e.basic("unsigned " + hi.Name)
}

// convert changes a value to a scalar type, folding it when it is known.
func (e *evaluator) convert(v Value, t *ctype.Type) Value {
	r := Resolve(e.env, t)
	out := Value{Type: r, Known: v.Known}
	if !v.Known || v.IsStr {
		out.Known = false
		return out
	}
	switch {
	case r.Kind == ctype.Float && v.isFloat():
		out.Float = roundTo(r, v.Float)
	case r.Kind == ctype.Float && v.isInt():
		if v.signed() {
			out.Float = roundTo(r, float64(int64(v.Bits)))
		} else {
			out.Float = roundTo(r, float64(v.Bits))
		}
	case r.Kind == ctype.Bool && v.isFloat():
		out.Bits = wrap(r, b2u(v.Float != 0))
	case v.isFloat():
		var ok bool
		if out.Bits, ok = truncate(r, v.Float); !ok {
			out.Known = false
		}
	default:
		out.Bits = wrap(r, v.Bits)
		if r.Size > 8 && r.Kind == ctype.Int && !r.Signed && v.signed() && int64(v.Bits) < 0 {
			out.Known = false // needs more than the 64 bits a Value has
		}
	}
	return out
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// binary applies a binary operator to two scalar operands.
func (e *evaluator) binary(op string, a, b Value) Value {
	a, b = e.rvalue(a), e.rvalue(b)
	if a.Type.Kind == ctype.Pointer || b.Type.Kind == ctype.Pointer {
		return e.pointerBinary(op, a, b)
	}
	if !a.isArith() || !b.isArith() {
		return e.fail("operands of %s are not numbers", op)
	}
	switch op {
	case "<<", ">>":
		return e.shift(op, a, b)
	}
	a, b = e.balance(a, b)
	if a.isFloat() {
		return e.floatBinary(op, a, b)
	}
	known := a.Known && b.Known
	if isCompare(op) {
		less := a.Bits < b.Bits
		if a.Type.Signed {
			less = int64(a.Bits) < int64(b.Bits)
		}
		return e.truth(compare(op, less, a.Bits == b.Bits), known)
	}
	out := Value{Type: a.Type, Known: known}
	if !known {
		return out
	}
	n, err := intBinary(op, a.Type, a.Bits, b.Bits)
	if err != nil {
		if e.dead > 0 {
			return Value{Type: a.Type}
		}
		return e.fail("%v", err)
	}
	if a.Type.Size > 8 && overflows(op, a, b) {
		out.Known = false
	}
	out.Bits = wrap(a.Type, n)
	return out
}

func intBinary(op string, t *ctype.Type, x, y uint64) (uint64, error) {
	switch op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "&":
		return x & y, nil
	case "|":
		return x | y, nil
	case "^":
		return x ^ y, nil
	case "/", "%":
		if y == 0 {
			return 0, errDivision
		}
		if t.Signed {
			if int64(y) == -1 { // avoids the one overflow
				if op == "%" {
					return 0, nil
				}
				return -x, nil
			}
			if op == "%" {
				return uint64(int64(x) % int64(y)), nil
			}
			return uint64(int64(x) / int64(y)), nil
		}
		if op == "%" {
			return x % y, nil
		}
		return x / y, nil
	}
	return 0, fmt.Errorf("operator %s", op)
}

// overflows tells whether an operation on 128-bit operands leaves the 64 bits
// that a Value holds.
func overflows(op string, a, b Value) bool {
	x, y := a.Bits, b.Bits
	switch op {
	case "+":
		if a.Type.Signed {
			s := int64(x) + int64(y)
			return (s > int64(x)) != (int64(y) > 0)
		}
		_, carry := bits.Add64(x, y, 0)
		return carry != 0
	case "*":
		hi, lo := bits.Mul64(x, y)
		return hi != 0 || a.Type.Signed && int64(lo) < 0
	case "-":
		return x < y
	}
	return false
}

func (e *evaluator) shift(op string, a, b Value) Value {
	if !a.isInt() || !b.isInt() {
		return e.fail("operands of %s are not integers", op)
	}
	a, b = e.promote(a), e.promote(b)
	out := Value{Type: a.Type, Known: a.Known && b.Known}
	if !out.Known {
		return out
	}
	if b.Bits >= uint64(8*a.Type.Size) {
		if e.dead > 0 {
			return Value{Type: a.Type}
		}
		return e.fail("shift by %s of a type with %d bits", b.Integer(), 8*a.Type.Size)
	}
	switch {
	case op == "<<":
		out.Bits = wrap(a.Type, a.Bits<<b.Bits)
		out.Known = a.Type.Size <= 8 || b.Bits < 64 && out.Bits>>b.Bits == a.Bits && int64(out.Bits) >= 0
	case a.Type.Signed:
		out.Bits = uint64(int64(a.Bits) >> b.Bits)
	default:
		out.Bits = a.Bits >> b.Bits
	}
	return out
}

func (e *evaluator) floatBinary(op string, a, b Value) Value {
	known := a.Known && b.Known
	if isCompare(op) {
		return e.truth(compare(op, a.Float < b.Float, a.Float == b.Float), known)
	}
	out := Value{Type: a.Type, Known: known}
	switch op {
	case "+":
		out.Float = a.Float + b.Float
	case "-":
		out.Float = a.Float - b.Float
	case "*":
		out.Float = a.Float * b.Float
	case "/":
		out.Float = a.Float / b.Float
	default:
		return e.fail("operands of %s are not integers", op)
	}
	out.Float = roundTo(out.Type, out.Float)
	return out
}

// pointerBinary does pointer arithmetic and comparison.
func (e *evaluator) pointerBinary(op string, a, b Value) Value {
	known := a.Known && b.Known
	step := func(p Value) uint64 {
		if n, ok := Size(e.env, p.Type.Elem); ok {
			return uint64(n)
		}
		return 1 // GNU C: void and functions count bytes
	}
	switch {
	case isCompare(op):
		return e.truth(compare(op, a.Bits < b.Bits, a.Bits == b.Bits), known)
	case op == "-" && a.Type.Kind == ctype.Pointer && b.Type.Kind == ctype.Pointer:
		out := Value{Type: e.basic(e.model.PtrdiffType), Known: known}
		if n := step(a); n > 0 {
			out.Bits = wrap(out.Type, uint64(int64(a.Bits-b.Bits)/int64(n)))
		}
		return out
	case op == "+" && b.Type.Kind == ctype.Pointer && a.isInt():
		a, b = b, a
		fallthrough
	case (op == "+" || op == "-") && a.Type.Kind == ctype.Pointer && b.isInt():
		n := b.Bits * step(a)
		if op == "-" {
			n = -n
		}
		return Value{Type: a.Type, Known: known, Bits: wrap(a.Type, a.Bits+n)}
	}
	return e.fail("operands of %s are pointers", op)
}

func isCompare(op string) bool {
	switch op {
	case "<", ">", "<=", ">=", "==", "!=":
		return true
	}
	return false
}

func compare(op string, less, equal bool) bool {
	switch op {
	case "<":
		return less
	case ">":
		return !less && !equal
	case "<=":
		return less || equal
	case ">=":
		return !less
	case "==":
		return equal
	}
	return !equal
}

// truth returns the int that a logical or comparison operator gives.
func (e *evaluator) truth(b, known bool) Value {
	return Value{Type: e.basic("int"), Known: known, Bits: b2u(b)}
}

// unary applies + - ~ !.
func (e *evaluator) unary(op string, v Value) Value {
	v = e.rvalue(v)
	if op == "!" {
		if !v.isScalar() {
			return e.fail("operand of ! is not a number")
		}
		return e.truth(v.isZero(), v.Known)
	}
	if v.isFloat() && op != "~" {
		if op == "-" {
			v.Float = -v.Float
		}
		return v
	}
	if !v.isInt() {
		return e.fail("operand of %s is not a number", op)
	}
	v = e.promote(v)
	switch op {
	case "-":
		v.Bits = wrap(v.Type, -v.Bits)
	case "~":
		v.Bits = wrap(v.Type, ^v.Bits)
	}
	if v.Type.Size > 8 && op != "+" && !v.Type.Signed {
		v.Known = false
	}
	return v
}

// Finite reports whether f can be written down as a number.
func Finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
