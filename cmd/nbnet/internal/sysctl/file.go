package sysctl

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
)

// fromFile does what the lines of a file ask for. Those that cannot be done are
// reported, and the others are done.
func (e *env) fromFile(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	wrong := false
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line, first := lines.Text(), n
		for strings.HasSuffix(line, `\`) && lines.Scan() {
			line = strings.TrimSuffix(line, `\`) + lines.Text()
			n++
		}
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := e.line(ctx, line); err != nil {
			wrong = true
			if _, err := fmt.Fprintf(e.errs, "%s:%d: %v\n", name, first, err); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if wrong {
		return command.Status(1)
	}
	return nil
}

// line does a line: it sets a variable, or shows it.
func (e *env) line(ctx context.Context, line string) error {
	variable, value, set := strings.Cut(line, "=")
	variable, optional := strings.CutSuffix(variable, "?")
	variable = strings.TrimSpace(variable)
	e.set['w'] = set
	if set {
		line = variable + "=" + strings.TrimSpace(value)
	}
	if optional {
		if _, err := e.find(ctx, variable); err != nil {
			return nil //nolint:nilerr // that is what ?= is for
		}
	}
	return e.argument(ctx, line)
}
