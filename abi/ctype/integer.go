package ctype

import (
	"fmt"
	"strconv"
)

// An Integer is the value of a C integer constant expression: 64 bits, read
// as a two's complement number when Signed. The zero value is 0.
type Integer struct {
	Bits   uint64
	Signed bool
}

// IntegerOf returns the Integer that holds v.
func IntegerOf(v int64) Integer { return Integer{Bits: uint64(v), Signed: v < 0} }

// Int64 returns the value and whether an int64 holds it.
func (n Integer) Int64() (int64, bool) {
	return int64(n.Bits), n.Signed || n.Bits <= 1<<63-1
}

// Negative reports whether the value is below zero.
func (n Integer) Negative() bool { return n.Signed && int64(n.Bits) < 0 }

// String returns the value in decimal.
func (n Integer) String() string {
	if n.Signed {
		return strconv.FormatInt(int64(n.Bits), 10)
	}
	return strconv.FormatUint(n.Bits, 10)
}

// MarshalJSON writes the value as a JSON number with all its digits.
func (n Integer) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalJSON reads a JSON number from -2^63 to 2^64-1.
func (n *Integer) UnmarshalJSON(b []byte) error {
	s := string(b)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = IntegerOf(v)
		return nil
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("ctype: %q is not a 64-bit integer", s)
	}
	*n = Integer{Bits: v}
	return nil
}
