package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/parse"
)

// A Difference is a claim that does not hold.
type Difference struct {
	Target ctype.Target
	Judge  string // who says otherwise: "zig cc", "gcc", "the Go package"
	What   string // "offset of struct msghdr.msg_iov"
	Pos    ctype.Pos
	Want   string // what the description says
	Got    string // what the judge says
}

// String returns the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s (%s:%d): description says %s, %s says %s", d.Target, d.What, d.Pos.File, d.Pos.Line, d.Want, d.Judge, d.Got)
}

// A Result tells how many claims were compared and which do not hold.
type Result struct {
	Claims      int
	Differences []Difference
}

// A Judge is a compiler, with what it takes for it to read the headers that
// the description was made from.
type Judge struct {
	Name     string
	Compiler *cprobe.Compiler
	Flags    []string

	// Except are names of declarations that this compiler is known to see
	// differently; it is not asked about them.
	Except []string
}

// Headers asks the judge about every claim of the unit, which describes the
// headers of the group.
func Headers(ctx context.Context, judge Judge, group parse.Group, unit *ctype.Unit) (Result, error) {
	preamble := include(group)
	// Constants first: their names are macros. Names of members and types
	// may be macros as well, by which programs reach something else than
	// what the struct declares; those are taken away before its layout is
	// asked about.
	consts, err := ask(ctx, judge, unit.Target, preamble, judge.fair(constants(unit)))
	if err != nil {
		return Result{}, err
	}
	types, err := ask(ctx, judge, unit.Target, preamble+undefine(unit), judge.fair(layout(unit)))
	if err != nil {
		return Result{}, err
	}
	return Result{
		Claims:      consts.Claims + types.Claims,
		Differences: append(consts.Differences, types.Differences...),
	}, nil
}

// fair leaves out the claims that the judge is not to be asked about.
func (j *Judge) fair(claims []claim) []claim {
	return slices.DeleteFunc(claims, func(c claim) bool { return slices.Contains(j.Except, c.name) })
}

func ask(ctx context.Context, judge Judge, target ctype.Target, preamble string, claims []claim) (Result, error) {
	probes := make([]cprobe.Probe, len(claims))
	for i := range claims {
		probes[i] = claims[i].probe
	}
	answers, err := judge.Compiler.Ask(ctx, cprobe.Source{Flags: judge.Flags, Preamble: preamble}, probes)
	if err != nil {
		return Result{}, fmt.Errorf("%s for %s: %w", judge.Name, target, err)
	}
	res := Result{Claims: len(claims)}
	for i := range claims {
		if c := &claims[i]; !c.holds(answers[i]) {
			res.Differences = append(res.Differences, Difference{
				Target: target, Judge: judge.Name, What: c.what, Pos: c.pos,
				Want: c.show(c.want), Got: c.show(answers[i]),
			})
		}
	}
	return res, nil
}

// include is the C text that the group stands for.
func include(g parse.Group) string {
	var b strings.Builder
	for _, d := range g.Define {
		fmt.Fprintf(&b, "#define %s %s\n", d.Name, d.Value)
	}
	for _, h := range g.Headers {
		if filepath.IsAbs(h) {
			fmt.Fprintf(&b, "#include \"%s\"\n", filepath.ToSlash(h))
		} else {
			fmt.Fprintf(&b, "#include <%s>\n", h)
		}
	}
	return b.String()
}

// undefine takes away every macro that has the name of a member or a type.
func undefine(u *ctype.Unit) string {
	names := map[string]bool{}
	for _, r := range u.Records {
		names[r.Tag] = true
		for _, m := range r.Members {
			names[m.Name] = true
		}
	}
	for _, t := range u.Typedefs {
		names[t.Name] = true
	}
	delete(names, "")
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted)
	var b strings.Builder
	for _, n := range sorted {
		fmt.Fprintf(&b, "#undef %s\n", n)
	}
	return b.String()
}
