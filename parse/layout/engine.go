package layout

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
)

// Limits of what is laid out. Compilers allow objects up to half the address
// space, which for 64-bit targets no header comes near; the limit here keeps
// bit offsets within an int64.
const (
	maxSize  = 1 << 57 // bytes
	maxAlign = 1 << 28 // bytes; gcc's limit
	maxDepth = 200     // types within types
)

// A Lookup finds declarations by name; each method returns nil for one that
// there is not. [ctype.Index] is one.
type Lookup interface {
	Record(name string) *ctype.Record
	Enum(name string) *ctype.Enum
	Typedef(name string) *ctype.Typedef
}

// An Error tells what cannot be laid out and why.
type Error struct {
	Pos    ctype.Pos // of the member or record; zero when it has none
	Record string    // [ctype.Record.Name]; empty for a type on its own
	Member string    // its name, or "#2" for an unnamed one; empty for the record itself
	Msg    string
}

// Error returns "file:line:col: record.member: message".
func (e *Error) Error() string {
	s := e.Msg
	switch {
	case e.Record != "" && e.Member != "":
		s = e.Record + "." + e.Member + ": " + s
	case e.Record != "":
		s = e.Record + ": " + s
	}
	if e.Pos.File != "" {
		s = fmt.Sprintf("%s:%d:%d: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, s)
	}
	return s
}

// An Engine lays out the types of one target.
type Engine struct {
	model *ctype.Model
	decls Lookup

	records  map[*ctype.Record]*result
	typedefs map[*ctype.Typedef]*result

	// pointees are types behind pointers and in prototypes: their sizes are
	// filled when nothing is under way any more, since the record around
	// may be the one they name.
	pointees []*ctype.Type
	depth    int
}

// result is how far a declaration has come: in progress until done.
type result struct {
	done bool
	err  error
}

// New returns an Engine for a target's model that finds declarations in decls.
func New(model *ctype.Model, decls Lookup) *Engine {
	return &Engine{
		model:    model,
		decls:    decls,
		records:  make(map[*ctype.Record]*result),
		typedefs: make(map[*ctype.Typedef]*result),
	}
}

// Record fills offsets, size and alignment of r and of every record it
// contains. For a record that is only declared it fills nothing. An error is
// an [*Error], about r or about a record within it; r.Size is then 0.
func (e *Engine) Record(r *ctype.Record) error {
	err := e.record(r)
	e.fillPointees()
	return err
}

// Type fills size, alignment and sign of t and of all types it is made of. It
// is an error for an array element, vector element or complete record to have
// no size; void, functions, flexible arrays and records that are only declared
// stay at size 0 without one.
func (e *Engine) Type(t *ctype.Type) error {
	err := e.typ(t)
	e.fillPointees()
	return err
}

// Unit lays out every declaration of u anew: enums from their constants,
// records, typedefs, and the types of constants and functions. It goes on
// after an error and returns all of them in the order of declaration. The
// engine must look up declarations in u.
func (e *Engine) Unit(u *ctype.Unit) []error {
	clear(e.records)
	clear(e.typedefs)
	var errs []error
	note := func(name string, pos ctype.Pos, err error) {
		if le := (*Error)(nil); errors.As(err, &le) && le.Record == "" {
			err = &Error{Pos: pos, Record: name, Msg: le.Msg}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	values := make(map[string][]ctype.Integer)
	for _, c := range u.Consts {
		if c.Enum != "" {
			values[c.Enum] = append(values[c.Enum], c.Int)
		}
	}
	for _, en := range u.Enums {
		if en.Complete {
			note(en.Name, en.Pos, e.Enum(en, values[en.Name]))
		}
	}
	for _, r := range u.Records {
		note(r.Name, r.Pos, e.record(r))
	}
	for _, d := range u.Typedefs {
		note(d.Name, d.Pos, e.typ(d.Type))
	}
	for _, c := range u.Consts {
		if c.Type != nil {
			note(c.Name, c.Pos, e.typ(c.Type))
		}
		if c.Ioctl != nil && c.Ioctl.Arg != nil {
			note(c.Name, c.Pos, e.typ(c.Ioctl.Arg))
		}
	}
	for _, f := range u.Funcs {
		note(f.Name, f.Pos, e.typ(f.Type))
	}
	e.fillPointees()
	return errs
}

// Enum chooses the integer type that en is compatible with, for enumeration
// constants of the given values: the smallest of int, unsigned int, long,
// unsigned long, long long and unsigned long long that holds them all, where
// an unsigned type is preferred when no value is negative, or with packed the
// smallest integer type at all. An enum without constants keeps the Type it has.
func (e *Engine) Enum(en *ctype.Enum, values []ctype.Integer) error {
	if en.Type != nil && len(values) == 0 {
		return e.typ(en.Type)
	}
	var low int64
	var high uint64
	for _, v := range values {
		if v.Negative() {
			i, _ := v.Int64()
			low = min(low, i)
		} else {
			high = max(high, v.Bits)
		}
	}
	names := []string{"int", "long", "long long"}
	if en.Packed {
		names = []string{"signed char", "short", "int", "long", "long long"}
	}
	for _, name := range names {
		if low == 0 {
			if name == "signed char" {
				name = "char"
			}
			name = "unsigned " + name
		}
		t := e.model.Type(name)
		bits := uint(t.Size * 8)
		if low < 0 {
			bits--
		}
		if bits < 64 && high>>bits != 0 || low < 0 && low>>bits != -1 {
			continue
		}
		en.Type = t
		return nil
	}
	return &Error{Pos: en.Pos, Record: en.Name, Msg: "no integer type holds all its constants"}
}

// fillPointees fills the types put off until the outermost call is done. What
// cannot be laid out there stays without a size: it is an error only where it
// is declared.
func (e *Engine) fillPointees() {
	seen := make(map[*ctype.Type]bool)
	for len(e.pointees) > 0 {
		t := e.pointees[len(e.pointees)-1]
		e.pointees = e.pointees[:len(e.pointees)-1]
		if !seen[t] {
			seen[t] = true
			_ = e.typ(t)
		}
	}
}
