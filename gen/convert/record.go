package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/nearest"
)

// A Decision is what happens to a member.
type Decision uint8

// The decisions of a [Step].
const (
	Copy       Decision = iota // the same value in the same type
	Widen                      // the same value in a type that holds more
	Narrow                     // the same value, after a check that it fits
	Length                     // the result's size
	Map                        // through a domain
	Nest                       // member by member, by the plan of another pair
	Text                       // up to the NUL
	Cases                      // one of several, by a tag
	Hook                       // by a Go function
	Add                        // zero: the source has nothing for it
	Drop                       // the result has nothing for it
	Set                        // a bit for each number
	Index                      // each element to its place
	Each                       // element by element
	TextLength                 // the length of a string
)

// String returns the name of the decision in lower case.
func (d Decision) String() string {
	return [...]string{"copy", "widen", "narrow", "length", "map", "nest", "text", "cases", "hook", "add", "drop", "set", "index", "each", "text length"}[d]
}

// A Record is the plan for one pair of records.
type Record struct {
	From, To *namespace.Record
	Rule     *RecordRule
	Pos      ctype.Pos // of the pair in the rules
	Steps    []*Step   // in the order of the result's members, then the dropped ones
	Name     string    // of the generated function; empty for that of the result's type
	Hook     string    // the Go function that does it all; empty when the steps do
	Via      *Union    // what converts the bytes, of a record without members to pair
	Whole    bool      // the layouts and the meaning are the same: copied as one
}

// A Step is the decision about one member, or pair of members.
type Step struct {
	Decision Decision
	From, To *namespace.Field  // nil on the side that has none
	Rule     string            // "name", or where the rule stands
	Why      string            // of Add and Drop
	Domain   *Domain           // of Map
	Record   *Record           // of Nest
	Text     string            // of Text: "name" or "path"
	Hook     string            // of Hook
	Cases    []*Case           // of Cases
	Param    string            // of Cases
	sized    *namespace.Record // of Length: what has the length
	reserved bool              // Add or Drop of what carries nothing

	Set      *SetPlan         // of Set
	Index    *IndexPlan       // of Index
	Count    *namespace.Field // of Each: the source's member with how many elements are in use; nil for all
	TextFrom *namespace.Field // of TextLength: the source's string
	Limit    uint64           // the most an integer result may be; 0 for what its type holds
	Default  string           // of Add: a constant of the result's side; empty for zero
}

// A Case is one use of a union.
type Case struct {
	Rule *CaseRule
	Tags []Row
	Step *Step  // what is converted; nil when nothing is, or Via is set
	Via  *Union // the converter the bytes of From and To go through
	From *namespace.Field
	To   *namespace.Field
}

// planRecords plans all pairs. Pairs that nest in others are planned when they
// are needed, so the order of the rules does not matter.
func (p *planner) planRecords() {
	type task struct {
		rule *RecordRule
		pair Pair
	}
	pending := map[[2]string]task{}
	var order [][2]string
	for _, rule := range p.rules.Records {
		for _, pair := range rule.Records {
			from, okF := p.findRecord(p.from, pair)
			to, okT := p.findRecord(p.to, pair)
			if !okF || !okT || !p.from.leads(pair) {
				continue
			}
			key := [2]string{from.C.Name, to.C.Name}
			if _, dup := pending[key]; dup {
				p.fail(pair.Pos, p.from.of(pair), "", "the pair has a rule already")
				continue
			}
			pending[key] = task{rule, pair}
			order = append(order, key)
			r := &Record{From: from, To: to, Rule: rule, Pos: pair.Pos, Name: p.to.of(rule.Name)}
			p.records[key] = r
		}
	}
	for _, key := range order {
		r := p.records[key]
		r.Hook = p.to.of(r.Rule.Hook)
		switch {
		case r.Rule.As != "":
			if r.Via = p.union(r.Rule.As); r.Via == nil {
				p.failUnion(r.Rule.Pos, r.name(), r.Rule.As)
			}
		case r.Hook == "" && !(r.From.Bytes && r.To.Bytes):
			p.planMembers(r)
		}
		p.plan.Records = append(p.plan.Records, r)
	}
	for _, r := range p.plan.Records {
		r.Whole = r.Hook == "" && r.Via == nil && r.whole()
	}
}

