package convert

import (
	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/nearest"
)

// planCases plans a union whose use a parameter tells.
func (p *planner) planCases(r *Record, m *MemberRule, step *Step) {
	rule := m.Union
	step.Decision, step.Param = Cases, rule.By
	if rule.By == "" || rule.By != r.Rule.Param {
		p.fail(rule.Pos, r.name(), step.To.Name, "by: want the record's param, have %q", rule.By)
		return
	}
	for _, other := range r.Rule.Members {
		if other != m && other.Union != nil {
			p.fail(other.Pos, r.name(), step.To.Name, "union: a record can have one")
		}
	}
	fromUnion, okF := p.unionOf(p.from, step.From)
	toUnion, okT := p.unionOf(p.to, step.To)
	if !okF || !okT {
		p.fail(m.Pos, r.name(), step.To.Name, "union: want two unions, have %s and %s", step.From.Type, step.To.Type)
		return
	}
	for _, c := range rule.Cases {
		planned := &Case{Rule: c}
		for _, tag := range c.Tags {
			if row, ok := p.row(tag, r.name()); ok {
				planned.Tags = append(planned.Tags, row)
			}
		}
		step.Cases = append(step.Cases, planned)
		if c.None {
			continue
		}
		from, okF := p.caseField(p.from, fromUnion, c)
		to, okT := p.caseField(p.to, toUnion, c)
		if !okF || !okT {
			continue
		}
		planned.From, planned.To = from, to
		if c.As != "" {
			planned.Via = p.union(c.As)
			if planned.Via == nil {
				p.failUnion(c.Pos, r.name(), c.As)
			}
			continue
		}
		inner := &MemberRule{Pos: c.Pos, Member: c.Member, Domain: c.Domain, Bits: c.Bits, Text: c.Text}
		planned.Step = p.ruled(r, inner, from, to)
	}
}

func (p *planner) unionOf(s *side, f *namespace.Field) (*namespace.Record, bool) {
	if f.Type.Kind != namespace.Named {
		return nil, false
	}
	rec, ok := s.GoNames.Record(s.arch, f.Type.Record)
	return rec, ok && rec.C.Union
}

func (p *planner) caseField(s *side, union *namespace.Record, c *CaseRule) (*namespace.Field, bool) {
	name := s.of(c.Member)
	f, ok := union.Field(name)
	if !ok {
		var names []string
		for _, f := range union.Fields {
			names = append(names, f.Name)
		}
		p.fail(c.Pos, union.C.Name, "", "%s has no member %s%s", s.Name, name, nearest.Suggest(name, names))
	}
	return f, ok
}

func (p *planner) failUnion(pos ctype.Pos, record, name string) {
	var names []string
	for _, u := range p.rules.Unions {
		names = append(names, u.Name)
	}
	p.fail(pos, record, "", "as: no union %s%s", name, nearest.Suggest(name, names))
}

// union returns the plan of a union by name; unions are planned in front of
// records, and their variants resolved afterwards.
func (p *planner) union(name string) *Union {
	for _, u := range p.plan.Unions {
		if u.Rule.Name == name {
			return u
		}
	}
	return nil
}
