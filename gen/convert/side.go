package convert

import (
	"path"
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
	left   bool // the left of every Pair
}

func newSide(m *SystemModel, u *ctype.Unit, left bool) *side {
	s := &side{SystemModel: m, arch: u.Target.Arch, unit: u, left: left, consts: make(map[string]*ctype.Const)}
	for _, c := range u.Consts {
		if c.Kind != ctype.ConstInt || s.consts[c.Name] != nil {
			continue
		}
		s.consts[c.Name] = c
		s.ints = append(s.ints, c)
	}
	return s
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
		if p == name {
			return true
		}
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}
