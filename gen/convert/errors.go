package convert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// A PlanError is something the rules leave undecided, or something wrong in
// them.
type PlanError struct {
	Pos    ctype.Pos // in the rules; zero when no rule is involved
	Struct string    // the record or domain; may be empty
	Field  string    // the member or constant; may be empty
	From   ctype.Pos // where the source's side declares it; zero when it does not
	To     ctype.Pos // where the result's side declares it; zero when it does not
	Err    error
}

// Error returns the place first, that in the rules when there is one:
// "rules.yaml:12:5: msghdr.msg_flags: no domain MesageFlags".
func (e *PlanError) Error() string {
	var b strings.Builder
	for _, pos := range []ctype.Pos{e.Pos, e.From, e.To} {
		if pos.File != "" {
			fmt.Fprintf(&b, "%s:%d:%d: ", pos.File, pos.Line, pos.Col)
			break
		}
	}
	if e.Struct != "" {
		b.WriteString(e.Struct)
		if e.Field != "" {
			b.WriteString("." + e.Field)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	switch {
	case e.From.File != "" && e.To.File != "":
		fmt.Fprintf(&b, " (%s and %s)", place(e.From), place(e.To))
	case e.Pos.File != "" && e.From.File != "":
		fmt.Fprintf(&b, " (%s)", place(e.From))
	case e.Pos.File != "" && e.To.File != "":
		fmt.Fprintf(&b, " (%s)", place(e.To))
	}
	return b.String()
}

func place(p ctype.Pos) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Unwrap returns e.Err.
func (e *PlanError) Unwrap() error { return e.Err }

// ErrorList is what [NewPlan] returns when it fails: every error there is, by
// position, each once.
type ErrorList []*PlanError

// Error returns all errors, a line each.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// sorted returns l in order of position and text, without repetitions: the same
// mistake shows on every architecture.
func (l ErrorList) sorted() ErrorList {
	slices.SortStableFunc(l, func(a, b *PlanError) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Error(), b.Error()))
	})
	return slices.CompactFunc(l, func(a, b *PlanError) bool { return a.Error() == b.Error() })
}
