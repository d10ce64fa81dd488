package convert

import (
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/nearest"
)

// A Union is the plan for a structure of varying length with a tag.
type Union struct {
	Rule     *UnionRule
	From, To *namespace.Record // the headers
	FromTag  *namespace.Field
	ToTag    *namespace.Field
	FromLen  *namespace.Field // nil when that side has none
	ToLen    *namespace.Field
	Variants []*Variant
}

// A Variant is one variant of a [Union].
type Variant struct {
	Rule     *VariantRule
	Tag      Row
	Hook     string  // the Go function that converts the bytes
	Record   *Record // nil when Empty, or by a hook or text
	FromText *namespace.Field
	ToText   *namespace.Field
	Limit    int64 // bytes the text may have on both sides
	FromRec  *namespace.Record
	ToRec    *namespace.Record
}

// startUnions makes the plans of unions without their variants, for the
// records that refer to them.
func (p *planner) startUnions() {
	for _, rule := range p.rules.Unions {
		p.plan.Unions = append(p.plan.Unions, &Union{Rule: rule})
	}
}

// finishUnion resolves header and variants, when all records are planned.
func (p *planner) finishUnion(u *Union) {
	rule := u.Rule
	var ok1, ok2 bool
	if u.From, ok1 = p.findRecord(p.from, rule.Header); !ok1 {
		return
	}
	if u.To, ok2 = p.findRecord(p.to, rule.Header); !ok2 {
		return
	}
	u.FromTag, u.ToTag = p.memberOf(p.from, u.From, rule.Tag), p.memberOf(p.to, u.To, rule.Tag)
	if p.from.of(rule.Length) != "" {
		u.FromLen = p.memberOf(p.from, u.From, rule.Length)
	}
	if p.to.of(rule.Length) != "" {
		u.ToLen = p.memberOf(p.to, u.To, rule.Length)
	}
	p.number(rule.Pos, p.from, u.FromLen)
	p.number(rule.Pos, p.to, u.ToLen)
	for _, c := range rule.Cases {
		tag, ok := p.row(c.Tag, rule.Name)
		if !ok {
			continue
		}
		p.number(c.Pos, p.from, u.FromTag, tag.From)
		p.number(c.Pos, p.to, u.ToTag, tag.To)
		v := &Variant{Rule: c, Tag: tag, Hook: p.to.of(c.Hook)}
		if c.Empty || v.Hook != "" {
			u.Variants = append(u.Variants, v)
			continue
		}
		v.FromRec, ok1 = p.findRecord(p.from, c.Record)
		v.ToRec, ok2 = p.findRecord(p.to, c.Record)
		if !ok1 || !ok2 {
			continue
		}
		if c.Text.Left != "" {
			v.FromText, v.ToText = p.memberOf(p.from, v.FromRec, c.Text), p.memberOf(p.to, v.ToRec, c.Text)
			if v.FromText == nil || v.ToText == nil {
				continue
			}
			v.Limit = min(p.longest(p.from, v, v.FromText, u.FromLen), p.longest(p.to, v, v.ToText, u.ToLen))
		} else if v.Record = p.pairOf(c.Record, v.FromRec, v.ToRec); v.Record == nil {
			continue
		}
		u.Variants = append(u.Variants, v)
	}
}

func (p *planner) pairOf(pair Pair, from, to *namespace.Record) *Record {
	r := p.records[[2]string{from.C.Name, to.C.Name}]
	if r == nil {
		p.fail(pair.Pos, "", "", "no rule pairs %s and %s", from.C.Name, to.C.Name)
	}
	return r
}

// longest returns how many bytes one side's text may have: what its array
// holds, unless [VariantRule.Longest] says otherwise.
func (p *planner) longest(s *side, v *Variant, text, length *namespace.Field) int64 {
	rule := s.of(v.Rule.Longest)
	if rule == "" {
		return text.Size
	}
	most := int64(1) << 31
	if length != nil && length.Size < 4 {
		most = 1<<(8*length.Size) - 1
	}
	n, ok := parseNumber(rule)
	if most -= text.Offset; !ok || n < 1 || int64(n) > most {
		p.fail(v.Rule.Pos, text.Name, "", "longest: want a number from 1 to %d, have %q", most, rule)
	}
	return int64(n)
}

// memberOf finds the member of one side of a pair.
func (p *planner) memberOf(s *side, r *namespace.Record, pair Pair) *namespace.Field {
	f, ok := s.field(r, s.of(pair))
	if !ok {
		var names []string
		for _, f := range r.Fields {
			names = append(names, f.Name)
		}
		p.fail(pair.Pos, strings.TrimPrefix(r.C.Name, "struct "), "", "%s has no member %s%s", s.Name, s.of(pair), nearest.Suggest(s.of(pair), names))
		return nil
	}
	return f
}

