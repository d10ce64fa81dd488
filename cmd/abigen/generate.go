package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/internal/lock"
	"github.com/abigen/abigen/internal/output"
	"github.com/abigen/abigen/internal/project"
)

type generateFlags struct {
	check bool
	force bool
	dump  bool
}

func (a *app) generateCommand() *cobra.Command {
	var flags generateFlags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Write the packages and converters that the configuration asks for",
		Long: `generate parses the headers of every system and target in the configuration,
plans the Go packages and converters, and writes them: all of them, or none when
anything is wrong. Files made earlier and not made any more are removed.
abigen.lock records what was read and written; when nothing of that has changed
there is nothing to do, and generate says so without parsing anything.`,
		Example: `  abigen generate
  abigen generate --config ../abigen.yaml
  abigen generate --check       # write nothing; exit 1 and show what would change
  abigen generate --plan        # print what was decided, and write nothing`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.generate(cmd.Context(), flags) },
	}
	cmd.Flags().BoolVar(&flags.check, "check", false, "write nothing; show differences and exit 1 if there are any")
	cmd.Flags().BoolVar(&flags.force, "force", false, "generate even if the lock says that nothing has changed")
	cmd.Flags().BoolVar(&flags.dump, "plan", false, "print the plan instead of writing files")
	cmd.MarkFlagsMutuallyExclusive("check", "plan")
	return cmd
}

func (a *app) generate(ctx context.Context, flags generateFlags) error {
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	start := time.Now()
	p, err := project.Open(a.config)
	if err != nil {
		return err
	}
	if !flags.force && !flags.check && !flags.dump {
		switch ok, err := p.UpToDate(ctx); {
		case err != nil:
			return err
		case ok:
			a.notef("up to date")
			return nil
		}
	}
	plan, err := p.Plan(ctx)
	if err != nil {
		return err
	}
	if flags.dump {
		_, err := fmt.Fprint(a.stdout, plan)
		return err
	}
	files, err := p.Files(plan)
	if err != nil {
		return err
	}
	l, err := p.Lock(ctx, files)
	if err != nil {
		return err
	}
	withLock := maps.Clone(files)
	if withLock[lock.Name], err = l.Bytes(); err != nil {
		return err
	}
	changes, err := output.Changes(p.Dir, withLock, p.OutputDirs())
	if err != nil {
		return err
	}
	if flags.check {
		return a.check(changes)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	output.Clean(p.Dir, p.OutputDirs())
	if err := output.Apply(p.Dir, changes); err != nil {
		return err
	}
	if err := p.Stamp(l); err != nil {
		a.notef("the next run will generate everything again: %v", err)
	}
	a.report(p, files, changes, time.Since(start))
	return nil
}

// check prints what differs.
func (a *app) check(changes []output.Change) error {
	if len(changes) == 0 {
		a.notef("up to date")
		return nil
	}
	for _, c := range changes {
		fmt.Fprint(a.stdout, c.Diff())
	}
	what := "files are"
	if len(changes) == 1 {
		what = "file is"
	}
	a.notef("%d %s not up to date; run: abigen generate", len(changes), what)
	return errDifferences
}

// report says in a few lines what was made.
func (a *app) report(p *project.Project, files output.Files, changes []output.Change, took time.Duration) {
	for _, dir := range p.OutputDirs() {
		var n, size int
		for name, data := range files {
			if filepath.ToSlash(filepath.Dir(name)) == dir {
				n++
				size += len(data)
			}
		}
		a.notef("%-22s %4d files %8.1f KB", dir, n, float64(size)/1000)
	}
	verbs := map[string]int{}
	for _, c := range changes {
		verbs[c.Verb()]++
	}
	a.notef("%d files added, %d updated, %d removed in %.1f s", verbs["add"], verbs["update"], verbs["remove"], took.Seconds())
}

// exists tells whether a file is there.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
