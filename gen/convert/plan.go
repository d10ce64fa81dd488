package convert

import (
	"fmt"
	"slices"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/nearest"
)

// A Plan is what becomes of everything one system has, in the other.
type Plan struct {
	From, To *SystemModel
	Rules    *Rules
	Archs    []*ArchPlan
	Doc      string // the rest of the package comment; empty for none
}

// An ArchPlan is a plan on one architecture.
type ArchPlan struct {
	Arch    string
	Domains []*Domain
	Options []*Options
	Records []*Record
	Unions  []*Union
	Chains  []*Chain

	Sequences []*Sequence
	Requests  []*Requests

	from, to *side
}

// Options is a domain under levels.
type Options struct {
	Rule   *OptionsRule
	Levels []Level
	Moved  []Moved
	Values *Values // nil when the rule has none
}

// A Level is one level of an [Options].
type Level struct {
	Row
	Domain *Domain
}

// planner makes one ArchPlan.
type planner struct {
	rules    *Rules
	from, to *side
	fromAll  *SystemModel
	toAll    *SystemModel
	errors   *ErrorList

	plan    *ArchPlan
	domains map[string]*Domain
	records map[[2]string]*Record // by the C names of both sides
}

func (p *planner) fail(pos ctype.Pos, record, field, format string, args ...any) {
	*p.errors = append(*p.errors, &PlanError{Pos: pos, Struct: record, Field: field, Err: fmt.Errorf(format, args...)})
}

// NewPlan decides what becomes of the declarations of one system in another,
// on every architecture that both have. Its error is an [ErrorList] of all that
// the rules leave open or get wrong.
func NewPlan(from, to SystemModel, rules Rules) (*Plan, error) {
	var errs ErrorList
	left, right, err := sides(&rules)
	switch {
	case err != nil:
		return nil, ErrorList{err}
	case from.Name != left && from.Name != right || to.Name != left && to.Name != right || from.Name == to.Name:
		return nil, ErrorList{{Pos: rules.Pos, Err: fmt.Errorf("the rules are for %s and %s, not for %s and %s", left, right, from.Name, to.Name)}}
	}
	plan := &Plan{From: &from, To: &to, Rules: &rules}
	for _, fu := range from.Units {
		i := slices.IndexFunc(to.Units, func(u *ctype.Unit) bool { return u.Target.Arch == fu.Target.Arch })
		if i < 0 {
			continue
		}
		p := &planner{
			rules: &rules, errors: &errs, fromAll: &from, toAll: &to,
			from:    newSide(&from, fu, from.Name == left),
			to:      newSide(&to, to.Units[i], to.Name == left),
			domains: map[string]*Domain{}, records: map[[2]string]*Record{},
		}
		plan.Archs = append(plan.Archs, p.run())
	}
	if len(plan.Archs) == 0 {
		return nil, ErrorList{{Pos: rules.Pos, Err: fmt.Errorf("%s and %s have no architecture in common", from.Name, to.Name)}}
	}
	if len(errs) > 0 {
		return nil, errs.sorted()
	}
	return plan, nil
}

func sides(rules *Rules) (left, right string, err *PlanError) {
	if len(rules.Systems) != 2 {
		return "", "", &PlanError{Pos: rules.Pos, Err: fmt.Errorf("systems: want two names, have %d", len(rules.Systems))}
	}
	return rules.Systems[0], rules.Systems[1], nil
}

func (p *planner) run() *ArchPlan {
	p.plan = &ArchPlan{Arch: p.from.arch, from: p.from, to: p.to}
	p.validate()
	for _, rule := range p.rules.Domains {
		if p.domains[rule.Name] != nil {
			p.fail(rule.Pos, rule.Name, "", "there is a domain of that name already")
			continue
		}
		d := p.planDomain(rule)
		p.domains[rule.Name] = d
		p.plan.Domains = append(p.plan.Domains, d)
	}
	for _, rule := range p.rules.Options {
		p.planOptions(rule)
	}
	p.startUnions()
	p.planRecords()
	for _, u := range p.plan.Unions {
		p.finishUnion(u)
	}
	for _, rule := range p.rules.Chains {
		p.planChain(rule)
	}
	for _, rule := range p.rules.Sequences {
		p.planSequence(rule)
	}
	for _, o := range p.plan.Options {
		p.planMoved(o)
		p.planValues(o)
	}
	for _, rule := range p.rules.Requests {
		p.planRequests(rule)
	}
	p.checkNames()
	return p.plan
}

