package namespace

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/internal/nearest"
)

// A Plan is a Go package decided upon, for all its architectures.
type Plan struct {
	opt   Options
	views []*view // one for each architecture of the package, in the order given
	extra []*view // targets that only portable forms know

	names         emit.Names                   // of the package's scope
	goNames       map[string]string            // Go type name by C key; typedefs as "typedef NAME"
	publicTypedef map[string]string            // a typedef name for a record or enum, by its key
	byTypedef     map[string]string            // Go type name by the typedef name that C programs use
	fieldNames    map[string]map[string]string // Go field name by record key and member name

	radix    map[string]radix // of constants, the same on every architecture
	report   []ctype.Skipped
	portable *portablePlan
}

// goAligns are the architectures a package can be made for, with the largest
// alignment the Go compiler gives a type there.
var goAligns = map[string]int64{"386": 4, "amd64": 8, "arm": 4, "arm64": 8}

// NewPlan decides what the package for units will hold: one unit for each
// architecture, all of the same system, the declarations of several headers
// merged. The extra units are targets that only the portable forms cover.
//
// The errors are those of the options and the units: a name that nothing
// declares, an architecture Go has no layout for, a name given twice. All are
// reported, joined.
func NewPlan(units, extra []*ctype.Unit, opt Options) (*Plan, error) {
	p := &Plan{opt: opt, radix: make(map[string]radix)}
	if len(units) == 0 {
		return nil, errors.New("a package needs the declarations of at least one architecture")
	}
	seen := make(map[string]bool)
	for i, u := range append(units[:len(units):len(units)], extra...) {
		arch := u.Target.Arch
		if seen[arch] {
			return nil, fmt.Errorf("two units for %s", u.Target)
		}
		seen[arch] = true
		model, err := u.Target.Model()
		if err != nil {
			return nil, err
		}
		v := newView(p, u, model)
		if i < len(units) {
			if v.maxAlign = goAligns[arch]; v.maxAlign == 0 {
				return nil, fmt.Errorf("%s: no Go layout is known for %s; known are %s", u.Target, arch,
					strings.Join(slices.Sorted(maps.Keys(goAligns)), ", "))
			}
			p.views = append(p.views, v)
		} else {
			v.maxAlign = 8
			p.extra = append(p.extra, v)
		}
	}
	if err := p.checkOptions(); err != nil {
		return nil, err
	}
	if err := p.nameTypes(); err != nil {
		return nil, err
	}
	for _, v := range p.views {
		v.plan()
	}
	p.nameSizes()
	if len(opt.Portable) > 0 {
		var err error
		if p.portable, err = p.planPortable(); err != nil {
			return nil, err
		}
	}
	p.sortReport()
	for _, v := range p.views {
		v.frozen = true
	}
	return p, nil
}

// Archs returns the architectures of the package in the order of its units.
func (p *Plan) Archs() []string {
	archs := make([]string, len(p.views))
	for i, v := range p.views {
		archs[i] = v.unit.Target.Arch
	}
	return archs
}

// Options returns what the plan was made with.
func (p *Plan) Options() Options { return p.opt }

// Unit returns the declarations of one architecture, or nil.
func (p *Plan) Unit(arch string) *ctype.Unit {
	if v := p.view(arch); v != nil {
		return v.unit
	}
	return nil
}

// Index returns the index of [Plan.Unit], or nil.
func (p *Plan) Index(arch string) *ctype.Index {
	if v := p.view(arch); v != nil {
		return v.index
	}
	return nil
}

// Record returns a struct or union as arch has it. The name is its key
// ("struct msghdr"), its tag, or a typedef that leads to it. It reports false
// for a record that is not emitted.
func (p *Plan) Record(arch, cName string) (*Record, bool) {
	v := p.view(arch)
	if v == nil {
		return nil, false
	}
	r := v.find(cName)
	if r == nil || !v.emitted[r.Name] {
		return nil, false
	}
	return v.records[r.Name], true
}

// Const returns a constant as arch has it. It reports false for one that is
// not emitted.
func (p *Plan) Const(arch, name string) (*Constant, bool) {
	v := p.view(arch)
	if v == nil {
		return nil, false
	}
	c, ok := v.consts[name]
	return c, ok
}

// Type returns the Go type that values of the C type t have on arch.
func (p *Plan) Type(arch string, t *ctype.Type) *Type {
	if v := p.view(arch); v != nil {
		return v.goType(t, "")
	}
	return nil
}

// Report returns what the headers declare and the package leaves out, or has
// in a form that loses something, sorted by place. A reason that holds on some
// architectures only names them.
func (p *Plan) Report() []ctype.Skipped { return slices.Clone(p.report) }

