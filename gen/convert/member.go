package convert

import (
	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
)

// A SetPlan is the plan for a [SetRule].
type SetPlan struct {
	Rule   *SetRule
	Domain *Domain // nil when numbers mean the same
}

// An IndexPlan is the plan for an [IndexRule].
type IndexPlan struct {
	Rule   *IndexRule
	Domain *Domain
	Values *Domain // nil when elements are copied
	Fill   string  // a constant of the result's side, or empty
}

// words reports whether t is an array of unsigned words.
func words(t *namespace.Type) bool {
	return t.Kind == namespace.Array && integer(t.Elem) && t.Elem.Size <= 8
}

func (p *planner) planSet(r *Record, m *MemberRule, step *Step) *Step {
	for _, f := range []*namespace.Field{step.From, step.To} {
		if !words(f.Type) || f.Form != namespace.Plain {
			p.fail(m.Pos, r.name(), f.Name, "set: %s is not an array of words", f.Type)
			return nil
		}
	}
	if m.Set.First < 0 {
		p.fail(m.Pos, r.name(), step.To.Name, "set: want first from 0, have %d", m.Set.First)
		return nil
	}
	step.Decision, step.Set = Set, &SetPlan{Rule: m.Set}
	if m.Set.Domain != "" {
		d := p.domain(m.Set.Domain, m.Set.Pos, r.name(), step.To.Name)
		if d == nil {
			return nil
		}
		if d.Rule.Flags {
			p.fail(m.Pos, r.name(), step.To.Name, "set: %s is of flags, not of numbers", d.Rule.Name)
			return nil
		}
		step.Set.Domain = d
	}
	return step
}

func (p *planner) planIndex(r *Record, m *MemberRule, step *Step) *Step {
	rule := m.Index
	for _, f := range []*namespace.Field{step.From, step.To} {
		if f.Type.Kind != namespace.Array && f.Type.Kind != namespace.Bytes || f.Form != namespace.Plain ||
			f.Type.Kind == namespace.Array && !integer(f.Type.Elem) {
			p.fail(m.Pos, r.name(), f.Name, "index: %s is not an array of integers", f.Type)
			return nil
		}
	}
	d := p.domain(rule.Domain, rule.Pos, r.name(), step.To.Name)
	if d == nil {
		return nil
	}
	plan := &IndexPlan{Rule: rule, Domain: d, Fill: p.to.of(rule.Fill)}
	for _, row := range d.Rows {
		if row.FromVal >= uint64(step.From.Type.Len) || row.ToVal >= uint64(step.To.Type.Len) {
			p.fail(m.Pos, r.name(), step.To.Name, "index: %s has no place in the arrays", row)
			return nil
		}
	}
	if len(d.Rows) < int(step.From.Type.Len) && rule.Drop == "" {
		p.fail(m.Pos, r.name(), step.To.Name, "index: say why elements without a place on %s are left out, with drop", p.to.Name)
	}
	if plan.Fill != "" && p.to.number(plan.Fill) == nil && !p.knownConst(p.to, plan.Fill) {
		p.fail(m.Pos, r.name(), step.To.Name, "fill: %s has no constant %s", p.to.Name, plan.Fill)
		return nil
	}
	if rule.Values != "" {
		if plan.Values = p.domain(rule.Values, rule.Pos, r.name(), step.To.Name); plan.Values == nil {
			return nil
		}
		if plan.Values.FromType != elem(step.From.Type) || plan.Values.ToType != elem(step.To.Type) {
			p.fail(m.Pos, r.name(), step.To.Name, "values: %s is of %s, not of %s and %s", rule.Values, plan.Values.Rule.Type, elem(step.From.Type), elem(step.To.Type))
			return nil
		}
	} else if elem(step.From.Type) != elem(step.To.Type) {
		p.fail(m.Pos, r.name(), step.To.Name, "index: elements are %s and %s: say how they are translated with values", elem(step.From.Type), elem(step.To.Type))
		return nil
	}
	step.Decision, step.Index = Index, plan
	return step
}

// elem returns the Go type of an array's elements.
func elem(t *namespace.Type) string {
	if t.Kind == namespace.Bytes {
		return "uint8"
	}
	return t.Elem.String()
}

// planCount plans an array of which a member tells how much is in use.
func (p *planner) planCount(r *Record, m *MemberRule, step *Step) *Step {
	step.Count = p.memberOf(p.from, r.From, m.Count)
	if step.Count == nil || p.memberOf(p.to, r.To, m.Count) == nil {
		return nil
	}
	p.number(m.Pos, p.from, step.Count)
	p.planEach(r, m.Pos, step)
	if step.Decision != Each {
		return nil
	}
	return step
}

