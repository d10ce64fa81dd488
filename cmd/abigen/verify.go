package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/project"
	"github.com/abigen/abigen/internal/verify"
	"github.com/abigen/abigen/parse/sysroot"
)

type verifyFlags struct {
	targets   []string
	compilers []string
}

func (a *app) verifyCommand() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the generated packages against C compilers",
		Long: `verify parses the headers again and puts every size, alignment, offset, bit-field
and constant to a real C compiler that reads the same headers: zig cc for every
target it has, and the compilers of this machine for its own. It then compares
the Go packages on disk, as a Go compiler for each architecture sees them, with
the same numbers. Every difference is printed; if there is one, the exit code
is 1. Nothing is run but compilers: answers are read from object files.`,
		Example: `  abigen verify
  abigen verify --target netbsd/arm --target linux/arm
  abigen verify --target linux/amd64 --compiler gcc-14`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context(), flags) },
	}
	cmd.Flags().StringArrayVarP(&flags.targets, "target", "t", nil, "check only this `OS/ARCH`; repeatable")
	cmd.Flags().StringArrayVar(&flags.compilers, "compiler", []string{"gcc", "clang"}, "compilers of this machine to ask about its own target, where they are installed")
	return cmd
}

// A verifier collects what the checks of all targets find.
type verifier struct {
	*app
	p      *project.Project
	wanted map[string]bool // by target; nil for all

	mu     sync.Mutex
	claims int
	found  []verify.Difference
}

func (a *app) verify(ctx context.Context, flags verifyFlags) error {
	p, err := project.Open(a.config)
	if err != nil {
		return err
	}
	v := &verifier{app: a, p: p}
	if err := v.want(flags.targets); err != nil {
		return err
	}
	err = v.systems(ctx, flags.compilers)
	// What was found is told even if a compiler or a package then failed.
	slices.SortStableFunc(v.found, func(x, y verify.Difference) int { return strings.Compare(x.Target.String(), y.Target.String()) })
	for _, d := range v.found {
		fmt.Fprintln(a.stdout, d)
	}
	a.notef("%d claims compared, %d differences", v.claims, len(v.found))
	if err != nil {
		return err
	}
	if len(v.found) > 0 {
		return errDifferences
	}
	return nil
}

// systems compares every system of the configuration. After an error it goes
// on with the next one. The units of a system are shared by both steps; they
// are parsed once.
func (v *verifier) systems(ctx context.Context, compilers []string) error {
	var errs []error
	for _, s := range v.p.Config.Systems {
		native, described := s.TargetList()
		targets := slices.DeleteFunc(append(slices.Clone(native), described...), v.skip)
		if len(targets) == 0 {
			continue
		}
		errs = append(errs, v.headers(ctx, s, targets, compilers))
		if native = slices.DeleteFunc(native, v.skip); len(native) > 0 {
			errs = append(errs, v.packages(ctx, s, native))
		}
	}
	return errors.Join(errs...)
}

// want notes which targets the user asked for, and refuses those that the
// configuration does not have.
func (v *verifier) want(targets []string) error {
	if len(targets) == 0 {
		return nil
	}
	v.wanted = map[string]bool{}
	var have []string
	for _, s := range v.p.Config.Systems {
		native, described := s.TargetList()
		for _, t := range append(native, described...) {
			have = append(have, t.String())
		}
	}
	for _, t := range targets {
		if !slices.Contains(have, t) {
			return fmt.Errorf("target %s is not in %s, which has %s", t, v.config, strings.Join(have, ", "))
		}
		v.wanted[t] = true
	}
	return nil
}

func (v *verifier) skip(t ctype.Target) bool { return v.wanted != nil && !v.wanted[t.String()] }

// add takes over a result, and tells that it is there.
func (v *verifier) add(target ctype.Target, judge string, r verify.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.claims += r.Claims
	v.found = append(v.found, r.Differences...)
	v.notef("%-16s %-18s %6d claims, %d differences", target, judge, r.Claims, len(r.Differences))
}

// headers compares descriptions with compilers.
func (v *verifier) headers(ctx context.Context, s *config.System, targets []ctype.Target, compilers []string) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, t := range targets {
		judges, err := v.judges(ctx, s, t, compilers)
		if err != nil {
			return err
		}
		if len(judges) == 0 {
			continue
		}
		g.Go(func() error {
			groups, err := v.p.GroupUnits(ctx, s, t)
			if err != nil {
				return err
			}
			for _, judge := range judges {
				judge.Except = s.DiffersOn(judge.Name)
				var sum verify.Result
				for i, group := range s.Groups {
					asked, err := v.p.ParseGroup(group)
					if err != nil {
						return err
					}
					r, err := verify.Headers(ctx, judge, asked, groups[i])
					if err != nil {
						return err
					}
					sum.Claims += r.Claims
					sum.Differences = append(sum.Differences, r.Differences...)
				}
				v.add(t, judge.Name, sum)
			}
			return nil
		})
	}
	return g.Wait()
}

// judges returns the compilers that can be asked about a target.
func (v *verifier) judges(ctx context.Context, s *config.System, t ctype.Target, compilers []string) ([]verify.Judge, error) {
	root, err := v.p.Sysroot(ctx, s)
	if err != nil {
		return nil, err
	}
	inc, err := root.Includes(ctx, t)
	if err != nil {
		return nil, err
	}
	var judges []verify.Judge
	zig, isZig := root.(*sysroot.Zig)
	if !isZig {
		zig, err = sysroot.OpenZig(ctx, sysroot.Options{Cache: v.p.Cache})
		if err != nil {
			return nil, err
		}
	}
	flags := isystem(inc, inc.Dirs)
	if isZig {
		flags = nil // zig cc finds its own headers, which are these
	}
	switch c, err := zig.Compiler(ctx, t); {
	case err == nil:
		judges = append(judges, verify.Judge{Name: "zig cc", Compiler: &cprobe.Compiler{Path: c.Path, Args: c.Args, Env: c.Env}, Flags: flags})
	case errors.As(err, new(*sysroot.NoCompilerError)):
		v.notef("%-16s not asked: %v", t, err)
	default:
		return nil, err
	}
	host := ctype.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if t != host {
		return judges, nil
	}
	for _, name := range compilers {
		c, err := cprobe.Find(ctx, name)
		if err != nil {
			v.notef("%-16s not asked: %v", t, err)
			continue
		}
		own, err := c.OwnHeaders(ctx)
		if err != nil {
			return nil, err
		}
		judges = append(judges, verify.Judge{
			Name: name, Compiler: c,
			Flags: append([]string{"-isystem", own}, isystem(inc, inc.Dirs[inc.OwnDirs:])...),
		})
	}
	return judges, nil
}

// isystem makes a compiler read the headers in these directories of the
// sysroot and not those of this machine.
func isystem(inc *sysroot.Includes, dirs []string) []string {
	flags := []string{"-nostdinc"}
	for _, d := range dirs {
		flags = append(flags, "-isystem", filepath.Join(inc.Root, filepath.FromSlash(d)))
	}
	return flags
}

// packages compares the Go package on disk with the descriptions.
func (v *verifier) packages(ctx context.Context, s *config.System, targets []ctype.Target) error {
	plan, err := v.p.Namespace(ctx, s)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, t := range targets {
		g.Go(func() error {
			r, err := verify.Package(ctx, filepath.Join(v.p.Dir, filepath.FromSlash(s.Package)), plan, t.Arch)
			if err != nil {
				return err
			}
			v.add(t, "Go package", r)
			return nil
		})
	}
	return g.Wait()
}
