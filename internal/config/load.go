package config

import (
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/nearest"
	"github.com/abigen/abigen/internal/strictyaml"
)

// Load reads and checks the configuration in the file name. Every fault is
// reported, with its place, in the joined error.
func Load(name string) (*Config, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file; `abigen init` writes one to start from", name)
	}
	if err != nil {
		return nil, err
	}
	c, err := Parse(filepath.Base(name), data)
	if err != nil {
		return nil, err
	}
	return c, c.fillImports(filepath.Dir(name))
}

// Parse reads and checks a configuration. The name is used in positions.
func Parse(name string, data []byte) (*Config, error) {
	c := new(Config)
	if err := strictyaml.Decode(name, data, c); err != nil {
		return nil, err
	}
	if c.Pos.Line == 0 {
		return nil, &Error{ctype.Pos{File: name}, "the configuration is empty"}
	}
	var k checker
	k.config(c)
	return c, errors.Join(k.errs...)
}

type checker struct{ errs []error }

func (k *checker) fail(pos ctype.Pos, format string, args ...any) {
	k.errs = append(k.errs, &Error{pos, fmt.Sprintf(format, args...)})
}

// need reports a key without a value.
func (k *checker) need(pos ctype.Pos, what, key, value string) {
	if value == "" {
		k.fail(pos, "%s has no %q", what, key)
	}
}

func (k *checker) config(c *Config) {
	if c.Version != 1 {
		k.fail(c.Pos, "version is %d; this abigen reads version 1", c.Version)
	}
	k.coverage(&c.Coverage)
	if len(c.Systems) == 0 {
		k.fail(c.Pos, "no systems: nothing to do")
	}
	var names []string
	for _, s := range c.Systems {
		k.system(s)
		for _, n := range names {
			if n == s.Name.Value {
				k.fail(s.Name.Pos, "a second system %q", n)
			}
		}
		names = append(names, s.Name.Value)
	}
	for _, v := range c.Converters {
		k.need(v.Pos, "converter", "package", v.Package)
		k.packageName(v.Pos, v.Package)
		k.relative(v.Pos, v.Package)
		for _, end := range []Text{v.From, v.To} {
			if _, ok := c.System(end.Value); !ok {
				pos := end.Pos
				if pos.Line == 0 {
					pos = v.Pos
				}
				k.fail(pos, "no system %q%s", end.Value, nearest.Suggest(end.Value, names))
			}
		}
	}
	if len(c.Converters) > 0 {
		k.need(c.Converters[0].Pos, "configuration with converters", "rules", c.Rules.Value)
	}
}

func (k *checker) coverage(c *Coverage) {
	if c.Pos.Line == 0 {
		return
	}
	k.need(c.Pos, "coverage report", "file", c.File)
	k.relative(c.Pos, c.File)
	k.relative(c.Pos, c.Data)
	// A name by a slip, go.mod or a header, would be written over.
	if c.File != "" && path.Ext(c.File) != ".md" {
		k.fail(c.Pos, "coverage report %q: want a file name that ends in .md", c.File)
	}
	if c.Data != "" && path.Ext(c.Data) != ".csv" {
		k.fail(c.Pos, "data of the coverage report %q: want a file name that ends in .csv", c.Data)
	}
	if c.Data != "" && c.Data == c.File {
		k.fail(c.Pos, "the coverage report and its data are one file, %s", c.File)
	}
	for _, dir := range c.HandWritten {
		k.relative(dir.Pos, dir.Value)
	}
}

