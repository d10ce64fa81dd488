// Package project is a configuration at work: its sysroots opened, its headers
// parsed for every target, and all of that known well enough to tell later
// whether anything has changed.
package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/lock"
	"github.com/abigen/abigen/internal/nearest"
	"github.com/abigen/abigen/internal/strictyaml"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// A Project is one abigen.yaml and the directory it stands in.
type Project struct {
	Dir    string // where the configuration is; every path in it starts here
	Config *config.Config
	Cache  string

	mu       sync.Mutex
	sysroots map[string]sysroot.Sysroot
	reads    map[view]*lock.Recorder // what was read from the sysroots
	own      map[string]bool         // headers of the user's own that were read, as the configuration names them
	parsed   map[parsedKey]func() ([]*ctype.Unit, error)
}

// A view is the headers of a system as some of its targets see them.
type view struct {
	system string
	fsys   fs.FS
}

// A parsedKey names what is parsed once.
type parsedKey struct {
	system string
	target ctype.Target
}

// Open reads the configuration in file. The cache directory is that of the
// environment variable ABIGEN_CACHE, else the configuration's, else the
// user's.
func Open(file string) (*Project, error) {
	c, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	p := &Project{
		Dir: filepath.Dir(file), Config: c,
		sysroots: map[string]sysroot.Sysroot{}, reads: map[view]*lock.Recorder{}, own: map[string]bool{},
		parsed: map[parsedKey]func() ([]*ctype.Unit, error){},
	}
	if os.Getenv("ABIGEN_CACHE") == "" && c.Cache != "" {
		p.Cache = p.path(c.Cache)
		return p, nil
	}
	p.Cache, err = sysroot.DefaultCache()
	return p, err
}

// path returns where a path of the configuration leads.
func (p *Project) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, filepath.FromSlash(name))
}

