package convert

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/nearest"
)

// A Row pairs two constants of a domain.
type Row struct {
	From, To       string // C names; To is empty for bits that are dropped
	FromVal, ToVal uint64
	Rule           string // "name", or where the rule stands
}

// A Field is a number inside a flag word.
type Field struct {
	FromMask, ToMask uint64
	Rows             []Row
}

// A Domain is how the numbers of one set of constants are translated on one
// architecture.
type Domain struct {
	Rule     *DomainRule
	FromType string // Go types, those of a system's package without its name
	ToType   string
	Rows     []Row // each FromVal once, in the order of declaration
	Fields   []Field
	Aliases  []Row    // further names of values in Rows
	Dropped  []Reason // bits cleared on purpose
	Without  []Reason // no counterpart, on purpose
	Open     []string // no counterpart, and no rule says why
	Else     *Row     // what everything else becomes; nil when that is an error
}

// A Reason is a name with why it is left out.
type Reason struct {
	Name string
	Val  uint64
	Why  string
}

// shift returns the distance that the bits of a row move by, and whether they
// all move by it.
func (r Row) shift() (int, bool) {
	if r.FromVal == 0 || r.ToVal == 0 {
		return 0, false
	}
	n := bits.TrailingZeros64(r.ToVal) - bits.TrailingZeros64(r.FromVal)
	if n >= 0 {
		return n, r.FromVal<<n == r.ToVal
	}
	return n, r.FromVal>>-n == r.ToVal
}

// planDomain pairs the constants of one domain.
func (p *planner) planDomain(rule *DomainRule) *Domain {
	d := &Domain{Rule: rule, FromType: p.from.of(rule.Type), ToType: p.to.of(rule.Type)}
	if d.FromType == "" || d.ToType == "" {
		p.fail(rule.Pos, rule.Name, "", "type: say the Go type on both sides, \"uint8 = uint16\"")
	}
	ask := func(s *side, name string, pos ctype.Pos) *ctype.Const {
		c := s.consts[name]
		if c == nil && !p.knownConst(s, name) {
			p.fail(pos, rule.Name, "", "%s has no constant %s%s", s.Name, name, nearest.Suggest(name, s.constNames()))
		}
		return c
	}

	explicitFrom, explicitTo := map[string]bool{}, map[string]bool{}
	taken := map[uint64]int{} // FromVal to index in d.Rows
	add := func(from, to *ctype.Const, how string, pos ctype.Pos) {
		row := Row{From: from.Name, To: to.Name, FromVal: from.Int.Bits, ToVal: to.Int.Bits, Rule: how}
		if rule.Flags && row.FromVal == 0 {
			return // no bit; zero stays zero
		}
		i, dup := taken[row.FromVal]
		if !dup {
			taken[row.FromVal] = len(d.Rows)
			d.Rows = append(d.Rows, row)
			return
		}
		if have := d.Rows[i]; have.ToVal != row.ToVal && (have.Rule == "name") == (how == "name") {
			p.fail(pos, rule.Name, "", "%s and %s are both %d on %s, but %s (%d) and %s (%d) differ on %s: say which with pairs",
				have.From, row.From, row.FromVal, p.from.Name, have.To, have.ToVal, row.To, row.ToVal, p.to.Name)
			return
		}
		d.Aliases = append(d.Aliases, row)
	}
	for _, pair := range rule.Pairs {
		from, to := ask(p.from, p.from.of(pair), pair.Pos), ask(p.to, p.to.of(pair), pair.Pos)
		explicitFrom[p.from.of(pair)], explicitTo[p.to.of(pair)] = true, true
		if from != nil && to != nil && p.from.leads(pair) {
			add(from, to, "rule "+place(pair.Pos), pair.Pos)
		}
	}
	without := p.reasons(rule, rule.Without, "without")
	drop := p.reasons(rule, rule.Drop, "drop")
	p.planFields(d, ask)
	inField := map[string]bool{}
	for _, f := range rule.Fields {
		for _, v := range f.Values {
			inField[p.from.of(v)] = true
		}
		inField[p.from.of(f.Mask)] = true
	}

	if rule.Same && (rule.Flags || d.FromType != d.ToType || basicType(d.FromType) == nil || len(rule.Otherwise) > 0) {
		p.fail(rule.Pos, rule.Name, "", "same: want numbers of one basic type on both sides, and no otherwise")
	}
	normal := p.normalNames(rule, without)
	for _, c := range p.from.ints {
		if !p.belongs(p.from, rule, c) || inField[c.Name] {
			continue
		}
		to := normal.counterpart(c)
		switch {
		case drop[c.Name] != "":
			if c.Int.Bits != 0 {
				d.Dropped = append(d.Dropped, Reason{c.Name, c.Int.Bits, drop[c.Name]})
			}
		case without[c.Name] != "":
			d.Without = append(d.Without, Reason{c.Name, c.Int.Bits, without[c.Name]})
		case explicitFrom[c.Name] || explicitTo[c.Name]:
		case to != nil && !explicitTo[to.Name] && p.belongs(p.to, rule, to):
			add(c, to, "name", rule.Pos)
		}
	}
	p.findOpen(d, rule, inField, without, drop)
	p.planElse(d, ask)
	p.checkFit(d)
	if rule.Flags {
		p.checkFlags(d)
	}
	return d
}