func (p *planner) planOptions(rule *OptionsRule) {
	o := &Options{Rule: rule}
	for _, l := range rule.Levels {
		row, ok := p.row(l.Level, rule.Name)
		d := p.domain(l.Domain, l.Pos, rule.Name, "")
		if ok && d != nil {
			for _, end := range []struct {
				s    *side
				name string
			}{{p.from, row.From}, {p.to, row.To}} {
				if size, ok := basic[end.s.of(rule.Type)]; ok && !fits(end.s.number(end.name).Int, size, false) {
					p.fail(l.Pos, rule.Name, "", "%s does not fit in the rule's type %s", end.name, end.s.of(rule.Type))
				}
			}
			if rule.Type.Left != d.Rule.Type.Left || rule.Type.Right != d.Rule.Type.Right {
				p.fail(l.Pos, rule.Name, "", "domain %s has types %s, not %s", l.Domain, d.Rule.Type, rule.Type)
			}
			if slices.ContainsFunc(o.Levels, func(have Level) bool { return have.FromVal == row.FromVal }) {
				p.fail(l.Pos, rule.Name, "", "level %s has a rule already", row.From)
				continue
			}
			o.Levels = append(o.Levels, Level{row, d})
		}
	}
	p.plan.Options = append(p.plan.Options, o)
}

// row resolves a pair of constants. It is false when a side has no such
// constant on this architecture; that neither has it anywhere is an error.
func (p *planner) row(pair Pair, where string) (Row, bool) {
	from, to := p.constant(p.from, pair, where), p.constant(p.to, pair, where)
	if from == nil || to == nil || !p.from.leads(pair) {
		return Row{}, false
	}
	return Row{From: from.Name, To: to.Name, FromVal: from.Int.Bits, ToVal: to.Int.Bits, Rule: "rule " + place(pair.Pos)}, true
}

func (p *planner) constant(s *side, pair Pair, where string) *ctype.Const {
	name := s.of(pair)
	c := s.number(name)
	if c == nil && !p.knownConst(s, name) {
		p.fail(pair.Pos, where, "", "%s has no constant %s%s", s.Name, name, nearest.Suggest(name, s.constNames()))
	}
	return c
}

// number returns a constant of a side by name, or a number as a constant; nil
// when there is none.
func (s *side) number(name string) *ctype.Const {
	if n, ok := parseNumber(name); ok {
		return &ctype.Const{Name: name, Kind: ctype.ConstInt, Int: ctype.Integer{Bits: n}}
	}
	return s.consts[name]
}

// domain finds a domain by name.
func (p *planner) domain(name string, pos ctype.Pos, record, field string) *Domain {
	d := p.domains[name]
	if d == nil {
		var names []string
		for _, r := range p.rules.Domains {
			names = append(names, r.Name)
		}
		p.fail(pos, record, field, "no domain %s%s", name, nearest.Suggest(name, names))
	}
	return d
}

// knownConst reports whether a system has the constant on any architecture.
func (p *planner) knownConst(s *side, name string) bool {
	for _, u := range s.Units {
		for _, c := range u.Consts {
			if c.Name == name && c.Kind == ctype.ConstInt {
				return true
			}
		}
	}
	return false
}

// knownPattern reports whether either system has, on any architecture, a
// constant that the pattern matches.
func (p *planner) knownPattern(pattern string) bool {
	for _, m := range []*SystemModel{p.fromAll, p.toAll} {
		for _, u := range m.Units {
			for _, c := range u.Consts {
				if c.Kind == ctype.ConstInt && matches([]string{pattern}, c.Name) {
					return true
				}
			}
		}
	}
	return false
}