// findRecord finds the record of one side of a pair, on this architecture; a
// name no architecture has is an error.
func (p *planner) findRecord(s *side, pair Pair) (*namespace.Record, bool) {
	name := s.of(pair)
	r, ok := s.record(name)
	if ok {
		return r, true
	}
	for _, u := range s.Units {
		if _, ok := s.GoNames.Record(u.Target.Arch, "struct "+name); ok {
			return nil, false
		}
		if _, ok := s.GoNames.Record(u.Target.Arch, name); ok {
			return nil, false
		}
	}
	p.fail(pair.Pos, "", "", "%s has no record %s%s", s.Name, name, nearest.Suggest(name, s.recordNames()))
	return nil, false
}

// function returns the name of the generated function.
func (r *Record) function() string {
	if r.Name != "" {
		return r.Name
	}
	return r.To.Go
}

// name returns the C name of the source without "struct".
func (r *Record) name() string { return strings.TrimPrefix(r.From.C.Name, "struct ") }

func (p *planner) planMembers(r *Record) {
	usedFrom, usedTo := map[string]bool{}, map[string]bool{}
	byTo := map[string][]*Step{}
	var dropped []*Step
	for _, m := range r.Rule.Members {
		p.checkMemberNames(r, m)
		from, okF := p.from.field(r.From, p.from.of(m.Member))
		to, okT := p.to.field(r.To, p.to.of(m.Member))
		if !okF && !okT {
			continue
		}
		step := p.ruled(r, m, from, to)
		if step == nil {
			continue
		}
		if from != nil {
			usedFrom[outermost(from)] = true
		}
		if to != nil {
			usedTo[outermost(to)] = true
			byTo[outermost(to)] = append(byTo[outermost(to)], step)
		} else {
			dropped = append(dropped, step)
		}
	}
	p.checkInner(r, p.from, r.From, func(s *Step) *namespace.Field { return s.From }, byTo, dropped)
	p.checkInner(r, p.to, r.To, func(s *Step) *namespace.Field { return s.To }, byTo, dropped)
	for _, to := range r.To.Fields {
		if usedTo[to.Name] {
			continue
		}
		from, ok := r.From.Field(to.Name)
		switch {
		case ok && !usedFrom[from.Name] && !matches(p.rules.Reserved, to.Name):
			usedFrom[from.Name] = true
			step := &Step{From: from, To: to, Rule: "name"}
			p.decide(r, step, from.Type, to.Type, nil)
			byTo[to.Name] = []*Step{step}
		case matches(p.rules.Reserved, to.Name):
			byTo[to.Name] = []*Step{{Decision: Add, To: to, Rule: "reserved", Why: "reserved", reserved: true}}
		default:
			p.undecided(r, nil, to, "%s has no %s: pair it, or say why it is added or hook it", p.from.Name, to.Name)
		}
	}
	for _, to := range r.To.Fields {
		r.Steps = append(r.Steps, byTo[to.Name]...)
	}
	for _, from := range r.From.Fields {
		if usedFrom[from.Name] {
			continue
		}
		if matches(p.rules.Reserved, from.Name) {
			dropped = append(dropped, &Step{Decision: Drop, From: from, Rule: "reserved", Why: "reserved", reserved: true})
			continue
		}
		p.undecided(r, from, nil, "%s has no %s: pair it, or say why it is dropped", p.to.Name, from.Name)
	}
	slices.SortStableFunc(dropped, func(a, b *Step) int { return int(a.From.Offset - b.From.Offset) })
	r.Steps = append(r.Steps, dropped...)
}

// field finds a member of one side's record. For "outer.inner" it makes a field
// that is reached through the outer one.
func (s *side) field(r *namespace.Record, name string) (*namespace.Field, bool) {
	if name == "" {
		return nil, false
	}
	outerName, innerName, dotted := strings.Cut(name, ".")
	outer, ok := r.Field(outerName)
	if !dotted || !ok {
		return outer, ok
	}
	if outer.Type.Kind != namespace.Named {
		return nil, false
	}
	rec, ok := s.GoNames.Record(s.arch, outer.Type.Record)
	if !ok {
		return nil, false
	}
	inner, ok := s.field(rec, innerName)
	if !ok {
		return nil, false
	}
	f := *inner
	f.Name, f.Go, f.Offset = name, outer.Go+"."+inner.Go, outer.Offset+inner.Offset
	if outer.Form != namespace.Plain {
		f.Go = outer.Go + "()." + inner.Go
	}
	return &f, true
}

// outermost is the member of the record that a field is, or lies in.
func outermost(f *namespace.Field) string {
	name, _, _ := strings.Cut(f.Name, ".")
	return name
}

