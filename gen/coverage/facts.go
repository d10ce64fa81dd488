package coverage

import (
	"cmp"
	"strings"

	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/gen/namespace"
)

// A fact is what the conversion rules say of a declaration on one
// architecture.
type fact struct {
	status   Status
	by, note string

	all    bool // of a record: it holds for members of which nothing is said
	only   bool // of a member: it does not hold for the members of its type
	result bool // it is only ever the result of a conversion
}

type factKey struct{ system, arch, name string }

// facts holds them by name: of constants, of records by their keys, and of
// members as the record's key, a dot, and the member.
type facts map[factKey]fact

// set notes a fact unless there is a better one.
func (f facts) set(k factKey, n fact) {
	have, ok := f[k]
	if !ok || rank(n) > rank(have) {
		f[k] = n
	}
}

func rank(f fact) int {
	switch {
	case f.status == Mapped && !f.result:
		return 3
	case f.status == Without:
		return 2
	case f.status == Mapped:
		return 1
	}
	return 0
}

// member finds what is said of a member or of one that it is part of.
func (f facts) member(system, arch, record, path string) (fact, bool) {
	if found, ok := f[factKey{system, arch, record + "." + path}]; ok {
		return found, true
	}
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if found, ok := f[factKey{system, arch, record + "." + path[:i]}]; ok {
			return found, !found.only
		}
	}
	return fact{}, false
}

// factsOf collects what all converters of a plan say.
func factsOf(p *gen.Plan) facts {
	f := facts{}
	for i, c := range p.Converts {
		for _, arch := range c.Archs {
			w := &walker{
				facts: f, plan: c, arch: arch.Arch,
				from: end{p.Converters[i].From, p.Namespace(p.Converters[i].From)},
				to:   end{p.Converters[i].To, p.Namespace(p.Converters[i].To)},
			}
			w.walk(arch)
		}
	}
	return f
}

type end struct {
	name  string
	names *namespace.Plan
}

// A walker reads the plan of one direction on one architecture.
type walker struct {
	facts    facts
	plan     *convert.Plan
	arch     string
	from, to end
}

// mapped notes a pair: the source is translated, and the result comes out of
// a translation.
func (w *walker) mapped(by, from, to string) {
	w.facts.set(factKey{w.from.name, w.arch, from}, fact{status: Mapped, by: by, note: other(from, to)})
	w.facts.set(factKey{w.to.name, w.arch, to}, fact{status: Mapped, by: by, note: "only made, of " + from, result: true})
}

func (w *walker) without(by, name, why string) {
	w.facts.set(factKey{w.from.name, w.arch, name}, fact{status: Without, by: by, note: why})
}

// other returns the counterpart's name when it is another.
func other(from, to string) string {
	if from == to {
		return ""
	}
	return to
}

func (w *walker) walk(a *convert.ArchPlan) {
	for _, d := range a.Domains {
		w.domain(d)
	}
	for _, o := range a.Options {
		for _, l := range o.Levels {
			w.mapped(o.Rule.Name, l.From, l.To)
		}
		for _, m := range o.Moved {
			w.mapped(o.Rule.Name, m.Option.From, m.Option.To)
		}
	}
	for _, r := range a.Records {
		w.record(r)
	}
	for _, u := range a.Unions {
		for _, rec := range []struct {
			end end
			rec *namespace.Record
		}{{w.from, u.From}, {w.to, u.To}} {
			if rec.rec != nil {
				w.facts.set(factKey{rec.end.name, w.arch, rec.rec.C.Name}, fact{status: Mapped, by: u.Rule.Name, all: true})
			}
		}
		for _, v := range u.Variants {
			w.mapped(u.Rule.Name, v.Tag.From, v.Tag.To)
		}
	}
	for _, c := range a.Chains {
		w.facts.set(factKey{w.from.name, w.arch, c.From.C.Name}, fact{status: Mapped, by: c.Rule.Name, all: true})
		w.facts.set(factKey{w.to.name, w.arch, c.To.C.Name}, fact{status: Mapped, by: c.Rule.Name, all: true})
		for _, m := range c.Messages {
			if m.Rule.Drop != "" {
				w.without(c.Rule.Name, m.Type.From, m.Rule.Drop)
				continue
			}
			w.mapped(c.Rule.Name, m.Level.From, m.Level.To)
			w.mapped(c.Rule.Name, m.Type.From, m.Type.To)
		}
		for _, r := range c.Without {
			w.without(c.Rule.Name, r.Name, r.Why)
		}
	}
	for _, r := range a.Requests {
		for _, q := range r.Requests {
			for _, row := range q.Rows {
				w.mapped(r.Rule.Name, row.From, row.To)
			}
		}
		for _, why := range r.Without {
			w.without(r.Rule.Name, why.Name, why.Why)
		}
	}
}

