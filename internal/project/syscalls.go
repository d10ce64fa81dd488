package project

import (
	"context"
	"fmt"
	"path"
	"runtime"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/syscalls"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/parse"
)

// syscalls parses what the package of a system's system calls is made of; nil
// when the configuration asks for none.
func (p *Project) syscalls(ctx context.Context, s *config.System) (*gen.Syscalls, error) {
	c := s.Syscalls
	if c == nil {
		return nil, nil
	}
	native, _ := s.TargetList()
	units, err := inParallel(native, runtime.GOMAXPROCS(0), func(t ctype.Target) (*ctype.Unit, error) { return p.syscallUnit(ctx, s, t) })
	if err != nil {
		return nil, err
	}
	return &gen.Syscalls{Dir: c.Package, Units: units, Options: syscalls.Options{
		Package: path.Base(c.Package), Import: c.Import, System: s.Title,
		Numbers: c.Numbers.Value, Prototypes: c.Prototypes.Value, Status: config.Values(c.Status), Place: c.Place,
	}}, nil
}

// syscallUnit parses the headers of a system's system calls for one target.
// The Unit stays apart from that of the system: hundreds of structs that
// nobody but the kernel sees are not part of what the system declares.
func (p *Project) syscallUnit(ctx context.Context, s *config.System, t ctype.Target) (*ctype.Unit, error) {
	inc, err := p.includes(ctx, s, t)
	if err != nil {
		return nil, err
	}
	headers := s.Syscalls.Group()
	group, err := p.ParseGroup(headers)
	if err != nil {
		return nil, err
	}
	u, err := parse.Headers(ctx, inc, group, p.parseOptions(s))
	if err != nil {
		return nil, fmt.Errorf("%s, system calls:\n%w", t, err)
	}
	p.readOwn(headers, u)
	return u, nil
}
