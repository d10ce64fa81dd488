package ctype

// A Unit is what one system's headers declare on one target: the result of
// parsing, the input of the generator, and what the JSON description holds.
// Lists are in the order of declaration, so that two runs over the same
// headers give the same Unit.
type Unit struct {
	Target  Target
	Sysroot string   // what the headers came from, such as "ziglang 0.15.2"; not a path
	Headers []string // the headers asked for, as they are included
	Files   []string // every file read, in order of first inclusion

	Records  []*Record
	Enums    []*Enum
	Typedefs []*Typedef
	Consts   []*Const
	Funcs    []*Func
	Skipped  []Skipped // declarations and macros seen but not described
}

// Pos is a place in a header.
type Pos struct {
	File string // as a program includes it, such as "sys/socket.h"
	Line int    // from 1; 0 when unknown
	Col  int    // from 1, in bytes; 0 when unknown
}

// Kind tells what a [Type] is.
type Kind uint8

// The kinds of a [Type].
const (
	Invalid Kind = iota
	Void
	Bool    // _Bool
	Int     // every integer type, plain char included
	Float   // float, double, long double and the _FloatN types
	Complex // _Complex types
	Vector  // GCC vector types
	Pointer
	Array
	Function
	RecordRef  // a struct or union, by [Record.Name]
	EnumRef    // an enum, by [Enum.Name]
	TypedefRef // a typedef, by [Typedef.Name]
)

// A Type is the type of a member, parameter, typedef or constant. Types that
// have a declaration of their own are held by name ([RecordRef], [EnumRef],
// [TypedefRef]); [Unit.Record] and its fellows find the declaration.
//
// Size and Align are in bytes and are filled for every complete type; an
// incomplete type (void, a struct only declared, a flexible array) has size 0.
type Type struct {
	Kind Kind

	// Name is the C spelling of a basic type ("unsigned long", "_Bool"), or
	// the key of the declaration a RecordRef, EnumRef or TypedefRef stands
	// for ("struct msghdr", "enum nbsd", "socklen_t").
	Name string

	Size   int64
	Align  int64
	Signed bool // of Int: it has negative values on this target

	Const    bool
	Volatile bool
	Atomic   bool

	Elem *Type // of Pointer, Array, Vector: the element; of Function: the result
	Len  int64 // of Array and Vector: the number of elements; -1 for a flexible array

	Params   []Param // of Function
	Variadic bool    // of Function
}

// A Param is one parameter of a function type.
type Param struct {
	Name string // empty when the prototype names none
	Type *Type
}

// Attrs are the attributes and pragmas that change a layout.
type Attrs struct {
	Packed bool

	// Aligned is the argument of aligned(n) or _Alignas, in bytes; 0 when
	// there is none.
	Aligned int64

	// Pack is the limit that #pragma pack had set where the record was
	// defined, in bytes; 0 when none was in force.
	Pack int64
}

// A Record is a struct or a union.
type Record struct {
	// Name is the key under which the record is found: "struct msghdr",
	// "union sigval". A record without a tag takes the name of the typedef
	// that declares it ("div_t"), or, when it is the type of a member, the
	// path from the named record around it: "struct in6_addr.__u6_addr" for
	// a named member, "struct sigevent.#2" for an anonymous member, where 2
	// is the index of that member.
	Name string

	Tag      string // the C tag; empty when there is none
	Union    bool
	Complete bool // false when only declared; then there are no members and Size is 0
	Members  []*Member
	Attrs    Attrs
	Size     int64 // bytes
	Align    int64 // bytes
	Pos      Pos
}

// A Member is one member of a [Record].
type Member struct {
	Name  string // empty for an anonymous struct or union and for an unnamed bit-field
	Type  *Type
	Attrs Attrs // Pack is never set on a member

	// Offset is in bytes from the start of the record. For a bit-field it is
	// the offset of the byte that holds its first bit.
	Offset int64

	// BitField tells that the member is one. BitOffset is then the number of
	// bits between the start of the record and the first bit of the field,
	// in the order in which the target allocates bits (from the least
	// significant bit on little-endian targets, from the most significant on
	// big-endian ones), and BitWidth the number of its bits.
	BitField  bool
	BitOffset int64
	BitWidth  int64

	Pos Pos
}

// An Enum is an enumeration. Its constants are among [Unit.Consts] too.
type Enum struct {
	Name     string // "enum uio_rw", or as for [Record.Name] when there is no tag; "enum #FILE:LINE" when nothing names it
	Tag      string
	Complete bool
	Packed   bool
	Type     *Type // the compatible integer type
	Consts   []string
	Pos      Pos
}

// A Typedef is a typedef name.
type Typedef struct {
	Name  string
	Type  *Type
	Attrs Attrs // Aligned, when the typedef itself carries it
	Pos   Pos
}

// ConstKind tells what kind of value a [Const] has.
type ConstKind uint8

// The kinds of a [Const].
const (
	ConstInt ConstKind = iota
	ConstFloat
	ConstString
)

// A Const is an object-like macro with a value, or an enumeration constant.
type Const struct {
	Name   string
	Kind   ConstKind
	Type   *Type   // the C type of the expression; nil for strings
	Int    Integer // when Kind is ConstInt
	Float  float64 // when Kind is ConstFloat
	String string  // when Kind is ConstString, without the final NUL
	Enum   string  // the [Enum.Name] that declares it; empty for a macro
	Ioctl  *Ioctl  // when the macro expands to an ioctl request encoding
	Pos    Pos
}

// An Ioctl is what a request macro such as _IOWR('i', 38, struct ifconf)
// encodes, as it was written.
type Ioctl struct {
	Dir    string // the encoding macro without the underscore: "IO", "IOR", "IOW", "IOWR"
	Group  int64
	Number int64
	Arg    *Type // nil for IO
}

// A Func is a function prototype.
type Func struct {
	Name string
	Type *Type // of kind Function

	// Symbol is the name of the linker symbol where an asm label or
	// __RENAME gives another one than Name; otherwise empty.
	Symbol string
	Pos    Pos
}

// Skipped is something the headers declare that the description leaves out.
type Skipped struct {
	Name   string
	Reason string
	Pos    Pos
}
