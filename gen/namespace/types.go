package namespace

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/abi/ctype"
)

// A TypeKind tells what a Go [Type] is.
type TypeKind uint8

// The kinds of a [Type].
const (
	Bytes   TypeKind = iota // [n]byte, for a C type that has no Go type
	Int                     // int8 to int64
	Uint                    // uint8 to uint64; byte for C's plain char
	Float                   // float32 or float64
	Complex                 // complex64 or complex128
	Addr                    // abi.Addr
	BE                      // abi.BE16, BE32 or BE64
	Enum                    // a named integer type of the package
	Named                   // a record of the package
	Array                   // [Len]Elem
)

// A Type is the Go type of a member, typedef or accessor.
type Type struct {
	Kind   TypeKind
	Size   int64 // bytes, the same as in C
	Align  int64 // bytes, as the Go compiler has it on the architecture
	Signed bool  // of Int and Enum
	Name   string
	Record string // of Named: the C name of the record
	Elem   *Type  // of Array
	Len    int64  // of Array and Bytes
}

// String returns the type as it is written inside the package: "uint32",
// "abi.BE16", "[14]byte", "SockaddrIn6".
func (t *Type) String() string {
	switch t.Kind {
	case Bytes:
		return "[" + strconv.FormatInt(t.Len, 10) + "]byte"
	case Array:
		return "[" + strconv.FormatInt(t.Len, 10) + "]" + t.Elem.String()
	case Addr, BE:
		return "abi." + t.Name
	}
	return t.Name
}

// Code returns the type as it is written in any package, given the import path
// of the package it belongs to and that of package abi.
func (t *Type) Code(pkg, abi string) *jen.Statement {
	switch t.Kind {
	case Bytes:
		return jen.Index(jen.Lit(int(t.Len))).Byte()
	case Array:
		return jen.Index(jen.Lit(int(t.Len))).Add(t.Elem.Code(pkg, abi))
	case Addr, BE:
		return jen.Qual(abi, t.Name)
	case Enum, Named:
		return jen.Qual(pkg, t.Name)
	}
	return jen.Id(t.Name)
}

// A Form tells how a member of a C record is reached in Go.
type Form uint8

// The forms of a [Field]. X is its Go name.
const (
	// Plain is a struct field: v.X.
	Plain Form = iota

	// Pointer is a member that shares its storage with others, of a union
	// or of an anonymous union in the record: v.X() is a *T.
	Pointer

	// Value is a member that Go cannot place or type, because it is
	// misaligned: v.X() is a T, v.SetX(T) stores one.
	Value

	// Bits is a bit-field: v.X() is a T, v.SetX(T) stores the low bits of
	// its argument.
	Bits

	// Flexible is a member without storage of its own (a flexible or empty
	// array): there is a constant OffsetofRecordX and nothing else.
	Flexible
)

// String returns the name of the form in lower case.
func (f Form) String() string {
	return [...]string{"plain", "pointer", "value", "bits", "flexible"}[f]
}

// A Field is a member of a record as Go has it. Members of anonymous structs
// and unions stand in the record around them.
type Field struct {
	C      *ctype.Member
	Name   string // C name
	Go     string // Go name of the field or accessor
	Type   *Type
	Form   Form
	Offset int64 // bytes from the start of the record, anonymous parents included
	Size   int64 // bytes; 0 for Bits and Flexible

	// BitOffset and BitWidth are those of a bit-field, from the start of
	// the record.
	BitOffset, BitWidth int64

	// Offsetof is the name of the constant of a Flexible member.
	Offsetof string

	// Setter is the name of the method that stores a Value or Bits field.
	Setter string

	storage string // Go name of the struct field that holds it, unless Plain
	base    int64  // offset of storage
	unit    int64  // of Bits: the size of storage when it is an integer, else 0
	unitAt  int64  // of Bits in a union: the offset of the integer
	inUnion bool   // storage is a union's
	comment string // C name and type
}

// A Record is a C struct or union as Go has it on one architecture.
type Record struct {
	C      *ctype.Record
	Go     string // Go name of the type
	Sizeof string // Go name of the constant with its size
	Bytes  bool   // the type is [Size]byte, there are no fields
	Align  int64  // bytes, as the Go compiler has it

	// Fields are the named members in C order; Padding is not among them.
	Fields []*Field

	// Padding tells that there are bytes that no member covers.
	Padding bool

	storage []slot // the Go struct, when not Bytes
}

// Field returns the field of that C name.
func (r *Record) Field(cName string) (*Field, bool) {
	for _, f := range r.Fields {
		if f.Name == cName {
			return f, true
		}
	}
	return nil, false
}

// A slot is one field of the Go struct as it is written.
type slot struct {
	name    string // "_" for padding
	typ     *Type
	offset  int64
	size    int64
	comment string
}

// A Constant is a C constant as Go has it on one architecture.
type Constant struct {
	C    *ctype.Const
	Go   string // always the C name, but for enumerators that begin with a small letter
	Type string // Go type of the constant: "Errno", "Signal", "abi.Addr", an enum; empty for an untyped one

	radix   radix
	block   int // constants of one block have no empty line between them
	comment string
	alias   *Constant // the earlier constant of the same number
}