// belongs reports whether a constant of one side is of the domain by the
// rule's patterns.
func (p *planner) belongs(s *side, rule *DomainRule, c *ctype.Const) bool {
	if !matches(rule.Constants, c.Name) || matches(rule.Except, c.Name) ||
		len(rule.Headers) > 0 && !matches(rule.Headers, c.Pos.File) {
		return false
	}
	typ := s.of(rule.Type)
	if _, ok := basic[typ]; ok {
		return true
	}
	k, ok := s.GoNames.Const(s.arch, c.Name)
	return ok && k.Type == typ
}

// normalNames pairs the constants of both sides by name, or by the names that the
// rule's normal forms give them.
type normalNames struct {
	p    *planner
	rule *DomainRule
	to   map[string]*ctype.Const // by normal name; nil when there is no rule
	re   []*regexp.Regexp
}

func (p *planner) normalNames(rule *DomainRule, without map[string]string) *normalNames {
	n := &normalNames{p: p, rule: rule}
	if len(rule.Normal) == 0 {
		return n
	}
	for _, f := range rule.Normal {
		re, err := regexp.Compile("^(?:" + f.Pattern + ")$")
		if err != nil {
			p.fail(f.Pos, rule.Name, "", "pattern: %v", err)
			re = regexp.MustCompile("$^")
		}
		if f.System != p.from.Name && f.System != p.to.Name {
			p.fail(f.Pos, rule.Name, "", "no system %q; there are %s and %s", f.System, p.from.Name, p.to.Name)
		}
		n.re = append(n.re, re)
	}
	n.to = map[string]*ctype.Const{}
	for _, c := range p.to.ints {
		if p.belongs(p.to, rule, c) && without[c.Name] == "" {
			n.to[n.normal(p.to, c.Name)] = c
		}
	}
	return n
}

func (n *normalNames) normal(s *side, name string) string {
	for i, f := range n.rule.Normal {
		if f.System == s.Name && n.re[i].MatchString(name) {
			return n.re[i].ReplaceAllString(name, f.Name)
		}
	}
	return name
}

// counterpart returns the constant that pairs with c by name, or nil.
func (n *normalNames) counterpart(c *ctype.Const) *ctype.Const {
	if n.to == nil {
		return n.p.to.consts[c.Name]
	}
	return n.to[n.normal(n.p.from, c.Name)]
}

// findOpen collects the names that no row, alias or reason accounts for.
func (p *planner) findOpen(d *Domain, rule *DomainRule, inField map[string]bool, without, drop map[string]string) {
	rest := p.rest(rule.Name, rule.Rest)
	mapped := map[uint64]bool{}
	for _, r := range d.Rows {
		mapped[r.FromVal] = true
	}
	for _, c := range p.from.ints {
		if !p.belongs(p.from, rule, c) || inField[c.Name] {
			continue
		}
		if without[c.Name] != "" || drop[c.Name] != "" || mapped[c.Int.Bits] || rule.Flags && c.Int.Bits == 0 {
			continue
		}
		if rest != "" {
			d.Without = append(d.Without, Reason{c.Name, c.Int.Bits, rest})
			continue
		}
		d.Open = append(d.Open, c.Name)
	}
}

func (p *planner) planFields(d *Domain, ask func(*side, string, ctype.Pos) *ctype.Const) {
	number := func(s *side, f *FieldRule) uint64 {
		text := s.of(f.Mask)
		if n, ok := parseNumber(text); ok {
			return n
		}
		if c := ask(s, text, f.Pos); c != nil {
			return c.Int.Bits
		}
		return 0
	}
	for _, f := range d.Rule.Fields {
		field := Field{FromMask: number(p.from, f), ToMask: number(p.to, f)}
		for _, v := range f.Values {
			from, to := ask(p.from, p.from.of(v), v.Pos), ask(p.to, p.to.of(v), v.Pos)
			if from == nil || to == nil || !p.from.leads(v) {
				continue
			}
			row := Row{From: from.Name, To: to.Name, FromVal: from.Int.Bits, ToVal: to.Int.Bits, Rule: "rule " + place(v.Pos)}
			if row.FromVal&^field.FromMask != 0 || row.ToVal&^field.ToMask != 0 {
				p.fail(v.Pos, d.Rule.Name, "", "%s is outside the mask of its field", v)
				continue
			}
			if slices.ContainsFunc(field.Rows, func(r Row) bool { return r.FromVal == row.FromVal }) {
				continue
			}
			field.Rows = append(field.Rows, row)
		}
		d.Fields = append(d.Fields, field)
	}
}

func (p *planner) planElse(d *Domain, ask func(*side, string, ctype.Pos) *ctype.Const) {
	for _, e := range d.Rule.Otherwise {
		if e.System != p.from.Name && e.System != p.to.Name {
			p.fail(e.Pos, d.Rule.Name, "", "no system %q; there are %s and %s", e.System, p.from.Name, p.to.Name)
		}
		if e.System != p.to.Name {
			continue
		}
		if c := ask(p.to, e.Value, e.Pos); c != nil {
			d.Else = &Row{To: c.Name, ToVal: c.Int.Bits, Rule: e.Why}
		}
	}
}

