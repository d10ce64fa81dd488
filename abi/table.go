package abi

// An Entry is one place of a dense table from the numbers of one system to
// those of another: the number there, and whether there is one. A table is an
// array of entries indexed by the source's numbers, as constants:
//
//	var addressFamily = [...]abi.Entry[uint8]{
//		linux.AF_UNSPEC: {To: netbsd.AF_UNSPEC, OK: true},
//		linux.AF_INET6:  {To: netbsd.AF_INET6, OK: true},
//	}
//
// The places between are zero, which says: no counterpart.
type Entry[T Integer] struct {
	To T
	OK bool
}

// Lookup returns the entry of table at v, and false for a v that is outside the
// table. Generated code spells this out over an array; Lookup is for tables
// written by hand.
func Lookup[T, V Integer](table []Entry[T], v V) (T, bool) {
	if i := uint64(v); i < uint64(len(table)) {
		e := table[i]
		return e.To, e.OK
	}
	return 0, false
}

// A FlagRow says that the bits From of one system's flag word are the bits To
// of the other's. A row to 0 clears the bits on purpose.
type FlagRow[F, T Integer] struct {
	From F
	To   T
}

// Flags is a table of flag bits, for tables that are written by hand or made
// while the program runs; generated code uses masks and shifts. A row applies
// when all bits of its From are set, so rows of several bits come before those
// of one of their bits.
type Flags[F, T Integer] []FlagRow[F, T]

// Map returns v in the other system's bits. When some bits of v are in no
// row, it returns those and false.
func (t Flags[F, T]) Map(v F) (to T, unknown F, ok bool) {
	rest := v
	for _, row := range t {
		if row.From != 0 && v&row.From == row.From {
			to |= row.To
			rest &^= row.From
		}
	}
	return to, rest, rest == 0
}
