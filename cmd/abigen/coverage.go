package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/gen/coverage"
	"github.com/abigen/abigen/internal/nearest"
	"github.com/abigen/abigen/internal/project"
)

type coverageFlags struct {
	open   bool
	system string
	kind   string
}

func (a *app) coverageCommand() *cobra.Command {
	var flags coverageFlags
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Count what is translated, what has no counterpart, and what is open",
		Long: `coverage accounts for every struct, member, constant, ioctl request, error number
and signal of the headers: mapped by a conversion rule or by hand, without a
counterpart for a reason, or open. It prints the figures, or with --open a line
for each open declaration: system, kind, name and header. It writes nothing;
abigen generate writes the same as a report. The exit code is 1 when more is open
than the scope that the configuration names allows.`,
		Example: `  abigen coverage
  abigen coverage --open
  abigen coverage --open --system netbsd --kind ioctl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.coverage(cmd.Context(), flags) },
	}
	cmd.Flags().BoolVar(&flags.open, "open", false, "list what is open instead of counting")
	cmd.Flags().StringVar(&flags.system, "system", "", "this `system` alone")
	cmd.Flags().StringVar(&flags.kind, "kind", "", "this `kind` alone: struct, member, constant, ioctl, errno, signal")
	return cmd
}

func (a *app) coverage(ctx context.Context, flags coverageFlags) error {
	p, err := project.Open(a.config)
	if err != nil {
		return err
	}
	systems, err := chosen(flags.system, "system", p.SystemNames())
	if err != nil {
		return err
	}
	kinds, err := chosen(coverage.Kind(flags.kind), "kind", coverage.Kinds)
	if err != nil {
		return err
	}
	plan, err := p.Plan(ctx)
	if err != nil {
		return err
	}
	report, err := p.Coverage(plan)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if flags.open {
		for _, d := range report.Declarations {
			if d.Status == coverage.Open && slices.Contains(systems, d.System) && slices.Contains(kinds, d.Kind) {
				fmt.Fprintf(a.stdout, "%s %s %s %s\n", d.System, d.Kind, d.Name, d.Header)
			}
		}
	} else {
		fmt.Fprintln(w, "system\tkind\tmapped\twithout counterpart\topen")
		for _, s := range systems {
			for _, k := range kinds {
				c := report.Count(s, k)
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\n", s, k, c.Mapped, c.Without, c.Open)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, line := range report.Slack() {
		a.notef("%s", line)
	}
	if err := p.CheckCoverage(report); err != nil {
		fmt.Fprintln(a.stderr, err)
		return errDifferences
	}
	return nil
}

// chosen returns the one that was asked for, or all.
func chosen[T ~string](one T, what string, all []T) ([]T, error) {
	if one == "" {
		return all, nil
	}
	if slices.Contains(all, one) {
		return []T{one}, nil
	}
	names := make([]string, len(all))
	for i, name := range all {
		names[i] = string(name)
	}
	if s := nearest.Suggest(string(one), names); s != "" {
		return nil, fmt.Errorf("no %s %q%s", what, string(one), s)
	}
	return nil, fmt.Errorf("no %s %q; there are %s", what, string(one), strings.Join(names, ", "))
}
