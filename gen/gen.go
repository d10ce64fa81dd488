// Package gen makes Go packages of C declarations: one package for each
// system (gen/namespace), and packages of converters between two of them
// (gen/convert).
//
// [NewPlan] decides everything and writes nothing; a plan can be printed.
// [Plan.Files] turns it into Go source. Neither touches the disk.
package gen

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/gen/syscalls"
)

// A System is one system to make a Go package of.
type System struct {
	Name    string        // as the rules call it
	Dir     string        // of the package, slash-separated
	Native  []*ctype.Unit // one for each architecture of the package
	Extra   []*ctype.Unit // targets that only the portable forms are for
	Options namespace.Options
	Unused  []Unused // headers that could not be used, for the coverage report

	Syscalls *Syscalls // the package of its system calls; nil for none
}

// An Unused is a header that could not be used, and why.
type Unused struct {
	Header string
	Reason string
}

// Syscalls is a package of system calls to make.
type Syscalls struct {
	Dir     string        // slash-separated
	Units   []*ctype.Unit // one for each architecture
	Options syscalls.Options
}

// A Converter is one package of converters to make, in one direction.
type Converter struct {
	Dir      string // of the package, slash-separated
	Import   string // its import path; the last element is its name
	From, To string // names of systems
	Doc      string // the rest of the package comment, as Go spells it
}

// A Plan is all that was decided.
type Plan struct {
	Systems    []System
	Namespaces []*namespace.Plan // in the order of Systems
	Calls      []*syscalls.Plan  // in the order of Systems; nil where there is no package
	Converters []Converter
	Converts   []*convert.Plan // in the order of Converters
}

// NewPlan decides what each package will hold. The rules may be nil when there
// are no converters. The errors of all packages are returned, joined.
func NewPlan(systems []System, converters []Converter, rules *convert.Rules) (*Plan, error) {
	p := &Plan{
		Systems: systems, Namespaces: make([]*namespace.Plan, len(systems)), Calls: make([]*syscalls.Plan, len(systems)),
		Converters: converters, Converts: make([]*convert.Plan, len(converters)),
	}
	err := each(len(systems), func(i int) (err error) {
		s := &systems[i]
		if p.Namespaces[i], err = namespace.NewPlan(s.Native, s.Extra, s.Options); err != nil {
			return fmt.Errorf("package %s:\n%w", s.Dir, err)
		}
		if c := s.Syscalls; c != nil {
			if p.Calls[i], err = syscalls.NewPlan(c.Units, p.Namespaces[i], c.Options); err != nil {
				err = fmt.Errorf("package %s:\n%w", c.Dir, err)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	models := map[string]convert.SystemModel{}
	for i, s := range systems {
		models[s.Name] = convert.SystemModel{
			Name: s.Name, Title: s.Options.System, Import: s.Options.Import,
			Units: s.Native, GoNames: p.Namespaces[i],
		}
	}
	return p, each(len(converters), func(i int) (err error) {
		c := converters[i]
		if rules == nil {
			return fmt.Errorf("package %s: converters need rules", c.Dir)
		}
		if p.Converts[i], err = convert.NewPlan(models[c.From], models[c.To], *rules); err != nil {
			return fmt.Errorf("package %s:\n%w", c.Dir, err)
		}
		p.Converts[i].Doc = c.Doc
		return nil
	})
}

// Namespace returns the plan of the package of that system, or nil.
func (p *Plan) Namespace(system string) *namespace.Plan {
	for i, s := range p.Systems {
		if s.Name == system {
			return p.Namespaces[i]
		}
	}
	return nil
}

// A part is one package of a plan.
type part struct {
	dir   string
	plan  fmt.Stringer
	write func() (map[string][]byte, error)
}

// parts returns the packages in the order in which they are printed.
func (p *Plan) parts() []part {
	var list []part
	for i, s := range p.Systems {
		list = append(list, part{s.Dir, p.Namespaces[i], p.Namespaces[i].Files})
		if c := p.Calls[i]; c != nil {
			list = append(list, part{s.Syscalls.Dir, c, c.Files})
		}
	}
	for i, c := range p.Converters {
		plan := p.Converts[i]
		list = append(list, part{c.Dir, plan, func() (map[string][]byte, error) { return plan.Files(c.Import) }})
	}
	return list
}

// Files writes every package: slash-separated paths to formatted source.
func (p *Plan) Files() (map[string][]byte, error) {
	parts := p.parts()
	texts := make([]map[string][]byte, len(parts))
	err := each(len(parts), func(i int) (err error) {
		if texts[i], err = parts[i].write(); err != nil {
			err = fmt.Errorf("package %s: %w", parts[i].dir, err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for i, part := range parts {
		for name, text := range texts[i] {
			full := path.Join(part.dir, name)
			if files[full] != nil {
				return nil, fmt.Errorf("two packages write %s", full)
			}
			files[full] = text
		}
	}
	return files, nil
}

// String returns the plans as text.
func (p *Plan) String() string {
	var b strings.Builder
	for _, part := range p.parts() {
		fmt.Fprintf(&b, "== package %s\n%s\n", part.dir, part.plan)
	}
	return b.String()
}

// each calls f for 0 to n-1, a few at a time, and joins the errors in order.
func each(n int, f func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = f(i)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