// planEach plans an array element by element.
func (p *planner) planEach(r *Record, pos ctype.Pos, step *Step) {
	from, to := step.From.Type, step.To.Type
	refuse := func(format string, args ...any) { p.fail(pos, r.name(), step.To.Name, format, args...) }
	if from.Kind != namespace.Array || to.Kind != namespace.Array {
		refuse("want two arrays, have %s and %s", from, to)
		return
	}
	if step.Count == nil && from.Len != to.Len {
		refuse("%s has %d elements and %s %d: say with count how many are in use", p.from.Name, from.Len, p.to.Name, to.Len)
		return
	}
	switch {
	case from.Elem.Kind == namespace.Named && to.Elem.Kind == namespace.Named:
		sub := p.records[[2]string{from.Elem.Record, to.Elem.Record}]
		if sub == nil {
			refuse("no rule pairs %s and %s", from.Elem.Record, to.Elem.Record)
			return
		}
		if sub.Rule.Param != "" {
			refuse("%s takes a parameter and cannot lie in another record", from.Elem.Record)
			return
		}
		step.Record = sub
	case from.Elem.String() == to.Elem.String() && simple(from.Elem):
	default:
		refuse("no rule makes elements %s of %s", to.Elem, from.Elem)
		return
	}
	step.Decision = Each
}

// planTextLength plans a member with the length of a string.
func (p *planner) planTextLength(r *Record, m *MemberRule, step *Step) *Step {
	if step.From != nil && step.To != nil {
		p.fail(m.Pos, r.name(), step.To.Name, "text_length: only one side may have the member")
		return nil
	}
	var text *MemberRule
	for _, o := range r.Rule.Members {
		if o.Text != "" && (o.Member.Left == m.TextLength || o.Member.Right == m.TextLength) {
			text = o
		}
	}
	if text == nil {
		p.fail(m.Pos, r.name(), "", "text_length: no member %s is a text", m.TextLength)
		return nil
	}
	if step.TextFrom = p.memberOf(p.from, r.From, text.Member); step.TextFrom == nil {
		return nil
	}
	step.Decision, step.Why = TextLength, "length of "+m.TextLength
	return step
}

// checkLimit notes the most a result may be, by the rule.
func (p *planner) checkLimit(r *Record, m *MemberRule, step *Step) {
	text := p.to.of(m.Limit)
	if text == "" {
		return
	}
	if step.From == nil || step.To == nil {
		p.fail(m.Pos, r.name(), "", "limit: the other side has no such member")
		return
	}
	n, ok := parseNumber(text)
	if !ok || !integer(step.To.Type) || !integer(step.From.Type) || n > 1<<(8*min(step.To.Type.Size, step.From.Type.Size)-1)-1 {
		p.fail(m.Pos, r.name(), step.To.Name, "limit: %q is no number that the member can be", text)
		return
	}
	step.Limit = n
}

func (p *planner) checkText(r *Record, pos ctype.Pos, step *Step) {
	for _, f := range []*namespace.Field{step.From, step.To} {
		if !byteArray(f.Type) {
			p.fail(pos, r.name(), f.Name, "text: %s is not an array of bytes", f.Type)
		}
	}
	if step.Text != "name" && step.Text != "path" {
		p.fail(pos, r.name(), step.To.Name, "text: want name or path, have %q", step.Text)
	}
}

func byteArray(t *namespace.Type) bool {
	switch t.Kind {
	case namespace.Bytes:
		return true
	case namespace.Array:
		return t.Elem.Size == 1 && (t.Elem.Kind == namespace.Uint || t.Elem.Kind == namespace.Int)
	}
	return false
}

func (p *planner) checkDomain(r *Record, pos ctype.Pos, step *Step) {
	if !integer(step.From.Type) || !integer(step.To.Type) {
		p.fail(pos, r.name(), step.To.Name, "domain: want integers, have %s and %s", step.From.Type, step.To.Type)
	}
}

// overflows reports whether the result is a bit-field that does not hold all
// that the source can be.
func (s *Step) overflows() bool {
	width := 8 * s.From.Type.Size
	if s.From.Form == namespace.Bits {
		width = s.From.BitWidth
	}
	return s.To.Form == namespace.Bits && s.To.BitWidth < width
}

// simple reports whether values of t mean the same wherever its type is the same.
func simple(t *namespace.Type) bool {
	switch t.Kind {
	case namespace.Int, namespace.Uint, namespace.Float, namespace.Complex, namespace.Addr, namespace.BE:
		return true
	case namespace.Array:
		return simple(t.Elem)
	}
	return false
}
