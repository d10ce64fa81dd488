// Package nearest finds the names a person probably meant.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// most is how many names are worth showing.
const most = 3

// Names returns up to three of the candidates that are nearest to name by
// edit distance, nearest first, and none that is so far away that it would
// only confuse. Letter case counts less than other differences.
func Names(name string, candidates []string) []string {
	type match struct {
		name string
		cost int
	}
	limit := max(2, len(name)/2) * 2
	var found []match
	for _, c := range candidates {
		if c == name || c == "" {
			continue
		}
		if cost := distance(name, c, limit); cost <= limit {
			found = append(found, match{c, cost})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, m := range found {
		if len(names) == most {
			break
		}
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}

// Suggest returns "; did you mean A, B or C?" for an error message, or an
// empty string when nothing is near.
func Suggest(name string, candidates []string) string {
	names := Names(name, candidates)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "; did you mean " + names[0] + "?"
	}
	last := len(names) - 1
	return "; did you mean " + strings.Join(names[:last], ", ") + " or " + names[last] + "?"
}

// distance is the Levenshtein distance in half steps: 2 for an insertion,
// deletion or other letter, 1 for the same letter in another case. It returns
// more than limit as soon as the distance is known to be.
func distance(a, b string, limit int) int {
	if d := 2 * (len(a) - len(b)); d > limit || -d > limit {
		return limit + 1
	}
	prev := make([]int, len(b)+1)
	next := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = 2 * j
	}
	for i := range len(a) {
		next[0] = 2 * (i + 1)
		best := next[0]
		for j := range len(b) {
			next[j+1] = min(prev[j]+change(a[i], b[j]), prev[j+1]+2, next[j]+2)
			best = min(best, next[j+1])
		}
		if best > limit {
			return limit + 1
		}
		prev, next = next, prev
	}
	return prev[len(b)]
}

func change(a, b byte) int {
	switch {
	case a == b:
		return 0
	case lower(a) == lower(b):
		return 1
	}
	return 2
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
