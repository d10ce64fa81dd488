package ctype

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// A Model holds what a target's compiler decides about types: their sizes and
// alignments, and the few rules by which targets differ in laying out structs.
// The facts are those of clang for the target (gcc for netbsd/m68k, which
// clang does not build for).
type Model struct {
	Target    Target
	BigEndian bool

	CharSigned bool // plain char has negative values

	Bool       Scalar
	Short      Scalar
	Int        Scalar
	Long       Scalar
	LongLong   Scalar
	Int128     Scalar // zero where the compiler has no __int128
	Pointer    Scalar
	Float16    Scalar // zero where the compiler has no _Float16
	Float      Scalar
	Double     Scalar
	LongDouble Scalar
	Float128   Scalar // __float128, _Float128; zero where there is none

	// The types behind size_t, ptrdiff_t, wchar_t, wint_t and intmax_t, as
	// canonical C spellings.
	SizeType    string
	PtrdiffType string
	WCharType   string
	WIntType    string
	IntmaxType  string

	// MaxAlign is what aligned means without an argument, in bytes.
	MaxAlign int64

	// MaxVectorAlign limits the alignment of vector types, in bytes; 0 when
	// a vector is aligned to its size however large.
	MaxVectorAlign int64

	// MaxAtomicAlign is the size in bytes up to which an _Atomic type is
	// padded to a power of two and aligned to its size.
	MaxAtomicAlign int64

	// UnnamedBitFieldsAlign tells that the declared type of an unnamed
	// bit-field, a zero-width one included, counts for the alignment of its
	// record as that of a named one does (AAPCS); elsewhere it does not.
	UnnamedBitFieldsAlign bool
}

// A Scalar is the size of a basic type and its alignment, both in bytes. The
// alignment is the one a member has (_Alignof, not GNU C's __alignof__, which
// says 8 for double on 386).
type Scalar struct {
	Size  int64
	Align int64
}

// Basic describes one basic type on one target.
type Basic struct {
	Kind   Kind // Void, Bool, Int, Float or Complex
	Size   int64
	Align  int64
	Signed bool // of Int
}

