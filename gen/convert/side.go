package convert

import (
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
)

// A GoNames knows what one system's declarations are called in Go, by C name
// and architecture. A namespace.Plan is one.
type GoNames interface {
	Record(arch, cName string) (*namespace.Record, bool)
	Const(arch, cName string) (*namespace.Constant, bool)
}

// A SystemModel is one system: its declarations on each architecture, and the
// Go package they are in.
type SystemModel struct {
	Name    string // as in [Rules.Systems]; also the name of the Go package
	Title   string // as texts call it, "NetBSD"
	Import  string // import path of the Go package
	Units   []*ctype.Unit
	GoNames GoNames
}

// A side is one system on one architecture, indexed.
type side struct {
	*SystemModel
	arch   string
	unit   *ctype.Unit
	ints   []*ctype.Const // integer constants in order of declaration
	consts map[string]*ctype.Const
	sorted []string // the names of ints
	left   bool     // the left of every Pair
}

func newSide(m *SystemModel, u *ctype.Unit, left bool) *side {
	s := &side{SystemModel: m, arch: u.Target.Arch, unit: u, left: left, consts: make(map[string]*ctype.Const)}
	for _, c := range u.Consts {
		if c.Kind != ctype.ConstInt || s.consts[c.Name] != nil {
			continue
		}
		s.consts[c.Name] = c
		s.ints = append(s.ints, c)
		s.sorted = append(s.sorted, c.Name)
	}
	slices.Sort(s.sorted)
	return s
}

// matching returns the names of the integer constants that a pattern matches.
func (s *side) matching(pattern string) []string {
	fixed := fixedPart(pattern)
	first, _ := slices.BinarySearch(s.sorted, fixed)
	var names []string
	for _, name := range s.sorted[first:] {
		if !strings.HasPrefix(name, fixed) {
			break
		}
		if matches([]string{pattern}, name) {
			names = append(names, name)
		}
	}
	return names
}

// record finds a record by a tag, "union NAME" or a typedef's name.
func (s *side) record(name string) (*namespace.Record, bool) {
	if r, ok := s.GoNames.Record(s.arch, "struct "+name); ok {
		return r, true
	}
	return s.GoNames.Record(s.arch, name)
}

// of returns the name that is of this side of p.
func (s *side) of(p Pair) string {
	if s.left {
		return p.Left
	}
	return p.Right
}

// leads reports whether p holds in the direction from this side to the other.
func (s *side) leads(p Pair) bool {
	if s.left {
		return !p.OnlyLeft
	}
	return !p.OnlyRight
}

// recordNames lists what [side.record] finds, for suggestions.
func (s *side) recordNames() []string {
	var names []string
	for _, r := range s.unit.Records {
		if r.Complete && !strings.Contains(r.Name, ".") {
			names = append(names, strings.TrimPrefix(r.Name, "struct "))
		}
	}
	return names
}

func (s *side) constNames() []string {
	names := make([]string, len(s.ints))
	for i, c := range s.ints {
		names[i] = c.Name
	}
	return names
}

// matches reports whether name matches one of the patterns.
func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		n, ok := begins(p, name)
		switch {
		case !ok: // most names, and cheap to see
		case n == len(p):
			if len(name) == len(p) {
				return true
			}
		case p[n:] == "*":
			if !strings.Contains(name[n:], "/") {
				return true
			}
		default:
			if ok, err := path.Match(p, name); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// fixedPart returns the part of a pattern in front of its first special
// character.
func fixedPart(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// begins returns the length of the part of a pattern in front of its first
// special character, up to where name differs from it, and whether it does not.
func begins(pattern, name string) (n int, ok bool) {
	for ; n < len(pattern); n++ {
		switch c := pattern[n]; {
		case c == '*' || c == '?' || c == '[' || c == '\\':
			return n, true
		case n >= len(name) || name[n] != c:
			return n, false
		}
	}
	return n, true
}
