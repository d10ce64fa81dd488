package abi

import (
	"errors"
	"strconv"
)

// What a translation can fail with, found with [errors.Is] under a
// [FieldError].
var (
	// ErrRange: the value does not fit in the type it has on the other side.
	ErrRange = errors.New("value does not fit")

	// ErrNoCounterpart: the value means something that the other side has no
	// value for, or means nothing at all.
	ErrNoCounterpart = errors.New("no counterpart")

	// ErrLength: a length or count contradicts the structure it describes:
	// shorter than its header, longer than its buffer, or past a limit.
	ErrLength = errors.New("bad length")

	// ErrTruncated: the buffer ends before the structure in it does.
	ErrTruncated = errors.New("truncated")

	// ErrSpace: the result does not fit in the buffer given for it.
	ErrSpace = errors.New("no space for the result")

	// ErrString: the bytes are not a string of the form the other side
	// needs, such as a name without the NUL that has to end it.
	ErrString = errors.New("not a proper string")
)

// Integer is any type of integer.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// A FieldError tells which value could not be translated, where it stood, and
// why.
type FieldError struct {
	Type   string // the C name without "struct", or that of the domain, such as "errno"
	Member string // the C name, with dots when nested ("st_atim.tv_nsec"); empty for a domain
	Value  uint64 // sign extended when Signed
	Signed bool
	Err    error // one of the errors of this package
}

// Error returns, for instance,
// "msghdr.msg_iovlen = 0x10000000000: value does not fit". Values up to 4095
// are written in decimal, larger ones in hexadecimal.
func (e *FieldError) Error() string {
	name := e.Type
	if e.Member != "" {
		name += "." + e.Member
	}
	return name + " = " + e.value() + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *FieldError) Unwrap() error { return e.Err }

func (e *FieldError) value() string {
	v, sign := e.Value, ""
	if e.Signed && int64(v) < 0 {
		v, sign = -v, "-"
	}
	if v < 4096 {
		return sign + strconv.FormatUint(v, 10)
	}
	return sign + "0x" + strconv.FormatUint(v, 16)
}

// OutOfRange returns a [FieldError] over [ErrRange].
func OutOfRange[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrRange)
}

// NoCounterpart returns a [FieldError] over [ErrNoCounterpart].
func NoCounterpart[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrNoCounterpart)
}

// BadLength returns a [FieldError] over [ErrLength].
func BadLength[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrLength)
}

// Truncated returns a [FieldError] over [ErrTruncated]; v is the number of
// bytes there are.
func Truncated[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrTruncated)
}

// NoSpace returns a [FieldError] over [ErrSpace]; v is the number of bytes
// needed.
func NoSpace[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrSpace)
}

// BadString returns a [FieldError] over [ErrString]; v is the length of the
// string.
func BadString[T Integer](typ, member string, v T) error {
	return fieldError(typ, member, v, ErrString)
}

// fieldError stays out of line, so that a converter's failing path costs its
// passing path nothing but a jump.
//
//go:noinline
func fieldError[T Integer](typ, member string, v T, err error) error {
	return &FieldError{Type: typ, Member: member, Value: uint64(v), Signed: ^T(0) < 0, Err: err}
}
