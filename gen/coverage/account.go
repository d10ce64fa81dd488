package coverage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/namespace"
)

// A Status is what becomes of a declaration.
type Status string

// The statuses, from good to bad.
const (
	Mapped  Status = "mapped"  // it is translated
	Without Status = "without" // it has no counterpart, and it is known why
	Open    Status = "open"    // nobody has said anything of it
)

var statuses = []Status{Mapped, Without, Open}

// A Declaration is something that a system's headers declare. Where
// architectures differ the worst status counts.
type Declaration struct {
	System string
	Kind   Kind
	Name   string   // a struct's tag, "union NAME", "record.member", the constant
	Header string   // as a program includes it
	Archs  []string // where it is declared; nil for all of the package's architectures

	Status Status
	By     string // what says so: a domain, record, class or directory
	Note   string // the counterpart of another name, or the reason

	record string // of a member, the key of its record
}

// A Report is the account of all declarations, by system, kind, header and
// name.
type Report struct {
	Declarations []*Declaration

	plan  *gen.Plan
	scope *Scope
}

// New accounts for everything that the systems of a plan declare. The scope
// may be nil. The error joins everything that is wrong in the scope: names it
// has that nothing declares, or reasons that are missing.
func New(p *gen.Plan, scope *Scope, hand []HandWritten) (*Report, error) {
	if scope == nil {
		scope = new(Scope)
	}
	var systems []string
	for _, s := range p.Systems {
		systems = append(systems, s.Name)
	}
	if errs := scope.check(systems); errs != nil {
		return nil, errors.Join(errs...)
	}
	r := &Report{plan: p, scope: scope}
	var errs []error
	known := factsOf(p)
	for i := range p.Systems {
		a := &accountant{
			scope: scope, system: p.Systems[i].Name, names: p.Namespaces[i], facts: known,
			found: map[string]*Declaration{}, missing: map[string]string{},
		}
		for j, o := range p.Namespaces {
			if j != i {
				a.others = append(a.others, o)
			}
		}
		var err error
		if a.hand, err = handUse(hand, a.names); err != nil {
			return nil, err
		}
		r.Declarations = append(r.Declarations, a.account(p.Systems[i].Native)...)
		errs = append(errs, a.errs...)
	}
	return r, errors.Join(append(errs, scope.useless()...)...)
}

// An accountant accounts for one system.
type accountant struct {
	scope   *Scope
	system  string
	names   *namespace.Plan
	facts   facts
	hand    []use
	missing map[string]string // why the package does not have it
	found   map[string]*Declaration
	order   []*Declaration
	others  []*namespace.Plan // of the other systems
	errs    []error
	arch    string
}

func (a *accountant) account(units []*ctype.Unit) []*Declaration {
	for _, s := range a.names.Report() {
		if a.missing[s.Name] == "" {
			reason, _, _ := strings.Cut(s.Reason, " (on ")
			a.missing[s.Name] = reason
		}
	}
	for _, u := range units {
		a.arch = u.Target.Arch
		seen := map[string]bool{}
		for _, c := range u.Consts {
			if !seen[c.Name] {
				seen[c.Name] = true
				a.constant(c)
			}
		}
		index := u.Index()
		for _, r := range u.Records {
			if !strings.Contains(r.Name, ".") && index.Record(r.Name) == r {
				a.record(r, index)
			}
		}
	}
	for _, d := range a.order {
		if len(d.Archs) == len(units) {
			d.Archs = nil
		}
	}
	slices.SortStableFunc(a.order, func(x, y *Declaration) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Kinds, x.Kind), slices.Index(Kinds, y.Kind)),
			strings.Compare(x.Header, y.Header), strings.Compare(x.Name, y.Name))
	})
	return a.order
}

// add merges what is known of a declaration on one architecture with what is
// known from others.
func (a *accountant) add(d *Declaration, f fact) {
	d.System = a.system
	d.Status, d.By, d.Note = f.status, f.by, f.note
	key := string(d.Kind) + " " + d.Name
	have := a.found[key]
	if have == nil {
		a.found[key] = d
		a.order = append(a.order, d)
		d.Archs = []string{a.arch}
		return
	}
	have.Archs = append(have.Archs, a.arch)
	if slices.Index(statuses, d.Status) > slices.Index(statuses, have.Status) {
		have.Status, have.By, have.Note = d.Status, d.By, d.Note
	}
}

