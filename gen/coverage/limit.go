package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// mostNew is the number of names that an error lists.
const mostNew = 40

// A LimitError tells that more is open than the scope allows.
type LimitError struct {
	Pos    ctype.Pos // of the scope
	System string
	Kind   Kind
	Limit  int
	Open   int
	New    []string // the names that were not open before; all of them when that is not known
}

// Error names the limit and, a line each, what is new.
func (e *LimitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: coverage of %s: %d declarations of kind %s are open, and open allows %d; give them a rule or a reason, or raise the number (abigen coverage --open lists all)",
		e.Pos.File, e.System, e.Open, e.Kind, e.Limit)
	for i, name := range e.New {
		if i == mostNew {
			fmt.Fprintf(&b, "\n\tand %d more", len(e.New)-i)
			break
		}
		b.WriteString("\n\t" + name)
	}
	return b.String()
}

// Limits returns a [LimitError] for each system and kind of which more is open
// than the scope allows. Names in before, as of [ReadOpen], are not new.
func (r *Report) Limits(before map[string]bool) (errs []error) {
	for _, system := range slices.Sorted(maps.Keys(r.scope.Open)) {
		for _, kind := range Kinds {
			limit := r.scope.Open[system][string(kind)]
			e := &LimitError{Pos: r.scope.Pos, System: system, Kind: kind, Limit: limit}
			for _, d := range r.Declarations {
				if d.System != system || d.Kind != kind || d.Status != Open {
					continue
				}
				e.Open++
				if !before[d.key()] {
					e.New = append(e.New, d.Name+" ("+d.Header+")")
				}
			}
			if e.Open > limit {
				errs = append(errs, e)
			}
		}
	}
	return errs
}

// Slack returns, a line each, the limits that are higher than they need to be.
func (r *Report) Slack() (lines []string) {
	open := map[string]map[string]int{}
	for _, d := range r.Declarations {
		if d.Status == Open {
			if open[d.System] == nil {
				open[d.System] = map[string]int{}
			}
			open[d.System][string(d.Kind)]++
		}
	}
	for _, system := range slices.Sorted(maps.Keys(r.scope.Open)) {
		for _, kind := range Kinds {
			limit, n := r.scope.Open[system][string(kind)], open[system][string(kind)]
			if limit > n {
				lines = append(lines, fmt.Sprintf("%s: open: %s: %s may be lowered from %d to %d", r.scope.Pos.File, system, kind, limit, n))
			}
		}
	}
	return lines
}

func (d *Declaration) key() string { return d.System + " " + string(d.Kind) + " " + d.Name }
