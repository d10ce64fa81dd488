package convert

import (
	"slices"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
)

// A Load is the plan for a [Payload].
type Load struct {
	Payload *Payload
	Record  *Record // of Payload.Record
	Param   *Row    // of Payload.Param; nil for none or the default
	Domain  *Domain // of Payload.Domain
	Via     *Union  // of Payload.As
	Hook    string  // of Payload.Hook

	fromInt, toInt *namespace.Type // of Integer and Bool
	limit          int64           // of Text: the most bytes in a result, with the NUL
}

// load plans a payload; what tells whose it is. It is false when the payload is
// not there on this architecture, or wrong.
func (p *planner) load(pos ctype.Pos, what string, rule *Payload) (*Load, bool) {
	l := &Load{Payload: rule, Hook: p.to.of(rule.Hook)}
	given := 0
	for _, kind := range []bool{
		!rule.Record.none(), rule.Elements != 0, !rule.Integer.none(), !rule.Bool.none(),
		!rule.Text.none(), rule.As != "", !rule.Hook.none(), rule.Drop != "",
	} {
		given += boolInt(kind)
	}
	if given != 1 {
		p.fail(pos, what, "", "say what the payload is, by one of record, elements, integer, bool, text, as, hook and drop")
		return nil, false
	}
	ok := true
	switch {
	case !rule.Record.none():
		from, okF := p.findRecord(p.from, rule.Record)
		to, okT := p.findRecord(p.to, rule.Record)
		if !okF || !okT {
			return nil, false
		}
		if l.Record = p.pairOf(rule.Record, from, to); l.Record == nil {
			return nil, false
		}
	case rule.Elements < 0:
		p.fail(pos, what, "", "elements: want a number of bytes, have %d", rule.Elements)
	case !rule.Integer.none():
		ok = p.loadInteger(pos, what, l, "integer", rule.Integer)
	case !rule.Bool.none():
		ok = p.loadInteger(pos, what, l, "bool", rule.Bool)
	case !rule.Text.none():
		from, okF := parseNumber(p.from.of(rule.Text))
		to, okT := parseNumber(p.to.of(rule.Text))
		if !okF || !okT || from < 1 || to < 1 || from > 1<<30 || to > 1<<30 {
			p.fail(pos, what, "", "text: want the most bytes on each side, have %q", rule.Text)
			ok = false
		}
		l.limit = int64(to)
	case rule.As != "":
		if l.Via = p.union(rule.As); l.Via == nil {
			p.failUnion(pos, what, rule.As)
			ok = false
		}
	}
	if rule.Domain != "" {
		if l.Domain = p.domain(rule.Domain, pos, what, ""); l.Domain == nil {
			ok = false
		}
		if rule.Integer.none() {
			p.fail(pos, what, "", "domain: that is for an integer")
		}
	}
	if !rule.Param.none() {
		row, found := p.row(rule.Param, what)
		if found {
			l.Param = &row
		}
	}
	return l, ok
}

func (p *planner) loadInteger(pos ctype.Pos, what string, l *Load, key string, rule Sided) bool {
	l.fromInt, l.toInt = basicType(p.from.of(rule)), basicType(p.to.of(rule))
	if l.fromInt == nil || l.toInt == nil {
		p.fail(pos, what, "", "%s: want basic Go types on both sides, have %q", key, rule)
		return false
	}
	return true
}

// A Values is the plan for [ValuesRule].
type Values struct {
	Rule   *ValuesRule
	Values []*Value
}

// A Value is what some options under one level hold.
type Value struct {
	*Load
	Level   Row
	Options []Row
}