// checkInner holds rules that take a struct's members one by one to naming all
// of them. A union is used by one of its members.
func (p *planner) checkInner(r *Record, s *side, rec *namespace.Record, of func(*Step) *namespace.Field, byTo map[string][]*Step, dropped []*Step) {
	named := map[string]bool{}
	for _, steps := range byTo {
		for _, step := range steps {
			if f := of(step); f != nil {
				named[f.Name] = true
			}
		}
	}
	for _, step := range dropped {
		if f := of(step); f != nil {
			named[f.Name] = true
		}
	}
	for _, outer := range rec.Fields {
		if outer.Type.Kind != namespace.Named || named[outer.Name] {
			continue
		}
		inner, ok := s.GoNames.Record(s.arch, outer.Type.Record)
		if !ok || inner.C.Union {
			continue
		}
		var left []string
		some := false
		for _, f := range inner.Fields {
			some = some || named[outer.Name+"."+f.Name]
			if !named[outer.Name+"."+f.Name] && !matches(p.rules.Reserved, f.Name) {
				left = append(left, outer.Name+"."+f.Name)
			}
		}
		if some && len(left) > 0 {
			p.fail(r.Pos, r.name(), outer.Name, "%s: nothing is said of %s, but of others in it", s.Name, strings.Join(left, ", "))
		}
	}
}

func (p *planner) undecided(r *Record, from, to *namespace.Field, format string, args ...any) {
	e := &PlanError{Pos: r.Pos, Struct: r.name(), From: r.From.C.Pos, To: r.To.C.Pos, Err: fmt.Errorf(format, args...)}
	if from != nil {
		e.Field, e.From = from.Name, from.C.Pos
	}
	if to != nil {
		e.Field, e.To = to.Name, to.C.Pos
	}
	*p.errors = append(*p.errors, e)
}

// checkMemberNames reports a member of a rule that neither the record of its
// side has on any architecture.
func (p *planner) checkMemberNames(r *Record, m *MemberRule) {
	for _, s := range []*side{p.from, p.to} {
		name, rec := s.of(m.Member), r.From
		if s == p.to {
			rec = r.To
		}
		if name == "" {
			continue
		}
		if _, ok := s.field(rec, name); ok || p.knownMember(s, rec, name) || len(r.Rule.Records) > 1 {
			continue
		}
		var names []string
		for _, f := range rec.Fields {
			names = append(names, f.Name)
		}
		p.fail(m.Pos, strings.TrimPrefix(rec.C.Name, "struct "), "", "%s has no member %s%s", s.Name, name, nearest.Suggest(name, names))
	}
}

// knownMember reports whether the record has the member on any architecture.
func (p *planner) knownMember(s *side, rec *namespace.Record, name string) bool {
	for _, u := range s.Units {
		if o, ok := s.GoNames.Record(u.Target.Arch, rec.C.Name); ok {
			if _, ok := (&side{SystemModel: s.SystemModel, arch: u.Target.Arch}).field(o, name); ok {
				return true
			}
		}
	}
	return false
}

// ruled makes the step of a member rule.
func (p *planner) ruled(r *Record, m *MemberRule, from, to *namespace.Field) *Step {
	step := &Step{From: from, To: to, Rule: "rule " + place(m.Pos)}
	switch {
	case m.TextLength != "":
		return p.planTextLength(r, m, step)
	case m.Length:
		step.Decision, step.Why, step.sized = Length, "length of the structure", r.To
		if to == nil {
			step.Decision = Drop
		}
	case from == nil:
		if m.Add == "" && m.Hook.none() {
			p.fail(m.Pos, r.name(), to.Name, "%s has no counterpart on %s: say why with add", to.Name, p.from.Name)
			return nil
		}
		step.Decision, step.Why, step.Default = Add, m.Add, m.Default
		if m.Default != "" && (!integer(to.Type) || p.to.number(m.Default) == nil && !p.knownConst(p.to, m.Default)) {
			p.fail(m.Pos, r.name(), to.Name, "default: %s has no constant %s for a %s", p.to.Name, m.Default, to.Type)
			return nil
		}
		if !m.Hook.none() {
			step.Decision, step.Hook = Hook, p.to.of(m.Hook)
		}
	case to == nil:
		if m.Drop == "" {
			p.fail(m.Pos, r.name(), from.Name, "%s has no counterpart on %s: say why with drop", from.Name, p.to.Name)
			return nil
		}
		step.Decision, step.Why = Drop, m.Drop
	case !m.Hook.none():
		step.Decision, step.Hook = Hook, p.to.of(m.Hook)
	case m.Union != nil:
		p.planCases(r, m, step)
	case m.Set != nil:
		return p.planSet(r, m, step)
	case m.Index != nil:
		return p.planIndex(r, m, step)
	case !m.Count.none():
		return p.planCount(r, m, step)
	case m.Text != "":
		step.Decision, step.Text = Text, m.Text
		p.checkText(r, m.Pos, step)
	case m.Domain != "":
		step.Decision, step.Domain = Map, p.domain(m.Domain, m.Pos, r.name(), to.Name)
		if step.Domain == nil {
			return nil
		}
		p.checkDomain(r, m.Pos, step)
	default:
		p.decide(r, step, from.Type, to.Type, m)
	}
	p.checkLimit(r, m, step)
	return step
}

