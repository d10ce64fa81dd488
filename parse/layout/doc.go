// Package layout computes sizes, alignments and member offsets of C types as
// the target's compiler does.
//
// The rules are those of the System V ABIs, the ARM AAPCS and GNU C, in the
// shape in which clang applies them: packed on a record and on a member,
// aligned on a record, member or typedef (where it may also lower the
// alignment), #pragma pack, bit-fields of every integer type, zero-width and
// unnamed ones, anonymous members, flexible and zero-length arrays, vectors,
// _Atomic and __int128. Where gcc and clang differ (see the tests) clang is
// followed, because it is the compiler that is at hand for every target.
//
// An [Engine] reads declarations through a [Lookup] and writes the results
// into the [ctype] declarations themselves. It keeps what it computed, so the
// members of a record must not change once it has been laid out. It is not
// safe for concurrent use.
package layout