// planValues plans what the options of o hold.
func (p *planner) planValues(o *Options) {
	rule := o.Rule.Values
	if rule == nil {
		return
	}
	o.Values = &Values{Rule: rule}
	said := map[[2]uint64]bool{}
	for _, v := range rule.Options {
		level, ok := p.row(v.Level, rule.Name)
		if !ok {
			continue
		}
		load, loaded := p.load(v.Pos, rule.Name, &v.Payload)
		planned := &Value{Load: load, Level: level}
		for _, pair := range v.Options {
			row, ok := p.row(pair, rule.Name)
			if !ok {
				continue
			}
			key := [2]uint64{level.FromVal, row.FromVal}
			if said[key] && !slices.ContainsFunc(planned.Options, func(r Row) bool { return r.FromVal == row.FromVal }) {
				p.fail(v.Pos, rule.Name, "", "%s %s has a rule already", level.From, row.From)
			}
			if !said[key] {
				planned.Options = append(planned.Options, row)
			}
			said[key] = true
		}
		if loaded && len(planned.Options) > 0 {
			o.Values.Values = append(o.Values.Values, planned)
		}
	}
	for _, l := range o.Levels {
		for _, r := range l.Domain.Rows {
			if !said[[2]uint64{l.FromVal, r.FromVal}] {
				p.fail(rule.Pos, rule.Name, "", "nothing is said of what %s %s holds", l.From, r.From)
			}
		}
	}
	for _, m := range o.Moved {
		if !said[[2]uint64{m.Level.FromVal, m.Option.FromVal}] {
			p.fail(rule.Pos, rule.Name, "", "nothing is said of what %s %s holds", m.Level.From, m.Option.From)
		}
	}
}

// A Moved is an option that is under another level on the other side.
type Moved struct{ Level, Option Row }

func (p *planner) planMoved(o *Options) {
	for _, m := range o.Rule.Moved {
		level, okL := p.row(m.Level, o.Rule.Name)
		option, okO := p.row(m.Option, o.Rule.Name)
		if okL && okO {
			o.Moved = append(o.Moved, Moved{level, option})
		}
	}
}

// Requests is the plan for a [RequestsRule].
type Requests struct {
	Rule     *RequestsRule
	Requests []*Request
	Without  []Reason // requests of the source without a counterpart, on purpose
	Aliases  []Row    // further names of numbers in Requests
	Open     []string // requests that nothing is said of
}

// A Request is some requests with the same argument.
type Request struct {
	Rows    []Row
	In, Out *Load // nil for nothing
}

func (p *planner) planRequests(rule *RequestsRule) {
	r := &Requests{Rule: rule}
	said := map[uint64]bool{}
	for _, q := range rule.Requests {
		planned := &Request{}
		there := true
		for _, end := range []struct {
			rule *Payload
			load **Load
		}{{q.In, &planned.In}, {q.Out, &planned.Out}} {
			if end.rule == nil {
				continue
			}
			var ok bool
			if *end.load, ok = p.load(q.Pos, rule.Name, end.rule); !ok {
				there = false
			}
		}
		for _, pair := range q.Requests {
			row, ok := p.row(pair, rule.Name)
			if !ok {
				continue
			}
			for _, end := range []struct {
				s   *side
				num string
			}{{p.from, row.From}, {p.to, row.To}} {
				if size, basicOne := basic[end.s.of(rule.Type)]; !basicOne || !fits(end.s.number(end.num).Int, size, false) {
					p.fail(q.Pos, rule.Name, "", "%s does not fit in the rule's type %q", end.num, end.s.of(rule.Type))
				}
			}
			if !said[row.FromVal] { // a number may have several names
				planned.Rows = append(planned.Rows, row)
			}
			said[row.FromVal] = true
		}
		if there && len(planned.Rows) > 0 {
			r.Requests = append(r.Requests, planned)
		}
	}
	r.Without = slices.DeleteFunc(p.listed(rule.Name, rule.Without), func(reason Reason) bool { return said[reason.Val] })
	for _, w := range r.Without {
		said[w.Val] = true
	}
	rest := p.rest(rule.Name, rule.Rest)
	for _, c := range p.from.ints {
		switch row, ok := r.row(c.Int.Bits); {
		case !matches(rule.Constants, c.Name) || matches(rule.Except, c.Name):
		case ok && row.From != c.Name:
			row.From = c.Name
			r.Aliases = append(r.Aliases, row)
		case said[c.Int.Bits]:
		case rest != "":
			r.Without = append(r.Without, Reason{c.Name, c.Int.Bits, rest})
		default:
			r.Open = append(r.Open, c.Name)
		}
	}
	p.plan.Requests = append(p.plan.Requests, r)
}