func (k *checker) system(s *System) {
	k.need(s.Pos, "system", "name", s.Name.Value)
	setDefault(&s.OS, s.Name.Value)
	setDefault(&s.Package, s.Name.Value)
	setDefault(&s.Title, s.Name.Value)
	setDefault(&s.Sysroot.Value, "zig")
	k.relative(s.Pos, s.Package)
	k.packageName(s.Pos, s.Package)
	switch dir, isDir := SplitDirSysroot(s.Sysroot.Value); {
	case isDir && dir == "":
		k.fail(s.Sysroot.Pos, `sysroot "dir:" names no directory`)
	case !isDir && s.Sysroot.Value != "zig" && s.Sysroot.Value != "host":
		k.fail(s.Sysroot.Pos, "sysroot %q: want zig, host or dir:PATH", s.Sysroot.Value)
	}
	if len(s.Targets) == 0 {
		k.fail(s.Pos, "system %q has no targets", s.Name.Value)
	}
	seen := map[string]bool{}
	for _, a := range append(s.Targets[:len(s.Targets):len(s.Targets)], s.Describe...) {
		if seen[a.Value] {
			k.fail(a.Pos, "target %q is named twice", a.Value)
		}
		seen[a.Value] = true
		if _, err := (ctype.Target{OS: s.OS, Arch: a.Value}).Model(); err != nil {
			k.fail(a.Pos, "%v", err)
		}
	}
	if len(s.Groups) == 0 {
		k.fail(s.Pos, "system %q has no groups of headers", s.Name.Value)
	}
	for _, o := range s.Only {
		if _, err := path.Match(o.Value, ""); err != nil || o.Value == "" {
			k.fail(o.Pos, "%q is no pattern of headers", o.Value)
		}
	}
	if c := s.Syscalls; c != nil {
		k.need(c.Pos, "package of system calls", "package", c.Package)
		k.need(c.Pos, "package of system calls", "numbers", c.Numbers.Value)
		k.need(c.Pos, "package of system calls", "prototypes", c.Prototypes.Value)
		k.need(c.Pos, "package of system calls", "arguments", c.Arguments.Value)
		k.relative(c.Pos, c.Package)
	}
	for _, u := range s.Unused {
		k.need(u.Pos, "unused header", "header", u.Header)
		k.need(u.Pos, "unused header", "reason", u.Reason)
	}
	for _, d := range s.CompilerDependent {
		if len(d.Names) == 0 {
			k.fail(d.Pos, `compiler_dependent entry has no "names"`)
		}
		k.need(d.Pos, "compiler_dependent entry", "reason", d.Reason)
	}
	groups := map[string]bool{}
	for _, g := range s.Groups {
		k.need(g.Pos, "group", "name", g.Name.Value)
		if groups[g.Name.Value] {
			k.fail(g.Name.Pos, "a second group %q", g.Name.Value)
		}
		groups[g.Name.Value] = true
		if len(g.Headers) == 0 {
			k.fail(g.Pos, "group %q has no headers", g.Name.Value)
		}
	}
}

// packageName reports a directory whose last element cannot be the name of a
// package that others import.
func (k *checker) packageName(pos ctype.Pos, dir string) {
	if name := path.Base(dir); dir != "" && (!token.IsIdentifier(name) || name == "main" || name == "_") {
		k.fail(pos, "package %q: %q cannot be the name of a Go package that is imported", dir, name)
	}
}

// relative reports a package directory outside the configuration's.
func (k *checker) relative(pos ctype.Pos, dir string) {
	if dir != "" && !filepath.IsLocal(filepath.FromSlash(dir)) {
		k.fail(pos, "%q is not below the configuration's directory", dir)
	}
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// fillImports works out the import paths that are not given from the go.mod
// around dir.
func (c *Config) fillImports(dir string) error {
	var wanted []*string
	packages := map[*string]string{}
	for _, s := range c.Systems {
		wanted = append(wanted, &s.Import)
		packages[&s.Import] = s.Package
		if c := s.Syscalls; c != nil {
			wanted = append(wanted, &c.Import)
			packages[&c.Import] = c.Package
		}
	}
	for _, v := range c.Converters {
		wanted = append(wanted, &v.Import)
		packages[&v.Import] = v.Package
	}
	var module string
	for _, w := range wanted {
		if *w != "" {
			continue
		}
		if module == "" {
			var err error
			if module, err = moduleOf(dir); err != nil {
				return &Error{c.Pos, err.Error()}
			}
		}
		*w = path.Join(module, packages[w])
	}
	return nil
}

// moduleOf returns the import path of the directory by the go.mod in it or
// above it.
func moduleOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for sub := ""; ; {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			module := modfile.ModulePath(data)
			if module == "" {
				return "", fmt.Errorf("go.mod above the configuration names no module")
			}
			return path.Join(module, sub), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New(`no go.mod above the configuration, and no "import" in it`)
		}
		sub = path.Join(strings.ReplaceAll(filepath.Base(dir), `\`, "/"), sub)
		dir = parent
	}
}
