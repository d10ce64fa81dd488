package coverage

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/nearest"
)

// A Kind is what a [Declaration] is.
type Kind string

// The kinds, in the order of the report.
const (
	Struct   Kind = "struct" // a struct or a union
	Member   Kind = "member"
	Constant Kind = "constant"
	Ioctl    Kind = "ioctl"
	Errno    Kind = "errno"
	Signal   Kind = "signal"
)

// Kinds are all kinds in the order of the report.
var Kinds = []Kind{Struct, Member, Constant, Ioctl, Errno, Signal}

// A Scope says of whole classes of declarations why they have no counterpart,
// and how many declarations may be left open. It is read from YAML by the keys
// in the tags.
type Scope struct {
	Pos ctype.Pos `yaml:",pos"`

	// Ioctls are patterns of constants that are ioctl requests although
	// their macros do not say so.
	Ioctls []string `yaml:"ioctls"`

	// Same are classes of constants that need no translation, because every
	// system has the same number by that name. That is held against the
	// headers; a constant that no other system has is not in the class.
	Same []*Class `yaml:"same"`

	// Without are the classes without a counterpart. The first that fits a
	// declaration counts.
	Without []*Class `yaml:"without"`

	// Open is the most declarations that may be open, by system and kind. A
	// system that is not named has no limit; a kind that is not named must
	// have none.
	Open map[string]map[string]int `yaml:"open"`
}

// A Class is a set of declarations with something in common.
type Class struct {
	Pos ctype.Pos `yaml:",pos"`

	// Class is a word or two by which the report calls it.
	Class string `yaml:"class"`

	// System limits the class to one system.
	System string `yaml:"system"`

	// Kinds, Headers and Names limit it further. Headers and names are
	// patterns; the name of a member is "record.member". A member whose
	// record is in a class is in it, too.
	Kinds   []string `yaml:"kinds"`
	Headers []string `yaml:"headers"`
	Names   []string `yaml:"names"`

	// Except are patterns of names that are not in the class all the same.
	Except []string `yaml:"except"`

	// Why is the reason, as a sentence without its full stop.
	Why string `yaml:"why"`

	used map[string]bool // patterns that something has matched
}

// A ScopeError is something wrong in a [Scope].
type ScopeError struct {
	Pos ctype.Pos
	Msg string
}

// Error returns the place and what is wrong there.
func (e *ScopeError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, e.Msg)
}

// check finds what is wrong in the scope by itself.
func (s *Scope) check(systems []string) (errs []error) {
	fail := func(pos ctype.Pos, format string, args ...any) {
		errs = append(errs, &ScopeError{pos, fmt.Sprintf(format, args...)})
	}
	known := func(pos ctype.Pos, list []string, name, what string) {
		if !slices.Contains(list, name) {
			fail(pos, "no %s %q%s", what, name, nearest.Suggest(name, list))
		}
	}
	kinds := make([]string, len(Kinds))
	for i, k := range Kinds {
		kinds[i] = string(k)
	}
	for _, pattern := range s.Ioctls {
		if _, err := path.Match(pattern, ""); err != nil {
			fail(s.Pos, "ioctls: %q is not a pattern", pattern)
		}
	}
	seen := map[string]*Class{}
	for _, c := range slices.Concat(s.Same, s.Without) {
		c.used = map[string]bool{}
		if c.Class == "" || c.Why == "" {
			fail(c.Pos, "a class needs its word (class) and its reason (why)")
		}
		if len(c.Headers)+len(c.Names) == 0 {
			fail(c.Pos, "class %s has neither headers nor names", c.Class)
		}
		if c.System != "" {
			known(c.Pos, systems, c.System, "system")
		}
		for _, k := range c.Kinds {
			known(c.Pos, kinds, k, "kind")
		}
		for _, pattern := range slices.Concat(c.Headers, c.Names, c.Except) {
			if _, err := path.Match(pattern, ""); err != nil {
				fail(c.Pos, "%q is not a pattern", pattern)
			}
		}
		if first := seen[c.Class]; first != nil && first.Why != c.Why {
			fail(c.Pos, "class %s has another reason in line %d", c.Class, first.Pos.Line)
		}
		seen[c.Class] = c
	}
	for system, limits := range s.Open {
		known(s.Pos, systems, system, "system")
		for k := range limits {
			known(s.Pos, kinds, k, "kind")
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// class returns the first of the classes that a declaration belongs to, or
// nil. Every pattern that fits is noted, so that the useless ones can be told.
func (d *Declaration) class(list []*Class) *Class {
	var found *Class
	for _, c := range list {
		if c.System != "" && c.System != d.System || len(c.Kinds) > 0 && !slices.Contains(c.Kinds, string(d.Kind)) {
			continue
		}
		header, okH := match(c.Headers, d.Header)
		name, okN := match(c.Names, d.Name)
		if !okH && len(c.Headers) > 0 || !okN && len(c.Names) > 0 {
			continue
		}
		except, not := match(c.Except, d.Name)
		if c.used["except "+except] = true; not {
			continue
		}
		c.used["headers "+header], c.used["names "+name] = true, true
		if found == nil {
			found = c
		}
	}
	return found
}

// useless returns an error for each pattern that nothing in the headers fits.
func (s *Scope) useless() (errs []error) {
	for _, c := range slices.Concat(s.Same, s.Without) {
		for _, list := range []struct {
			key      string
			patterns []string
		}{{"headers", c.Headers}, {"names", c.Names}, {"except", c.Except}} {
			for _, pattern := range list.patterns {
				if !c.used[list.key+" "+pattern] {
					errs = append(errs, &ScopeError{c.Pos, fmt.Sprintf("class %s: nothing fits %q of its %s", c.Class, pattern, list.key)})
				}
			}
		}
	}
	return errs
}

// match returns the first pattern that fits.
func match(patterns []string, name string) (string, bool) {
	for _, p := range patterns {
		if !begins(p, name) {
			continue // most are told apart here
		}
		if ok, err := path.Match(p, name); ok && err == nil {
			return p, true
		}
	}
	return "", false
}

// begins reports whether name begins as pattern does, up to the pattern's first
// special character.
func begins(pattern, name string) bool {
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '*' || c == '?' || c == '[' || c == '\\':
			return true
		case i >= len(name) || name[i] != c:
			return false
		}
	}
	return true
}