func (a *accountant) constant(c *ctype.Const) {
	d := &Declaration{System: a.system, Kind: Constant, Name: c.Name, Header: c.Pos.File}
	goConst, emitted := a.names.Const(a.arch, c.Name)
	_, request := match(a.scope.Ioctls, c.Name)
	switch {
	case emitted && goConst.Type == "Errno":
		d.Kind = Errno
	case emitted && goConst.Type == "Signal":
		d.Kind = Signal
	case c.Ioctl != nil || request:
		d.Kind = Ioctl
	}
	class := d.class(a.scope.Without)
	same := d.class(a.scope.Same)
	if same != nil && !a.same(same, c) {
		same = nil
	}
	f, ok := a.facts[factKey{a.system, a.arch, c.Name}]
	switch {
	case ok && f.status != Open:
	case emitted && a.byHand(goConst.Go) != "":
		f = fact{status: Mapped, by: a.byHand(goConst.Go)}
	case same != nil:
		f = fact{status: Mapped, by: same.Class, note: "the same number"}
	case class != nil:
		f = fact{status: Without, by: class.Class}
	case !emitted && a.missing[c.Name] != "":
		f = fact{status: Without, by: "not in the package", note: a.missing[c.Name]}
	case !ok:
		f = fact{status: Open}
	}
	a.add(d, f)
}

// same reports whether other systems have the constant, and notes where its
// number is another.
func (a *accountant) same(class *Class, c *ctype.Const) bool {
	found := false
	for _, o := range a.others {
		index := o.Index(a.arch)
		if index == nil {
			continue
		}
		k := index.Const(c.Name)
		if k == nil {
			continue
		}
		found = true
		if k.Kind != c.Kind || k.Int.Bits != c.Int.Bits {
			a.errs = append(a.errs, &ScopeError{class.Pos, fmt.Sprintf("class %s: %s is %s in %s and %s in %s, on %s",
				class.Class, c.Name, c.Int, a.names.Options().System, k.Int, o.Options().System, a.arch)})
		}
	}
	return found
}

func (a *accountant) byHand(ident string) string {
	for _, u := range a.hand {
		if u.idents[ident] {
			return u.dir
		}
	}
	return ""
}

// record accounts for a record and its members.
func (a *accountant) record(r *ctype.Record, index *ctype.Index) {
	name := bare(r.Name)
	d := &Declaration{System: a.system, Kind: Struct, Name: name, Header: r.Pos.File}
	goRecord, emitted := a.names.Record(a.arch, r.Name)
	class := d.class(a.scope.Without)
	f, ok := a.facts[factKey{a.system, a.arch, r.Name}]
	inherit := f.all
	var hand []use
	if emitted {
		for _, u := range a.hand {
			if u.idents[goRecord.Go] || u.idents[goRecord.Sizeof] {
				hand = append(hand, u)
			}
		}
	}
	switch {
	case ok && f.status != Open:
	case len(hand) > 0:
		f = fact{status: Mapped, by: hand[0].dir}
	case class != nil:
		f, inherit = fact{status: Without, by: class.Class}, true
	case !emitted && a.missing[r.Name] != "":
		f, inherit = fact{status: Without, by: "not in the package", note: a.missing[r.Name]}, true
	default:
		f = fact{status: Open}
	}
	a.add(d, f)
	if !r.Complete {
		return
	}
	parent := f
	parent.note = ""
	for _, m := range members(r, index, "", nil) {
		d := &Declaration{System: a.system, Kind: Member, Name: name + "." + m.path, Header: m.file, record: r.Name}
		mf, ok := a.facts.member(a.system, a.arch, r.Name, m.path)
		own := d.class(a.scope.Without)
		dir := ""
		for _, u := range hand {
			if field, ok := goRecord.Field(m.path); ok && (u.fields[field.Go] || u.fields[field.Setter]) {
				dir = u.dir
			}
		}
		switch {
		case ok:
		case inherit && parent.status == Mapped:
			mf = parent
		case dir != "":
			mf = fact{status: Mapped, by: dir}
		case own != nil:
			mf = fact{status: Without, by: own.Class}
		case inherit:
			mf = parent
		case class != nil && parent.status == Mapped:
			mf = fact{status: Without, by: class.Class}
		default:
			mf = fact{status: Open}
		}
		a.add(d, mf)
	}
}

// bare returns a record's name as the rules and the report have it.
func bare(name string) string { return strings.TrimPrefix(name, "struct ") }

type member struct{ path, file string }

// members lists the named members of a record; those of a member whose type
// has no name of its own follow it as "outer.inner", and those of an anonymous
// one stand in its place.
func members(r *ctype.Record, index *ctype.Index, prefix string, list []member) []member {
	for _, m := range r.Members {
		if m.Name != "" {
			list = append(list, member{prefix + m.Name, m.Pos.File})
		}
		t := m.Type
		for t != nil && t.Kind == ctype.Array {
			t = t.Elem
		}
		if t == nil || t.Kind != ctype.RecordRef {
			continue
		}
		inner := index.Record(t.Name)
		if inner == nil || m.Name != "" && !strings.HasPrefix(t.Name, r.Name+".") {
			continue // it has a name and is accounted for by itself
		}
		next := prefix
		if m.Name != "" {
			next += m.Name + "."
		}
		list = members(inner, index, next, list)
	}
	return list
}
