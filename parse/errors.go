package parse

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// An Error is one problem in the headers.
type Error struct {
	Pos ctype.Pos // where; the line is 0 when only the header is known
	Msg string
}

// Error returns "file:line:col: message".
func (e *Error) Error() string {
	switch {
	case e.Pos.File == "":
		return e.Msg
	case e.Pos.Line == 0:
		return e.Pos.File + ": " + e.Msg
	case e.Pos.Col == 0:
		return fmt.Sprintf("%s:%d: %s", e.Pos.File, e.Pos.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, e.Msg)
}

// ErrorList is everything found wrong with a group of headers, sorted by
// position.
type ErrorList []*Error

// Error returns the errors, one in each line.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// maxErrors is how many errors are reported: after a syntax error the parser
// finds more of them than are worth reading.
const maxErrors = 20

func (l *ErrorList) add(pos ctype.Pos, format string, args ...any) {
	*l = append(*l, &Error{Pos: pos, Msg: fmt.Sprintf(format, args...)})
}

// err sorts the list, drops repetitions and returns it as an error, nil when it
// is empty.
func (l ErrorList) err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Msg, b.Msg))
	})
	// The parser stumbles on: of several syntax errors in a line the first
	// is the one that counts.
	l = slices.CompactFunc(l, func(a, b *Error) bool {
		return *a == *b || a.Pos.File == b.Pos.File && a.Pos.Line == b.Pos.Line && a.Pos.Line > 0 &&
			isSyntax(a.Msg) && isSyntax(b.Msg)
	})
	if len(l) > maxErrors {
		more := len(l) - maxErrors
		l = append(l[:maxErrors:maxErrors], &Error{Msg: fmt.Sprintf("and %d more errors", more)})
	}
	return l
}

func isSyntax(msg string) bool { return strings.HasPrefix(msg, "syntax error: ") }

// splitPosition takes "file:line:col: " off an error message of cc.
func splitPosition(s string) (file string, line, col int, msg string) {
	// The file name may hold colons; the message begins after the first
	// pair of numbers.
	for i := strings.Index(s, ":"); i >= 0; {
		parts := strings.SplitN(s[i+1:], ":", 3)
		if len(parts) == 3 {
			l, err1 := strconv.Atoi(parts[0])
			c, err2 := strconv.Atoi(parts[1])
			if err1 == nil && err2 == nil {
				return s[:i], l, c, strings.TrimSpace(parts[2])
			}
		}
		next := strings.Index(s[i+1:], ":")
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return "", 0, 0, s
}
