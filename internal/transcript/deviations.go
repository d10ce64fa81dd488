package transcript

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Deviations are the calls that are known not to agree, each with the reason:
// by "area/name" of the scenario and the line of its file.
type Deviations map[string]map[int]string

// ReadDeviations reads them from the tables of a Markdown text. A row is
//
//	| D/scm_rights | 12, 15-17 | why the calls of these lines do not agree |
//
// and a row whose first cell has no slash is a heading.
func ReadDeviations(text io.Reader) (Deviations, error) {
	d := Deviations{}
	lines := bufio.NewScanner(text)
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), "|")
		if len(cells) < 5 || !strings.Contains(cells[1], "/") {
			continue
		}
		scenario, reason := strings.TrimSpace(cells[1]), strings.TrimSpace(strings.Join(cells[3:len(cells)-1], "|"))
		if reason == "" {
			return nil, fmt.Errorf("line %d: no reason", n)
		}
		if d[scenario] == nil {
			d[scenario] = map[int]string{}
		}
		for span := range strings.SplitSeq(cells[2], ",") {
			first, last, err := parseSpan(strings.TrimSpace(span))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			for i := first; i <= last; i++ {
				d[scenario][i] = reason
			}
		}
	}
	return d, lines.Err()
}

// parseSpan reads "12" or "12-17".
func parseSpan(s string) (first, last int, err error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		to = from
	}
	if first, err = strconv.Atoi(from); err == nil {
		last, err = strconv.Atoi(to)
	}
	if err == nil && (first < 1 || last < first || last > 1e6) {
		err = fmt.Errorf("lines %s", s)
	}
	return first, last, err
}
