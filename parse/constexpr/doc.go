// Package constexpr evaluates C constant expressions for a target.
//
// It starts from preprocessed tokens, not from a syntax tree, so that the same
// code reads an array bound of a declaration and the replacement list of a
// macro. The rules are those of C17 with GNU extensions, applied with the
// target's sizes: integer promotions, the usual arithmetic conversions,
// wrapping unsigned arithmetic, and the type of every literal. What the
// expression may refer to (typedefs, records, enumeration constants, the types
// of variables) comes from an [Env].
//
// [Eval] gives a [Value] with its C type; [ParseType] reads a type name, such as
// the operand of sizeof.
package constexpr