func (w *walker) domain(d *convert.Domain) {
	by := d.Rule.Name
	number := map[uint64]string{}
	for _, f := range d.Fields {
		for _, r := range f.Rows {
			w.mapped(by, r.From, r.To)
		}
	}
	for _, f := range d.Rule.Fields {
		for _, name := range []string{f.Mask.Left, f.Mask.Right} {
			if _, ok := w.from.names.Const(w.arch, name); ok {
				w.facts.set(factKey{w.from.name, w.arch, name}, fact{status: Mapped, by: by, note: "the mask of a field"})
			}
		}
	}
	for _, r := range d.Rows {
		w.mapped(by, r.From, r.To)
		number[r.FromVal] = r.From
	}
	for _, r := range d.Aliases {
		w.mapped(by, r.From, r.To)
	}
	for _, list := range [][]convert.Reason{d.Dropped, d.Without} {
		for _, r := range list {
			w.without(by, r.Name, r.Why)
		}
	}
	// What else is of the domain has the number of something, or none.
	for _, c := range w.from.names.Unit(w.arch).Consts {
		if _, ok := match(d.Rule.Constants, c.Name); !ok {
			continue
		}
		if _, not := match(d.Rule.Except, c.Name); not {
			continue
		}
		if _, ok := match(d.Rule.Headers, c.Pos.File); !ok && len(d.Rule.Headers) > 0 {
			continue
		}
		if g, ok := w.from.names.Const(w.arch, c.Name); !ok || isPackageType(d.FromType) && g.Type != d.FromType {
			continue
		}
		key := factKey{w.from.name, w.arch, c.Name}
		switch as := number[c.Int.Bits]; {
		case as == c.Name:
		case as != "":
			w.facts.set(key, fact{status: Mapped, by: by, note: "the number of " + as})
		case d.Rule.Flags && c.Int.Bits == 0:
			w.facts.set(key, fact{status: Mapped, by: by, note: "no bit"})
		}
	}
}

// isPackageType tells a type of a system's package from one of Go's own.
func isPackageType(t string) bool { return t != "" && t[0] >= 'A' && t[0] <= 'Z' }

// function is the name of the converter of a pair.
func function(r *convert.Record) string { return cmp.Or(r.Name, r.To.Go) }

func (w *walker) record(r *convert.Record) {
	for _, side := range []struct {
		end       end
		rec, back *namespace.Record
		result    bool
	}{{w.from, r.From, r.To, false}, {w.to, r.To, r.From, true}} {
		key := factKey{side.end.name, w.arch, side.rec.C.Name}
		f := fact{status: Mapped, by: function(r), note: other(bare(side.rec.C.Name), bare(side.back.C.Name)), result: side.result}
		switch {
		case r.Hook != "":
			f.by, f.all = r.Hook, true
		case r.Via != nil:
			f.by, f.all = r.Via.Rule.Name, true
		case r.From.Bytes && r.To.Bytes:
			f.all = true
		}
		w.facts.set(key, f)
	}
	for _, s := range r.Steps {
		w.step(r, s)
	}
}

// step notes what becomes of the members of a pair.
func (w *walker) step(r *convert.Record, s *convert.Step) {
	if s.From != nil {
		f := fact{status: Mapped, by: function(r)}
		if s.To != nil {
			f.note = other(s.From.Name, s.To.Name)
		}
		if s.Decision == convert.Drop {
			f = fact{status: Without, by: function(r), note: s.Why}
		}
		w.member(w.from, r.From, s.From.Name, f, len(s.Cases) > 0)
	}
	if s.To != nil {
		f := fact{status: Mapped, by: function(r), note: "only made", result: true}
		if s.Decision == convert.Add {
			f = fact{status: Without, by: function(r), note: s.Why, result: true}
		}
		w.member(w.to, r.To, s.To.Name, f, len(s.Cases) > 0)
	}
	for _, c := range s.Cases {
		for _, t := range c.Tags {
			w.mapped(function(r), t.From, t.To)
		}
		if c.From == nil || c.To == nil {
			continue
		}
		w.member(w.from, r.From, s.From.Name+"."+c.From.Name, fact{status: Mapped, by: function(r), note: other(c.From.Name, c.To.Name)}, false)
		w.member(w.to, r.To, s.To.Name+"."+c.To.Name, fact{status: Mapped, by: function(r), note: "only made", result: true}, false)
	}
}

// member notes a fact of a member, and that something is done with those it
// lies in.
func (w *walker) member(e end, rec *namespace.Record, path string, f fact, only bool) {
	f.only = only
	w.facts.set(factKey{e.name, w.arch, rec.C.Name + "." + path}, f)
	outer, _, dotted := strings.Cut(path, ".")
	if dotted {
		w.facts.set(factKey{e.name, w.arch, rec.C.Name + "." + outer}, fact{status: Mapped, by: f.by, only: true, result: f.result})
	}
}