// checkFit refuses constants that the Go types of the rule do not hold, and
// types of a package that none of its constants has.
func (p *planner) checkFit(d *Domain) {
	check := func(s *side, typ, name string) {
		size, ok := basic[typ]
		if c := s.consts[name]; ok && c != nil && !fits(c.Int, size, d.Rule.Flags) {
			p.fail(d.Rule.Pos, d.Rule.Name, "", "%s is %s on %s and does not fit in the rule's type %s", name, c.Int, s.Name, typ)
		}
	}
	for _, r := range d.Rows {
		check(p.from, d.FromType, r.From)
		check(p.to, d.ToType, r.To)
	}
	for _, s := range []*side{p.from, p.to} {
		typ := s.of(d.Rule.Type)
		if _, ok := basic[typ]; ok || typ == "" {
			continue
		}
		if !slices.ContainsFunc(s.ints, func(c *ctype.Const) bool {
			k, ok := s.GoNames.Const(s.arch, c.Name)
			return ok && k.Type == typ
		}) {
			p.fail(d.Rule.Pos, d.Rule.Name, "", "type: no constant of package %s has type %s", s.Name, typ)
		}
	}
}

// fits reports whether a basic type of that size, negative when it is signed,
// holds a value; of flags, whether it has all the bits.
func fits(n ctype.Integer, size int, flags bool) bool {
	width := uint(8 * abs(size))
	switch {
	case n.Negative():
		return (flags || size < 0) && int64(n.Bits) >= -1<<(width-1)
	case size < 0 && !flags:
		width--
	}
	return width >= 64 || n.Bits>>width == 0
}

// checkFlags refuses flag rows that the two words' fields overlap.
func (p *planner) checkFlags(d *Domain) {
	for _, f := range d.Fields {
		for _, r := range d.Rows {
			if r.FromVal&f.FromMask != 0 {
				p.fail(d.Rule.Pos, d.Rule.Name, "", "%s (%#x) lies in a field with mask %#x", r.From, r.FromVal, f.FromMask)
			}
		}
	}
}

// reasons resolves patterns to the names of either side that they match.
func (p *planner) reasons(rule *DomainRule, whys []*WhyRule, key string) map[string]string {
	found := map[string]string{}
	candidates := map[*side][]string{} // few, where there are thousands of names in all
	for _, s := range []*side{p.from, p.to} {
		for _, pattern := range rule.Constants {
			candidates[s] = append(candidates[s], s.matching(pattern)...)
		}
	}
	for _, w := range whys {
		if w.Why == "" {
			p.fail(w.Pos, rule.Name, "", "%s: say why", key)
		}
		for _, pattern := range w.Names {
			names := append(among(candidates[p.from], pattern), among(candidates[p.to], pattern)...)
			if names == nil {
				names = append(p.from.matching(pattern), p.to.matching(pattern)...)
			}
			for _, name := range names {
				found[name] = w.Why
			}
			if names == nil && !p.knownPattern(pattern) {
				all := append(p.from.constNames(), p.to.constNames()...)
				p.fail(w.Pos, rule.Name, "", "%s: neither system has a constant %s%s", key, pattern, nearest.Suggest(pattern, all))
			}
		}
	}
	return found
}

// among returns the names that a pattern matches.
func among(names []string, pattern string) []string {
	var found []string
	for _, name := range names {
		if matches([]string{pattern}, name) {
			found = append(found, name)
		}
	}
	return found
}

// single divides the rows of flags: those that move by the same distance, by
// that distance, the distances in the order to write them, and the rows that
// must be taken one by one, because they share bits with others or do not keep
// their shape. A single bit that is also part of rows of several bits is
// not one of these: they are taken first, and then have taken it away.
func (d *Domain) single() (groups map[int][]Row, order []int, multi []Row) {
	groups = map[int][]Row{}
	for i, r := range d.Rows {
		overlaps := false
		for j, o := range d.Rows {
			shares := i != j && r.FromVal&o.FromVal != 0
			overlaps = overlaps || shares && (bits.OnesCount64(r.FromVal) > 1 || bits.OnesCount64(o.FromVal) == 1)
		}
		n, ok := r.shift()
		if !ok || overlaps {
			multi = append(multi, r)
			continue
		}
		if groups[n] == nil {
			order = append(order, n)
		}
		groups[n] = append(groups[n], r)
	}
	slices.SortStableFunc(multi, func(a, b Row) int { return bits.OnesCount64(b.FromVal) - bits.OnesCount64(a.FromVal) })
	slices.SortFunc(order, func(a, b int) int { // the bits that stay first
		return abs(a) - abs(b) + boolInt(abs(a) == abs(b))*(b-a)
	})
	return groups, order, multi
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// parseNumber reads a C-like decimal or hexadecimal number.
func parseNumber(s string) (uint64, bool) {
	var n uint64
	if _, err := fmt.Sscanf(s, "%v", &n); err != nil || s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	return n, true
}
