package constexpr

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/abigen/abigen/abi/ctype"
)

// number evaluates a preprocessing number.
func number(m *ctype.Model, text string) (Value, error) {
	s := strings.ToLower(text)
	hex := strings.HasPrefix(s, "0x")
	if strings.Contains(s, ".") || hex && strings.Contains(s, "p") || !hex && !strings.HasPrefix(s, "0b") && strings.Contains(s, "e") {
		return floating(m, s)
	}
	digits := strings.TrimRight(s, "ul")
	suffix := s[len(digits):]
	base := 10
	switch {
	case hex:
		base, digits = 16, digits[2:]
	case strings.HasPrefix(s, "0b"):
		base, digits = 2, digits[2:]
	case strings.HasPrefix(s, "0") && len(digits) > 1:
		base, digits = 8, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if errors.Is(err, strconv.ErrRange) {
		return Value{}, fmt.Errorf("integer constant %s is too large", text)
	}
	if err != nil || strings.Count(suffix, "u") > 1 || strings.Contains(suffix, "lul") || strings.Count(suffix, "l") > 2 {
		return Value{}, fmt.Errorf("%s is not a number", text)
	}
	t := literalType(m, n, base, strings.Contains(suffix, "u"), strings.Count(suffix, "l"))
	return Value{Type: t, Known: true, Bits: n}, nil
}

// literalType chooses the type of an integer constant, C17 6.4.4.1: the first
// in the list that holds it. Decimal constants without u stay signed.
func literalType(m *ctype.Model, n uint64, base int, unsigned bool, longs int) *ctype.Type {
	for _, name := range []string{"int", "long", "long long"}[longs:] {
		t := m.Type(name)
		if !unsigned && n <= 1<<(8*t.Size-1)-1 {
			return t
		}
		if (unsigned || base != 10) && (t.Size == 8 || n>>(8*t.Size) == 0) {
			return m.Type("unsigned " + name)
		}
	}
	// A decimal constant above LLONG_MAX; compilers warn and take this.
	return m.Type("unsigned long long")
}

// floatSuffixes are the types of floating constants by suffix, the longest
// first.
var floatSuffixes = []struct{ suffix, name string }{
	{"f128", "_Float128"}, {"f64x", "_Float64x"}, {"f32x", "_Float32x"}, {"f16", "_Float16"}, {"f32", "_Float32"}, {"f64", "_Float64"},
	{"f", "float"}, {"l", "long double"}, {"q", "__float128"}, {"", "double"},
}

// floating evaluates a floating constant in lower case.
func floating(m *ctype.Model, s string) (Value, error) {
	for _, row := range floatSuffixes {
		digits, ok := strings.CutSuffix(s, row.suffix)
		if !ok || strings.HasPrefix(s, "0x") && !strings.Contains(digits, "p") {
			continue
		}
		t := m.Type(row.name)
		if t == nil {
			return Value{}, fmt.Errorf("the target has no %s", row.name)
		}
		// big.ParseFloat takes what C does, bounds included; strconv would
		// refuse 1e400 and accept digit separators.
		f, _, err := big.ParseFloat(digits, 0, 64, big.ToNearestEven)
		if err != nil || strings.Contains(digits, "_") {
			break
		}
		x, _ := f.Float64()
		if t.Size <= 8 {
			if y, err := strconv.ParseFloat(digits, 64); err == nil {
				x = y // correctly rounded to double in one step
			}
		}
		return Value{Type: t, Known: true, Float: roundTo(t, x)}, nil
	}
	return Value{}, fmt.Errorf("%s is not a number", s)
}

// character evaluates a character constant.
func character(m *ctype.Model, text string) (Value, error) {
	prefix, body, ok := unquote(text, '\'')
	if !ok || body == "" {
		return Value{}, fmt.Errorf("%s is not a character constant", text)
	}
	var t *ctype.Type
	switch prefix {
	case "":
		var n, count uint64
		for body != "" {
			c, wide, rest, err := char(body)
			if err != nil {
				return Value{}, err
			}
			if wide && c > 0xff {
				return Value{}, fmt.Errorf("%s: character out of range", text)
			}
			body = rest
			n = n<<8 | uint64(c&0xff)
			count++
		}
		if count == 1 && m.CharSigned {
			n = uint64(int64(int8(n)))
		}
		return IntValue(m.Type("int"), int64(int32(n))), nil
	case "L":
		t = m.Type(m.WCharType)
	case "u":
		t = m.Type("unsigned short")
	case "U":
		t = m.Type("unsigned int")
	case "u8":
		t = m.Type("unsigned char")
	default:
		return Value{}, fmt.Errorf("%s is not a character constant", text)
	}
	c, _, rest, err := char(body)
	if err == nil && rest != "" {
		err = fmt.Errorf("%s: more than one character", text)
	}
	return IntValue(t, int64(c)), err
}

// stringLiteral decodes one string literal. It returns the size of its
// characters, in bytes, and the decoded ones.
func stringLiteral(m *ctype.Model, text string) (elem *ctype.Type, chars []rune, err error) {
	prefix, body, ok := unquote(text, '"')
	if !ok {
		return nil, nil, fmt.Errorf("%s is not a string literal", text)
	}
	switch prefix {
	case "", "u8":
		elem = m.Type("char")
	case "L":
		elem = m.Type(m.WCharType)
	case "u":
		elem = m.Type("unsigned short")
	case "U":
		elem = m.Type("unsigned int")
	default:
		return nil, nil, fmt.Errorf("%s is not a string literal", text)
	}
	for body != "" {
		c, wide, rest, err := char(body)
		if err != nil {
			return nil, nil, err
		}
		if elem.Size == 1 && wide && c > 0x7f {
			for _, b := range []byte(string(c)) {
				chars = append(chars, rune(b))
			}
		} else {
			chars = append(chars, c)
		}
		body = rest
	}
	return elem, chars, nil
}

func unquote(text string, quote byte) (prefix, body string, ok bool) {
	i := strings.IndexByte(text, quote)
	if i < 0 || len(text) < i+2 || text[len(text)-1] != quote {
		return "", "", false
	}
	return text[:i], text[i+1 : len(text)-1], true
}

// char takes one character or escape sequence off s. wide tells that it was
// written as a Unicode character, not as a byte.
func char(s string) (c rune, wide bool, rest string, err error) {
	if s[0] != '\\' {
		c, n := utf8.DecodeRuneInString(s)
		if c == utf8.RuneError {
			return rune(s[0]), false, s[1:], nil
		}
		return c, true, s[n:], nil
	}
	if len(s) == 1 {
		return 0, false, "", errors.New("escape sequence without an end")
	}
	const simple = `abtnvfre'"?\`
	const values = "\a\b\t\n\v\f\r\x1b'\"?\\"
	if i := strings.IndexByte(simple, s[1]); i >= 0 {
		return rune(values[i]), false, s[2:], nil
	}
	base, from, most := 8, 1, 3
	switch s[1] {
	case 'x':
		base, from, most = 16, 2, len(s)
	case 'u':
		base, from, most, wide = 16, 2, 4, true
	case 'U':
		base, from, most, wide = 16, 2, 8, true
	}
	end := from
	for end < len(s) && end-from < most && isDigitOf(s[end], base) {
		end++
	}
	n, err := strconv.ParseUint(s[from:end], base, 32)
	if err != nil {
		return 0, false, "", fmt.Errorf("bad escape sequence %q", s[:min(len(s), end+1)])
	}
	return rune(n), wide, s[end:], nil
}

func isDigitOf(c byte, base int) bool {
	_, err := strconv.ParseUint(string(c), base, 8)
	return err == nil
}
