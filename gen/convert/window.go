package convert

import (
	"fmt"
	"strings"
)

// A window is a run of adjacent bits of a flag word whose rows are translated
// by one array index, where each group of rows that move alike costs a mask, a
// shift and an or. docs/performance.md has what that saves.
type window struct {
	low, width int
	rows       []windowRow // those whose bits all lie in it
}

type windowRow struct {
	Row
	shift int
}

const (
	minWindow, maxWindow = 8, 9 // bits: 256 or 512 places

	// windowGroups is how many groups a window must make needless; with
	// fewer, it costs what it saves.
	windowGroups = 4
)

// findWindow returns the narrowest window that makes the most groups needless,
// or false when none does for enough of them.
func findWindow(groups map[int][]Row, order []int) (window, bool) {
	var best window
	most := windowGroups - 1
	for width := minWindow; width <= maxWindow; width++ {
		for low := 0; low+width <= 64; low++ {
			win := window{low: low, width: width}
			needless := 0
			for _, n := range order {
				whole := true
				for _, r := range groups[n] {
					if r.FromVal&^win.mask() != 0 {
						whole = false
						continue
					}
					win.rows = append(win.rows, windowRow{r, n})
				}
				if whole {
					needless++
				}
			}
			if needless > most {
				best, most = win, needless
			}
		}
	}
	return best, best.width > 0
}

func (win window) mask() uint64 { return (1<<win.width - 1) << win.low }

// holds reports whether the window translates a row.
func (win window) holds(r Row) bool { return win.width > 0 && r.FromVal&^win.mask() == 0 }

// value is what the word's bits in the window become.
func (win window) value(word uint64) uint64 {
	to := uint64(0)
	for _, r := range win.rows {
		if v := word & r.FromVal; r.shift < 0 {
			to |= v >> -r.shift
		} else {
			to |= v << r.shift
		}
	}
	return to
}

// elem is the type of the array's elements, the smallest that will do.
func (win window) elem() string {
	switch all := win.value(win.mask()); {
	case all>>8 == 0:
		return "uint8"
	case all>>16 == 0:
		return "uint16"
	case all>>32 == 0:
		return "uint32"
	}
	return "uint64"
}

// index writes the lookup in the array.
func (win window) index(name, word string) string {
	bits := "u"
	if win.low > 0 {
		bits = fmt.Sprintf("u>>%d", win.low)
	}
	expr := fmt.Sprintf("%s[%s&%#x]", name, bits, 1<<win.width-1)
	if elem := win.elem(); elem != word {
		expr = word + "(" + expr + ")"
	}
	return expr
}

// table writes the array.
func (win window) table(s *source, name string) {
	var names []string
	for _, r := range win.rows {
		names = append(names, r.From)
	}
	s.line("")
	s.doc("%s", wrap(fmt.Sprintf("%s has what the bits %#x become, all at once: %s.", name, win.mask(), strings.Join(names, ", "))))
	s.line("var %s = [%d]%s{", name, 1<<win.width, win.elem())
	const perLine = 16
	for i := 0; i < 1<<win.width; i += perLine {
		var line []string
		for j := i; j < i+perLine; j++ {
			line = append(line, fmt.Sprintf("%#x", win.value(uint64(j)<<win.low)))
		}
		s.line("\t%s,", strings.Join(line, ", "))
	}
	s.line("}")
}