// number holds a member that a converter reads or writes as a number to being
// an integer, and the constants that it may be to fitting in it.
func (p *planner) number(pos ctype.Pos, s *side, f *namespace.Field, constants ...string) {
	if f == nil {
		return
	}
	if !integer(f.Type) || f.Form != namespace.Plain {
		p.fail(pos, f.Name, "", "%s: want an integer member, have %s", s.Name, f.Type)
		return
	}
	size := int(f.Type.Size)
	if signed(f.Type) {
		size = -size
	}
	for _, name := range constants {
		if c := s.consts[name]; c != nil && !fits(c.Int, size, false) {
			p.fail(pos, f.Name, "", "%s is %s on %s and does not fit in %s", name, c.Int, s.Name, f.Type)
		}
	}
}

// A Chain is the plan for a sequence of messages.
type Chain struct {
	Rule               *ChainRule
	From, To           *namespace.Record // the headers
	FromLen, ToLen     *namespace.Field
	FromLevel, ToLevel *namespace.Field
	FromType, ToType   *namespace.Field
	FromAlign, ToAlign int64 // bytes
	Messages           []*Message
	Without            []Reason // types of the source without a counterpart, on purpose
}

// A Message is one kind of message in a [Chain].
type Message struct {
	*Load
	Rule        *MessageRule
	Level, Type Row
	Merged      *namespace.Record // of MessageRule.Merge
}

func (p *planner) planChain(rule *ChainRule) {
	c := &Chain{Rule: rule}
	var ok bool
	if c.From, ok = p.findRecord(p.from, rule.Header); !ok {
		return
	}
	if c.To, ok = p.findRecord(p.to, rule.Header); !ok {
		return
	}
	c.FromLen, c.ToLen = p.memberOf(p.from, c.From, rule.Length), p.memberOf(p.to, c.To, rule.Length)
	c.FromLevel, c.ToLevel = p.memberOf(p.from, c.From, rule.Level), p.memberOf(p.to, c.To, rule.Level)
	c.FromType, c.ToType = p.memberOf(p.from, c.From, rule.Type), p.memberOf(p.to, c.To, rule.Type)
	c.FromAlign, c.ToAlign = p.alignment(p.from, rule.Pos, rule.Name, rule.Align), p.alignment(p.to, rule.Pos, rule.Name, rule.Align)
	c.Without = p.listed(rule.Name, rule.Without)
	p.number(rule.Pos, p.from, c.FromLen)
	p.number(rule.Pos, p.to, c.ToLen)
	for _, m := range rule.Messages {
		level, okL := p.row(m.Level, rule.Name)
		typ, okT := p.row(m.Type, rule.Name)
		if !okL || !okT {
			continue
		}
		p.number(m.Pos, p.from, c.FromLevel, level.From)
		p.number(m.Pos, p.to, c.ToLevel, level.To)
		p.number(m.Pos, p.from, c.FromType, typ.From)
		p.number(m.Pos, p.to, c.ToType, typ.To)
		load, ok := p.load(m.Pos, rule.Name, &m.Payload)
		if !ok {
			continue
		}
		planned := &Message{Load: load, Rule: m, Level: level, Type: typ}
		if m.Merge != "" {
			if planned.Merged, ok = p.findRecord(p.to, Pair{Pos: m.Pos, Left: m.Merge, Right: m.Merge}); !ok {
				continue
			}
			if load.Hook == "" {
				p.fail(m.Pos, rule.Name, "", "merge: say by which hook")
				continue
			}
		}
		if slices.ContainsFunc(c.Messages, func(o *Message) bool {
			return o.Level.FromVal == level.FromVal && o.Type.FromVal == typ.FromVal
		}) {
			p.fail(m.Pos, rule.Name, "", "%s %s has a rule already", level.From, typ.From)
			continue
		}
		c.Messages = append(c.Messages, planned)
	}
	p.plan.Chains = append(p.plan.Chains, c)
}

// alignment evaluates one side of an align key.
func (p *planner) alignment(s *side, pos ctype.Pos, what string, rule Sided) int64 {
	text := s.of(rule)
	n := int64(0)
	if typ, ok := strings.CutPrefix(text, "sizeof "); ok {
		if t := s.unit.Index().Typedef(typ); t != nil && t.Type != nil {
			n = t.Type.Size
		} else {
			p.fail(pos, what, "", "align: %s has no type %s", s.Name, typ)
			return 1
		}
	} else if number, ok := parseNumber(text); ok {
		n = int64(number)
	} else if c := s.consts[text]; c != nil {
		n = int64(c.Int.Bits) + 1
	} else {
		p.fail(pos, what, "", "align: %s has no constant %s%s", s.Name, text, nearest.Suggest(text, s.constNames()))
		return 1
	}
	if n < 1 || n > 64 || n&(n-1) != 0 {
		p.fail(pos, what, "", "align: %d is not an alignment", n)
		return 1
	}
	return n
}
