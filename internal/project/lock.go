package project

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/lock"
	"github.com/abigen/abigen/internal/output"
)

// configFiles are the files the user wrote that a run depends on.
func (p *Project) configFiles(main string) ([]string, error) {
	names := []string{main}
	if p.Config.Rules.Value != "" {
		names = append(names, p.Config.Rules.Value)
	}
	for _, s := range p.Config.Systems {
		if s.Messages.Value != "" {
			names = append(names, s.Messages.Value)
		}
	}
	for _, c := range p.Config.Converters {
		if c.Doc.Value != "" {
			names = append(names, c.Doc.Value)
		}
	}
	if s := p.Config.Coverage.Scope; s.Value != "" {
		names = append(names, s.Value)
	}
	hand, err := p.handWritten()
	if err != nil {
		return nil, err
	}
	for _, h := range hand {
		for _, name := range slices.Sorted(maps.Keys(h.Files)) {
			names = append(names, path.Join(h.Dir, name))
		}
	}
	return names, nil
}

// inputs starts a lock with the configuration files, and own, the headers of
// the user's own.
func (p *Project) inputs(own []string) (*lock.Lock, error) {
	l := lock.New(lock.ToolVersion())
	names, err := p.configFiles(p.Config.Pos.File)
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, own...) {
		if l.Config[name] != "" {
			continue
		}
		data, err := os.ReadFile(p.path(name))
		if err != nil {
			return nil, err
		}
		l.Config[name] = lock.Hash(data)
	}
	return l, nil
}

// Lock returns the lock of a run that has parsed every system and made files.
func (p *Project) Lock(ctx context.Context, files output.Files) (*lock.Lock, error) {
	l, err := p.inputs(slices.Sorted(maps.Keys(p.own)))
	if err != nil {
		return nil, err
	}
	for _, s := range p.Config.Systems {
		names, ok := p.readNames(s)
		if !ok {
			return nil, errors.New("system " + s.Name.Value + " was not parsed")
		}
		h, err := p.headers(ctx, s, names)
		if err != nil {
			return nil, err
		}
		l.Headers[s.Name.Value] = h
	}
	for name, data := range files {
		l.Files[name] = lock.Hash(data)
	}
	return l, nil
}

// headers hashes the files named, as they are now.
func (p *Project) headers(ctx context.Context, s *config.System, names []string) (*lock.Headers, error) {
	r, err := p.Sysroot(ctx, s)
	if err != nil {
		return nil, err
	}
	native, described := s.TargetList()
	var views []fs.FS
	for _, t := range append(native, described...) {
		inc, err := r.Includes(ctx, t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(views, inc.FS) {
			views = append(views, inc.FS)
		}
	}
	sum, err := lock.HashHeaders(names, views...)
	if err != nil {
		return nil, err
	}
	return &lock.Headers{Sysroot: r.Name(), Hash: sum, Files: names}, nil
}

// UpToDate tells whether the lock in the project's directory describes its
// configuration, headers and generated files as they are, and was made by
// this generator. It reads and hashes files, and parses nothing.
func (p *Project) UpToDate(ctx context.Context) (bool, error) {
	have, err := lock.Read(p.Dir)
	if have == nil || err != nil {
		return false, err
	}
	if have.Tool == lock.Devel {
		stamp, err := lock.NewStamp(p.Cache, p.Dir, have)
		if err != nil || !stamp.Valid() {
			return false, err
		}
	}
	want, err := p.inputs(slices.Collect(maps.Keys(have.Config)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // the run will say what that means
	}
	if err != nil {
		return false, err
	}
	for _, s := range p.Config.Systems {
		old := have.Headers[s.Name.Value]
		if old == nil {
			return false, nil
		}
		h, err := p.headers(ctx, s, old.Files)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // a header is gone; the run will say what that means
		}
		if err != nil {
			return false, err
		}
		want.Headers[s.Name.Value] = h
	}
	root := os.DirFS(p.Dir)
	for name := range have.Files {
		sum, err := lock.HashFile(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		want.Files[name] = sum
	}
	if !have.Equal(want) {
		return false, nil
	}
	strays, err := output.Strays(p.Dir, p.OutputDirs(), func(name string) bool { return have.Files[name] != "" })
	return len(strays) == 0, err
}

// Stamp leaves the mark by which a later run of this executable trusts the
// lock, where its version alone does not tell which generator made it.
func (p *Project) Stamp(l *lock.Lock) error {
	if l.Tool != lock.Devel {
		return nil
	}
	stamp, err := lock.NewStamp(p.Cache, p.Dir, l)
	if err != nil {
		return err
	}
	return stamp.Write()
}

// OutputDirs are the directories that generated files go to.
func (p *Project) OutputDirs() []string {
	var dirs []string
	for _, s := range p.Config.Systems {
		dirs = append(dirs, s.Package)
		if len(s.Portable) > 0 {
			dirs = append(dirs, s.Package+"/portable")
		}
		if s.Syscalls != nil {
			dirs = append(dirs, s.Syscalls.Package)
		}
	}
	for _, c := range p.Config.Converters {
		dirs = append(dirs, c.Package)
	}
	return dirs
}
