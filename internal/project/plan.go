package project

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/output"
	"github.com/abigen/abigen/internal/strictyaml"
)

// Plan parses the headers of every system for every target and decides what
// to make of them.
func (p *Project) Plan(ctx context.Context) (*gen.Plan, error) {
	rules, err := p.rules()
	if err != nil {
		return nil, err
	}
	systems, err := inParallel(p.Config.Systems, -1, func(s *config.System) (gen.System, error) { return p.system(ctx, s) })
	if err != nil {
		return nil, err
	}
	var converters []gen.Converter
	for _, c := range p.Config.Converters {
		doc, err := p.doc(c)
		if err != nil {
			return nil, err
		}
		converters = append(converters, gen.Converter{Dir: c.Package, Import: c.Import, From: c.From.Value, To: c.To.Value, Doc: doc})
	}
	return gen.NewPlan(systems, converters, rules)
}

// Files makes everything the plan describes, and the coverage report when the
// configuration names a file for it. More open declarations than the scope
// allows are an error.
func (p *Project) Files(plan *gen.Plan) (output.Files, error) {
	files, err := plan.Files()
	if err != nil {
		return nil, err
	}
	c := p.Config.Coverage
	if c.File == "" {
		return files, nil
	}
	report, err := p.Coverage(plan)
	if err != nil {
		return nil, err
	}
	if err := p.CheckCoverage(report); err != nil {
		return nil, err
	}
	data := ""
	if c.Data != "" {
		files[c.Data] = report.CSV()
		if data, err = filepath.Rel(path.Dir(c.File), c.Data); err != nil {
			return nil, err
		}
	}
	files[c.File] = report.Markdown(filepath.ToSlash(data))
	return files, nil
}

// Namespace decides what one system's Go package holds. It is the plan that
// [Project.Plan] makes: the names in it depend on all targets of the system.
func (p *Project) Namespace(ctx context.Context, s *config.System) (*namespace.Plan, error) {
	sys, err := p.system(ctx, s)
	if err != nil {
		return nil, err
	}
	return namespace.NewPlan(sys.Native, sys.Extra, sys.Options)
}

func (p *Project) system(ctx context.Context, s *config.System) (gen.System, error) {
	native, described := s.TargetList()
	units, err := p.Units(ctx, s, append(native[:len(native):len(native)], described...))
	if err != nil {
		return gen.System{}, err
	}
	opt, err := p.options(s)
	if err != nil {
		return gen.System{}, err
	}
	var unused []gen.Unused
	for _, u := range s.Unused {
		unused = append(unused, gen.Unused{Header: u.Header, Reason: u.Reason})
	}
	calls, err := p.syscalls(ctx, s)
	return gen.System{
		Name: s.Name.Value, Dir: s.Package, Unused: unused,
		Native: units[:len(native)], Extra: units[len(native):], Options: opt, Syscalls: calls,
	}, err
}

// options are what the configuration says about a system's Go package.
func (p *Project) options(s *config.System) (namespace.Options, error) {
	messages, err := p.Messages(s)
	if err != nil {
		return namespace.Options{}, err
	}
	return namespace.Options{
		Package: path.Base(s.Package), Import: s.Import, System: s.Title,
		NetworkOrder: config.Values(s.NetworkOrder), Exclude: s.Exclude,
		Rename: config.ByName(s.Rename), Notes: config.ByName(s.Notes),
		Bytes: config.Values(s.Bytes), Portable: config.Values(s.Portable), Place: s.Place,
		Errno:  namespace.Numbers{Wording: messages.Errno},
		Signal: namespace.Numbers{Wording: messages.Signal},
	}, nil
}

// doc reads what the configuration adds to the comment of a package of
// converters.
func (p *Project) doc(c *config.Converter) (string, error) {
	if c.Doc.Value == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.path(c.Doc.Value))
	if err != nil {
		return "", &config.Error{Pos: c.Doc.Pos, Msg: err.Error()}
	}
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")), nil
}

// rules reads the file of conversion rules, nil when there is none.
func (p *Project) rules() (*convert.Rules, error) {
	name, data, err := p.ReadRules()
	if name == "" || err != nil {
		return nil, err
	}
	rules := new(convert.Rules)
	return rules, strictyaml.Decode(name, data, rules)
}
