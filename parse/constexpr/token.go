package constexpr

import "strings"

// Kind tells what a [Token] is.
type Kind uint8

// The kinds of a [Token].
const (
	Ident  Kind = iota // an identifier or keyword
	Number             // a preprocessing number
	Char               // a character constant, prefix included
	String             // a string literal, prefix included
	Punct              // an operator or a punctuator
)

// A Token is a preprocessed C token.
type Token struct {
	Text  string
	Kind  Kind
	Space bool // white space stood before it
}

// MakeToken returns the token spelt text, its kind told from the spelling.
func MakeToken(text string) Token {
	t := Token{Text: text, Kind: Punct}
	if text == "" {
		return t
	}
	switch c := text[0]; {
	case c == '"':
		t.Kind = String
	case c == '\'':
		t.Kind = Char
	case isDigit(c) || c == '.' && len(text) > 1 && isDigit(text[1]):
		t.Kind = Number
	case isLetter(c):
		t.Kind = Ident
		// L"...", u8"...", U'.': no identifier ends in a quote.
		switch text[len(text)-1] {
		case '"':
			t.Kind = String
		case '\'':
			t.Kind = Char
		}
	}
	return t
}

// Spell writes the tokens as C source in one line.
func Spell(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && (t.Space || glued(tokens[i-1], t)) {
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// glued reports whether two tokens would read as one without a space.
func glued(a, b Token) bool {
	return a.Kind != Punct && b.Kind != Punct || a.Kind == Punct && a.Text == b.Text && strings.Contains("+-&|<>=#", a.Text)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLetter(c byte) bool {
	return c == '_' || c == '$' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
