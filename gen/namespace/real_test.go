package namespace_test

import (
	"path"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/project"
)

// real returns what this project's own configuration says about a system. The
// test is skipped when the headers have not been fetched.
func real(tb testing.TB, system string) (native, extra []*ctype.Unit, opt namespace.Options) {
	tb.Helper()
	p, err := project.Open("../../abigen.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	s, ok := p.Config.System(system)
	if !ok {
		tb.Fatalf("no system %s", system)
	}
	if _, err := p.Sysroot(tb.Context(), s); err != nil {
		tb.Skip(err)
	}
	targets, described := s.TargetList()
	units, err := p.Units(tb.Context(), s, append(targets[:len(targets):len(targets)], described...))
	if err != nil {
		tb.Fatal(err)
	}
	return units[:len(targets)], units[len(targets):], options(tb, p, s)
}

func options(tb testing.TB, p *project.Project, s *config.System) namespace.Options {
	tb.Helper()
	messages, err := p.Messages(s)
	if err != nil {
		tb.Fatal(err)
	}
	return namespace.Options{
		Package: path.Base(s.Package), Import: s.Import, System: s.Title,
		NetworkOrder: config.Values(s.NetworkOrder), Rename: config.ByName(s.Rename), Exclude: s.Exclude, Portable: config.Values(s.Portable),
		Errno: namespace.Numbers{Wording: messages.Errno}, Signal: namespace.Numbers{Wording: messages.Signal},
	}
}

// TestReal makes the packages of the real headers, and compares the layouts
// that the Go compiler gives their types with those of C.
func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("type-checks some 150,000 lines")
	}
	for _, system := range []string{"netbsd", "linux"} {
		t.Run(system, func(t *testing.T) {
			native, extra, opt := real(t, system)
			p, err := namespace.NewPlan(native, extra, opt)
			if err != nil {
				t.Fatal(err)
			}
			files, err := p.Files()
			if err != nil {
				t.Fatal(err)
			}
			for _, arch := range p.Archs() {
				pkg, err := namespace.Check(opt.Import, arch, files)
				if err != nil {
					t.Errorf("%s: %v", arch, err)
					continue
				}
				namespace.CheckLayout(t, p, arch, pkg)
			}
		})
	}
}

// BenchmarkReal measures deciding and writing the packages of the real
// headers, for four architectures.
func BenchmarkReal(b *testing.B) {
	for _, system := range []string{"netbsd", "linux"} {
		native, extra, opt := real(b, system)
		b.Run(system+"/plan", func(b *testing.B) {
			for b.Loop() {
				if _, err := namespace.NewPlan(native, extra, opt); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(system+"/files", func(b *testing.B) {
			p, err := namespace.NewPlan(native, extra, opt)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := p.Files(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