func integer(t *namespace.Type) bool {
	return t.Kind == namespace.Int || t.Kind == namespace.Uint || t.Kind == namespace.Enum
}

// decide chooses between copying, widening, narrowing and nesting by the Go
// types of both sides.
func (p *planner) decide(r *Record, step *Step, from, to *namespace.Type, m *MemberRule) {
	pos := r.Pos
	if m != nil {
		pos = m.Pos
	}
	refuse := func(format string, args ...any) {
		e := &PlanError{Pos: pos, Struct: r.name(), Field: step.To.Name, From: step.From.C.Pos, To: step.To.C.Pos, Err: fmt.Errorf(format, args...)}
		*p.errors = append(*p.errors, e)
	}
	k := from.Kind
	switch {
	case m != nil && m.Copy:
		if from.Size != to.Size {
			refuse("copy: %s has %d bytes on %s and %d on %s", step.To.Name, from.Size, p.from.Name, to.Size, p.to.Name)
		}
		step.Decision = Copy
	case integer(from) && integer(to):
		step.Decision = p.integers(from, to, m != nil && m.Bits)
		if step.overflows() {
			step.Decision = Narrow
		}
	case k == namespace.Named && to.Kind == namespace.Named:
		sub := p.records[[2]string{from.Record, to.Record}]
		if sub == nil {
			refuse("no rule pairs %s and %s", from.Record, to.Record)
			return
		}
		if sub.Rule.Param != "" {
			refuse("%s takes a parameter and cannot lie in another record", from.Record)
		}
		step.Decision, step.Record = Nest, sub
	case k == namespace.Array && to.Kind == namespace.Array && from.Len == to.Len && from.String() == to.String() && simple(from.Elem):
		step.Decision = Copy
	case k == namespace.Array && to.Kind == namespace.Array && from.Elem.Kind == namespace.Named && to.Elem.Kind == namespace.Named:
		p.planEach(r, pos, step)
	case k == to.Kind && from.Size == to.Size && simple(from),
		k == namespace.BE && to.Kind == namespace.Uint && from.Size == to.Size,
		k == namespace.Uint && to.Kind == namespace.BE && from.Size == to.Size,
		k == namespace.Addr && to.Kind == namespace.Addr,
		k == namespace.Bytes && to.Kind == namespace.Bytes && from.Len == to.Len && m != nil:
		step.Decision = Copy
	default:
		refuse("no rule makes %s of %s: give it a text, copy, drop and add, or hook", to, from)
	}
}

func (p *planner) integers(from, to *namespace.Type, keepBits bool) Decision {
	sf, st := from.Signed || from.Kind == namespace.Int, to.Signed || to.Kind == namespace.Int
	switch {
	case from.Size == to.Size && (sf == st || keepBits):
		return Copy
	case sf == st && from.Size < to.Size, !sf && st && from.Size < to.Size:
		return Widen
	}
	return Narrow
}

// whole reports whether a record can be copied as one value: Go converts
// between the types, and every member is a copy.
func (r *Record) whole() bool {
	if r.From.Padding || r.To.Padding || len(r.From.Fields) != len(r.To.Fields) {
		return false
	}
	if r.From.Bytes || r.To.Bytes {
		return r.From.Bytes && r.To.Bytes && r.From.C.Size == r.To.C.Size
	}
	for i, s := range r.Steps {
		if s.Decision != Copy || s.Limit != 0 || s.From == nil || s.To == nil || s.From.Form != namespace.Plain || s.To.Form != namespace.Plain {
			return false
		}
		if r.From.Fields[i] != s.From || s.From.Go != s.To.Go || s.From.Offset != s.To.Offset ||
			s.From.Type.String() != s.To.Type.String() || !simple(s.From.Type) {
			return false
		}
	}
	return len(r.Steps) == len(r.From.Fields)
}