// Sysroot opens the sysroot of a system, once.
func (p *Project) Sysroot(ctx context.Context, s *config.System) (sysroot.Sysroot, error) {
	spec := s.Sysroot.Value
	if dir, ok := config.SplitDirSysroot(spec); ok {
		spec = "dir:" + p.path(dir)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.sysroots[spec]; ok {
		return r, nil
	}
	r, err := sysroot.Open(ctx, spec, sysroot.Options{Cache: p.Cache})
	if err != nil {
		return nil, fmt.Errorf("system %s: %w", s.Name, err)
	}
	p.sysroots[spec] = r
	return r, nil
}

// includes returns what a preprocessor needs for a target, and records what
// is read of it.
func (p *Project) includes(ctx context.Context, s *config.System, t ctype.Target) (*sysroot.Includes, error) {
	r, err := p.Sysroot(ctx, s)
	if err != nil {
		return nil, err
	}
	inc, err := r.Includes(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("system %s: %w", s.Name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := view{s.Name.Value, inc.FS}
	rec, ok := p.reads[key]
	if !ok {
		rec = lock.Record(inc.FS)
		p.reads[key] = rec
	}
	recorded := *inc
	recorded.FS = rec
	return &recorded, nil
}

// readNames returns the files that were read from a system's sysroot, sorted,
// and whether the system was parsed at all.
func (p *Project) readNames(s *config.System) (names []string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for v, rec := range p.reads {
		if v.system == s.Name.Value {
			ok = true
			names = append(names, rec.Names()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), ok
}

// Units parses the system's headers for the targets: one Unit for each, with
// all groups merged, in the order of the targets. What has been parsed once is
// not parsed again.
func (p *Project) Units(ctx context.Context, s *config.System, targets []ctype.Target) ([]*ctype.Unit, error) {
	return inParallel(targets, runtime.GOMAXPROCS(0), func(t ctype.Target) (*ctype.Unit, error) {
		groups, err := p.GroupUnits(ctx, s, t)
		if err != nil {
			return nil, err
		}
		return ctype.Merge(groups...), nil
	})
}

// inParallel makes a value of each item, at most limit at a time, no limit
// when it is negative. Of several errors the one of the first item is
// reported, so that the same mistake always reads the same.
func inParallel[T, V any](items []T, limit int, do func(T) (V, error)) ([]V, error) {
	values, errs := make([]V, len(items)), make([]error, len(items))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, item := range items {
		g.Go(func() error {
			values[i], errs[i] = do(item)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// GroupUnits parses the system's headers for one target: one Unit for each
// group. Errors of all groups are reported together.
func (p *Project) GroupUnits(ctx context.Context, s *config.System, t ctype.Target) ([]*ctype.Unit, error) {
	p.mu.Lock()
	key := parsedKey{s.Name.Value, t}
	once, ok := p.parsed[key]
	if !ok {
		once = sync.OnceValues(func() ([]*ctype.Unit, error) { return p.parse(ctx, s, t) })
		p.parsed[key] = once
	}
	p.mu.Unlock()
	return once()
}

func (p *Project) parse(ctx context.Context, s *config.System, t ctype.Target) ([]*ctype.Unit, error) {
	inc, err := p.includes(ctx, s, t)
	if err != nil {
		return nil, err
	}
	reader := parse.NewReader(inc) // groups share most of their headers
	units := make([]*ctype.Unit, len(s.Groups))
	var errs []error
	for i, g := range s.Groups {
		group, err := p.ParseGroup(g)
		if err != nil {
			return nil, err
		}
		if units[i], err = reader.Headers(ctx, group, p.parseOptions(s)); err != nil {
			errs = append(errs, fmt.Errorf("%s, group %s:\n%w", t, g.Name, err))
			continue
		}
		p.readOwn(g, units[i])
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return only(s, units)
}

// only leaves of the units what the headers declare that the configuration
// picks, and what that needs.
func only(s *config.System, units []*ctype.Unit) ([]*ctype.Unit, error) {
	if len(s.Only) == 0 {
		return units, nil
	}
	used := make(map[string]bool)
	keep := func(file string) bool {
		kept := false
		for _, pattern := range s.Only {
			name := pattern.Value
			if isPath(name) {
				name = path.Base(name) // a unit names the files around a header of the user's own from there
			}
			if ok, _ := path.Match(name, file); ok {
				used[pattern.Value], kept = true, true
			}
		}
		return kept
	}
	out := make([]*ctype.Unit, len(units))
	var files []string
	for i, u := range units {
		out[i] = u.Only(keep)
		for _, f := range u.Files {
			keep(f)
		}
		files = append(append(files, u.Headers...), u.Files...)
	}
	for _, pattern := range s.Only {
		if !used[pattern.Value] {
			return nil, &config.Error{Pos: pattern.Pos, Msg: fmt.Sprintf("no header that was read matches %q%s",
				pattern.Value, nearest.Suggest(pattern.Value, files))}
		}
	}
	return out, nil
}

// parseOptions trusts the headers of the pinned package, and no others.
func (p *Project) parseOptions(s *config.System) parse.Options {
	return parse.Options{Hostile: s.Sysroot.Value != "zig"}
}

// ParseGroup returns a group of the configuration as package parse takes it:
// a header that is a path is found from the configuration, wherever abigen was
// started.
func (p *Project) ParseGroup(g *config.Group) (parse.Group, error) {
	out := parse.Group{Name: g.Name.Value}
	for _, name := range slices.Sorted(maps.Keys(g.Define)) {
		out.Define = append(out.Define, parse.Define{Name: name, Value: g.Define[name]})
	}
	for _, h := range g.Headers {
		name := h.Value
		if isPath(name) {
			var err error
			if name, err = filepath.Abs(p.path(name)); err != nil {
				return out, &config.Error{Pos: h.Pos, Msg: err.Error()}
			}
		}
		out.Headers = append(out.Headers, name)
	}
	return out, nil
}

// isPath tells whether a header of the configuration is a file, and not a name
// to include.
func isPath(header string) bool {
	return filepath.IsAbs(header) || strings.HasPrefix(header, "./") || strings.HasPrefix(header, "../")
}

// readOwn notes which files outside the sysroot the unit was made from, and
// gives the unit's headers the names that they have in the configuration.
func (p *Project) readOwn(g *config.Group, u *ctype.Unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range g.Headers {
		u.Headers[i] = h.Value
		if !isPath(h.Value) {
			continue
		}
		// The unit names a file beside the header, or below its directory,
		// from there. A header of the sysroot may have such a name too;
		// then a file is looked at that does not matter.
		for _, name := range u.Files {
			own := path.Join(path.Dir(h.Value), name)
			if info, err := os.Stat(p.path(own)); err == nil && info.Mode().IsRegular() {
				p.own[own] = true
			}
		}
	}
}

// Messages are a system's texts, by the name of the constant.
type Messages struct {
	Errno  map[string]string `yaml:"errno"`
	Signal map[string]string `yaml:"signal"`
}

// Messages reads the system's file of texts; without one there are none.
func (p *Project) Messages(s *config.System) (*Messages, error) {
	m := new(Messages)
	if s.Messages.Value == "" {
		return m, nil
	}
	data, err := os.ReadFile(p.path(s.Messages.Value))
	if err != nil {
		return nil, &config.Error{Pos: s.Messages.Pos, Msg: err.Error()}
	}
	return m, strictyaml.Decode(s.Messages.Value, data, m)
}

// ReadRules returns the file of conversion rules, and its name for positions.
// There is none when the configuration has no converters.
func (p *Project) ReadRules() (name string, data []byte, err error) {
	rules := p.Config.Rules
	if rules.Value == "" {
		return "", nil, nil
	}
	data, err = os.ReadFile(p.path(rules.Value))
	if err != nil {
		return "", nil, &config.Error{Pos: rules.Pos, Msg: err.Error()}
	}
	return rules.Value, data, nil
}