// ByteOrder returns the byte order of integers in memory.
func (m *Model) ByteOrder() binary.ByteOrder {
	if m.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Basic looks up a basic type by its canonical spelling, which is what
// [BasicName] returns: "unsigned long", "_Bool", "double _Complex". It reports
// false for a name that is none and for a type the target's compiler lacks.
func (m *Model) Basic(name string) (Basic, bool) {
	if name == "void" {
		return Basic{Kind: Void}, true
	}
	if elem, ok := strings.CutSuffix(name, " _Complex"); ok {
		s, ok := m.float(elem)
		return Basic{Kind: Complex, Size: 2 * s.Size, Align: s.Align}, ok
	}
	if s, ok := m.float(name); ok {
		return Basic{Kind: Float, Size: s.Size, Align: s.Align}, true
	}
	if name == "_Bool" {
		return Basic{Kind: Bool, Size: m.Bool.Size, Align: m.Bool.Align}, true
	}
	plain, unsigned := strings.CutPrefix(name, "unsigned ")
	b := Basic{Kind: Int, Signed: !unsigned}
	var s Scalar
	switch plain {
	case "char":
		s = Scalar{1, 1}
		b.Signed = b.Signed && m.CharSigned
	case "signed char":
		s = Scalar{1, 1}
		if unsigned {
			return Basic{}, false
		}
	case "short":
		s = m.Short
	case "int":
		s = m.Int
	case "long":
		s = m.Long
	case "long long":
		s = m.LongLong
	case "__int128":
		s = m.Int128
	}
	b.Size, b.Align = s.Size, s.Align
	return b, s.Size != 0
}

// float looks up a real floating type.
func (m *Model) float(name string) (Scalar, bool) {
	var s Scalar
	switch name {
	case "float", "_Float32":
		s = m.Float
	case "double", "_Float64", "_Float32x":
		s = m.Double
	case "long double":
		s = m.LongDouble
	case "_Float64x":
		s = m.LongDouble
		if s.Size <= m.Double.Size {
			s = m.Float128
		}
	case "_Float128", "__float128":
		s = m.Float128
	case "_Float16":
		s = m.Float16
	}
	return s, s.Size != 0
}

// Type returns a new Type for the basic type of that canonical spelling, size
// and alignment filled, or nil when the target has no such type.
func (m *Model) Type(name string) *Type {
	b, ok := m.Basic(name)
	if !ok {
		return nil
	}
	return &Type{Kind: b.Kind, Name: name, Size: b.Size, Align: b.Align, Signed: b.Signed}
}

// BasicName returns the canonical spelling of the basic type that a list of
// declaration specifiers names, in any order: "long unsigned int" and
// "unsigned long" are both "unsigned long". Qualifiers and storage classes
// must have been taken out. GNU spellings (__signed__, __complex__) are known.
func BasicName(words ...string) (string, error) {
	var n struct{ short, long, signed, unsigned, int, complex int }
	base := ""
	for _, w := range words {
		switch w {
		case "short":
			n.short++
		case "long":
			n.long++
		case "signed", "__signed", "__signed__":
			n.signed++
		case "unsigned":
			n.unsigned++
		case "int":
			n.int++
		case "_Complex", "__complex", "__complex__":
			n.complex++
		case "__int128_t":
			base += "__int128"
		case "__uint128_t":
			base += "__int128"
			n.unsigned++
		case "bool":
			base += "_Bool"
		default:
			base += w // two of them make a name nothing below knows
		}
	}
	bad := fmt.Errorf("%q is not a basic type", strings.Join(words, " "))
	if n.short > 1 || n.long > 2 || n.signed+n.unsigned > 1 || n.int > 1 || n.complex > 1 || n.short > 0 && n.long > 0 {
		return "", bad
	}
	size := n.short + n.long
	sign := n.signed + n.unsigned
	name := base
	switch base {
	case "":
		if size+sign+n.int == 0 {
			if n.complex == 0 {
				return "", bad
			}
			name = "double" // GNU C: _Complex alone
			break
		}
		if n.complex > 0 {
			return "", bad // complex integers are not described
		}
		name = "int"
		if n.short > 0 {
			name = "short"
		} else if n.long > 0 {
			name = strings.TrimSpace(strings.Repeat("long ", n.long))
		}
		if n.unsigned > 0 {
			name = "unsigned " + name
		}
		return name, nil
	case "char":
		if size+n.int+n.complex > 0 {
			return "", bad
		}
		if n.signed > 0 {
			return "signed char", nil
		}
		if n.unsigned > 0 {
			return "unsigned char", nil
		}
		return "char", nil
	case "__int128":
		if size+n.int+n.complex > 0 {
			return "", bad
		}
		if n.unsigned > 0 {
			return "unsigned __int128", nil
		}
		return name, nil
	case "double":
		if n.short > 0 || n.long > 1 || sign+n.int > 0 {
			return "", bad
		}
		if n.long == 1 {
			name = "long double"
		}
	case "float", "_Float16", "_Float32", "_Float64", "_Float32x", "_Float64x", "_Float128", "__float128":
		if size+sign+n.int > 0 {
			return "", bad
		}
	case "void", "_Bool":
		if size+sign+n.int+n.complex > 0 {
			return "", bad
		}
		return name, nil
	default:
		return "", bad
	}
	if n.complex > 0 {
		name += " _Complex"
	}
	return name, nil
}

// Model returns the data model of the target. The error for an unknown one
// lists those that are known.
func (t Target) Model() (*Model, error) {
	for _, k := range targets {
		if k.target == t {
			m := k.model
			m.Target = t
			return &m, nil
		}
	}
	names := make([]string, len(targets))
	for i, k := range targets {
		names[i] = k.target.String()
	}
	return nil, fmt.Errorf("target %s is not known; known are %s", t, strings.Join(names, ", "))
}

// Targets returns the known targets.
func Targets() []Target {
	list := make([]Target, len(targets))
	for i, k := range targets {
		list[i] = k.target
	}
	return slices.Clip(list)
}