func (p *Plan) view(arch string) *view {
	for _, v := range p.views {
		if v.unit.Target.Arch == arch {
			return v
		}
	}
	return nil
}

// excluded reports whether the options leave out a name.
func (p *Plan) excluded(cName string) bool { return matches(p.opt.Exclude, cName) }

// matches reports whether one of the patterns matches name.
func matches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// checkOptions finds names in the options that no unit declares.
func (p *Plan) checkOptions() error {
	types := make(map[string]bool)   // keys and tags
	members := make(map[string]bool) // record.member
	for _, v := range append(p.views[:len(p.views):len(p.views)], p.extra...) {
		for _, r := range v.unit.Records {
			types[r.Name], types[bareName(r.Name)] = true, true
			if r.Complete {
				for _, m := range v.flatten(r) {
					members[bareName(r.Name)+"."+m.Name] = true
				}
			}
		}
		for _, t := range v.unit.Typedefs {
			types[t.Name] = true
			if t.Type.Kind == ctype.RecordRef {
				if r := v.index.Record(t.Type.Name); r != nil && r.Name == t.Name {
					continue
				}
			}
		}
		for _, e := range v.unit.Enums {
			types[e.Name], types[bareName(e.Name)] = true, true
		}
	}
	var errs []error
	check := func(option, name string, sets ...map[string]bool) {
		for _, set := range sets {
			if set[name] || set[bareName(name)] {
				return
			}
		}
		var known []string
		for _, set := range sets {
			known = append(known, slices.Sorted(maps.Keys(set))...)
		}
		err := &UnknownError{Option: option, Name: name, Suggestion: nearest.Suggest(name, known)}
		if p.opt.Place != nil {
			err.Pos = p.opt.Place(option, name)
		}
		errs = append(errs, err)
	}
	for _, name := range p.opt.NetworkOrder {
		check("network_order", name, types, members)
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.Rename)) {
		check("rename", name, types, members)
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.Notes)) {
		check("notes", name, members)
	}
	for _, name := range p.opt.Bytes {
		check("bytes", name, types)
	}
	for _, name := range p.opt.Portable {
		check("portable", name, types)
	}
	for _, list := range [][]string{p.opt.Exclude, p.opt.Errno.Match, p.opt.Errno.Except, p.opt.Signal.Match, p.opt.Signal.Except} {
		for _, pattern := range list {
			if _, err := path.Match(pattern, ""); err != nil {
				errs = append(errs, fmt.Errorf("pattern %q: %w", pattern, err))
			}
		}
	}
	return errors.Join(errs...)
}

// An UnknownError tells that an option names something that no header
// declares.
type UnknownError struct {
	Pos        ctype.Pos // where it does; the zero Pos when that is not known
	Option     string    // the option's name in the configuration: "network_order"
	Name       string
	Suggestion string // the nearest names, for the end of a message
}

// Error names the place, the option, the name, and what was probably meant.
func (e *UnknownError) Error() string {
	place := ""
	if e.Pos.Line > 0 {
		place = e.Pos.String() + ": "
	}
	return place + fmt.Sprintf("%s: no header declares %q%s", e.Option, e.Name, e.Suggestion)
}

// bareName takes the keyword off a key: "struct msghdr" is "msghdr".
func bareName(key string) string {
	for _, keyword := range []string{"struct ", "union ", "enum "} {
		key = strings.TrimPrefix(key, keyword)
	}
	return key
}

// sortReport orders the report, and joins what several architectures report
// alike into one entry.
func (p *Plan) sortReport() {
	type key struct{ name, reason string }
	archs := make(map[key][]string)
	first := make(map[key]ctype.Skipped)
	for _, v := range p.views {
		seen := make(map[key]bool)
		for _, s := range v.report {
			k := key{s.Name, s.Reason}
			if seen[k] {
				continue
			}
			seen[k] = true
			archs[k] = append(archs[k], v.unit.Target.Arch)
			if _, ok := first[k]; !ok {
				first[k] = s
			}
		}
	}
	for k, s := range first {
		if list := archs[k]; len(list) < len(p.views) {
			s.Reason += " (on " + strings.Join(list, ", ") + ")"
		}
		p.report = append(p.report, s)
	}
	slices.SortFunc(p.report, func(a, b ctype.Skipped) int {
		return cmpOr(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col,
			strings.Compare(a.Name, b.Name), strings.Compare(a.Reason, b.Reason))
	})
}

func cmpOr(results ...int) int {
	for _, r := range results {
		if r != 0 {
			return r
		}
	}
	return 0
}
