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
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

// A System is one system to make a Go package of.
type System struct {
	Name    string        // as the rules call it
	Dir     string        // of the package, slash-separated
	Native  []*ctype.Unit // one for each architecture of the package
	Extra   []*ctype.Unit // targets that only the portable forms are for
	Options namespace.Options
	Unused  []Unused // headers that could not be used, for the coverage report
}

// generatedBy is the first line of every generated file, as far as it can be.
const generatedBy = emit.HeaderComment

// A Converter is one package of converters to make, in one direction.
type Converter struct {
	Dir      string // of the package, slash-separated
	Import   string // its import path; the last element is its name
	From, To string // names of systems
}

// A Plan is all that was decided.
type Plan struct {
	Systems    []System
	Namespaces []*namespace.Plan // in the order of Systems
	Converters []Converter
	Converts   []*convert.Plan // in the order of Converters
}

// NewPlan decides what each package will hold. The rules may be nil when there
// are no converters. The errors of all packages are returned, joined.
func NewPlan(systems []System, converters []Converter, rules *convert.Rules) (*Plan, error) {
	p := &Plan{
		Systems: systems, Namespaces: make([]*namespace.Plan, len(systems)),
		Converters: converters, Converts: make([]*convert.Plan, len(converters)),
	}
	err := each(len(systems), func(i int) (err error) {
		s := &systems[i]
		if p.Namespaces[i], err = namespace.NewPlan(s.Native, s.Extra, s.Options); err != nil {
			err = fmt.Errorf("package %s:\n%w", s.Dir, err)
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
			err = fmt.Errorf("package %s:\n%w", c.Dir, err)
		}
		return err
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

// Files writes every package: slash-separated paths to formatted source.
func (p *Plan) Files() (map[string][]byte, error) {
	n := len(p.Systems)
	parts := make([]map[string][]byte, n+len(p.Converters))
	err := each(len(parts), func(i int) (err error) {
		dir := ""
		if i < n {
			dir = p.Systems[i].Dir
			parts[i], err = p.Namespaces[i].Files()
		} else {
			dir = p.Converters[i-n].Dir
			parts[i], err = p.Converts[i-n].Files(p.Converters[i-n].Import)
		}
		if err != nil {
			err = fmt.Errorf("package %s: %w", dir, err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for i, part := range parts {
		dir := ""
		if i < n {
			dir = p.Systems[i].Dir
		} else {
			dir = p.Converters[i-n].Dir
		}
		for name, text := range part {
			full := path.Join(dir, name)
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
	for i, s := range p.Systems {
		fmt.Fprintf(&b, "== package %s\n%s\n", s.Dir, p.Namespaces[i])
	}
	for i, c := range p.Converters {
		fmt.Fprintf(&b, "== package %s\n%s\n", c.Dir, p.Converts[i])
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