// row returns the row of a number.
func (r *Requests) row(number uint64) (Row, bool) {
	for _, q := range r.Requests {
		for _, row := range q.Rows {
			if row.FromVal == number {
				return row, true
			}
		}
	}
	return Row{}, false
}

// rest returns why what else the source's side has is without a counterpart; empty
// when that has not been said.
func (p *planner) rest(what string, rules []*RestRule) (why string) {
	for _, r := range rules {
		if r.System != p.from.Name && r.System != p.to.Name || r.Why == "" {
			p.fail(r.Pos, what, "", "rest: want %s or %s, and why", p.from.Name, p.to.Name)
		}
		if r.System == p.from.Name {
			why = r.Why
		}
	}
	return why
}

// listed resolves the patterns of reasons that stand outside a domain to the
// constants of the source's side, each once.
func (p *planner) listed(what string, whys []*WhyRule) []Reason {
	var list []Reason
	seen := map[string]bool{}
	for _, w := range whys {
		if w.Why == "" {
			p.fail(w.Pos, what, "", "without: say why")
		}
		for _, pattern := range w.Names {
			if !p.knownPattern(pattern) {
				p.fail(w.Pos, what, "", "without: neither system has a constant %s", pattern)
			}
			for _, name := range p.from.matching(pattern) {
				if !seen[name] {
					seen[name] = true
					list = append(list, Reason{name, p.from.consts[name].Int.Bits, w.Why})
				}
			}
		}
	}
	return list
}

// A Sequence is the plan for a [SequenceRule].
type Sequence struct {
	Rule               *SequenceRule
	Record             *Record
	Param              *Row
	FromLen, ToLen     *namespace.Field // nil when the records are whole
	FromText, ToText   *namespace.Field
	FromAlign, ToAlign int64
}

func (p *planner) planSequence(rule *SequenceRule) {
	from, okF := p.findRecord(p.from, rule.Record)
	to, okT := p.findRecord(p.to, rule.Record)
	if !okF || !okT {
		return
	}
	s := &Sequence{Rule: rule}
	if s.Record = p.pairOf(rule.Record, from, to); s.Record == nil {
		return
	}
	if s.Record.Hook != "" {
		p.fail(rule.Pos, rule.Name, "", "record: a pair that a hook converts cannot be an element")
		return
	}
	if (s.Record.Rule.Param != "") != !rule.Param.none() {
		p.fail(rule.Pos, rule.Name, "", "param: the record's converter takes %q", s.Record.Rule.Param)
		return
	}
	if !rule.Param.none() {
		row, ok := p.row(rule.Param, rule.Name)
		if !ok {
			return
		}
		s.Param = &row
	}
	switch {
	case rule.Length.none() != rule.Text.none():
		p.fail(rule.Pos, rule.Name, "", "length and text: give both, or none")
		return
	case !rule.Length.none():
		s.FromLen, s.ToLen = p.memberOf(p.from, from, rule.Length), p.memberOf(p.to, to, rule.Length)
		s.FromText, s.ToText = p.memberOf(p.from, from, rule.Text), p.memberOf(p.to, to, rule.Text)
		if s.FromLen == nil || s.ToLen == nil || s.FromText == nil || s.ToText == nil {
			return
		}
		p.number(rule.Pos, p.from, s.FromLen)
		p.number(rule.Pos, p.to, s.ToLen)
		for _, f := range []*namespace.Field{s.FromText, s.ToText} {
			if !byteArray(f.Type) {
				p.fail(rule.Pos, rule.Name, "", "text: %s is not an array of bytes", f.Name)
				return
			}
		}
		s.FromAlign, s.ToAlign = p.alignment(p.from, rule.Pos, rule.Name, rule.Align), p.alignment(p.to, rule.Pos, rule.Name, rule.Align)
	}
	p.plan.Sequences = append(p.plan.Sequences, s)
}
