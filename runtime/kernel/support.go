package kernel

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Level says how much of a system call a kernel does.
type Level uint8

// Full: as the manual page says. Partial: but for what the note says. None:
// the call fails with ENOSYS, for the reason the note gives.
const (
	None Level = iota
	Partial
	Full
)

// String returns "full", "partial" or "none".
func (l Level) String() string {
	switch l {
	case Full:
		return "full"
	case Partial:
		return "partial"
	}
	return "none"
}

// Support says how far a kernel has a system call.
type Support struct {
	Number syscalls.Number
	Level  Level
	Note   string
}

// WriteSupport writes the list as a table in Markdown: what is there first,
// then the calls that are not, each group by name.
func WriteSupport(w io.Writer, list []Support) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Support) int {
		return cmp.Or(cmp.Compare(min(b.Level, 1), min(a.Level, 1)), cmp.Compare(a.Number.String(), b.Number.String()), cmp.Compare(a.Number, b.Number))
	})
	b := new(bytes.Buffer)
	fmt.Fprintln(b, "| number | system call | support | |\n|---|---|---|---|")
	for _, s := range list {
		if s.Level == None && s.Note == "" {
			continue
		}
		c, _ := syscalls.Lookup(s.Number)
		fmt.Fprintf(b, "| %d | `%s` | %s | %s |\n", int(s.Number), c.Symbol, s.Level, s.Note)
	}
	var rest []string
	for _, s := range list {
		if s.Level == None && s.Note == "" {
			c, _ := syscalls.Lookup(s.Number)
			rest = append(rest, "`"+c.Symbol+"`")
		}
	}
	if len(rest) > 0 {
		fmt.Fprintf(b, "\nNot there, and so ENOSYS: %s.\n", strings.Join(rest, ", "))
	}
	_, err := w.Write(b.Bytes())
	return err
}
