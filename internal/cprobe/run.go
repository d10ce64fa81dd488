package cprobe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// chunk is the number of questions in one object file. Compilers take
	// about 10 microseconds for each, and more memory than is welcome for
	// very many.
	chunk = 20000

	// timeout ends a compiler that hangs.
	timeout = 5 * time.Minute

	// rounds is how often questions are asked again without those that did
	// not compile, before each half of them is asked on its own.
	rounds = 8
)

// run is the state of one call of Ask.
type run struct {
	c       *Compiler
	ctx     context.Context
	src     Source
	probes  []Probe
	results []Result
	checked bool // the Source alone compiles
}

// ask answers the questions of the given indices.
func (r *run) ask(todo []int) error {
	for round := 0; len(todo) > 0; round++ {
		obj, out, err := r.compile(todo)
		if err != nil {
			return err
		}
		if obj != nil {
			for _, i := range todo {
				r.results[i] = answer(i, r.probes[i], obj)
			}
			return nil
		}
		blamed := diagnostics(out)
		if len(blamed) == 0 || round >= rounds {
			return r.split(todo, out)
		}
		todo = r.blame(todo, blamed)
	}
	return nil
}

// blame gives the questions that were refused their diagnostics and returns
// those to ask again. Once one does not even parse, the complaints from there
// on may be about what it did to the others, and are not believed yet.
func (r *run) blame(todo []int, blamed map[int]diagnostic) []int {
	first := slices.IndexFunc(todo, func(i int) bool { _, ok := blamed[i]; return ok })
	doubtful := false
	var again []int
	for n, i := range todo {
		d, ok := blamed[i]
		if ok && d.syntax && n > first {
			doubtful = true
		}
		if !ok || doubtful {
			again = append(again, i)
			continue
		}
		r.results[i].Err = &Diagnostic{Msg: d.msg}
		doubtful = d.syntax
	}
	return again
}

// split finds the question behind a failure that names none.
func (r *run) split(todo []int, out string) error {
	if !r.checked {
		obj, alone, err := r.compile(nil)
		if err != nil {
			return err
		}
		if obj == nil {
			return fmt.Errorf("%s cannot compile the headers:\n%s", r.c.name(), strings.TrimSpace(alone))
		}
		r.checked = true
	}
	if len(todo) == 1 {
		r.results[todo[0]].Err = &Diagnostic{Msg: strings.TrimSpace(out)}
		return nil
	}
	half := len(todo) / 2
	if err := r.ask(todo[:half]); err != nil {
		return err
	}
	return r.ask(todo[half:])
}

func (c *Compiler) name() string { return filepath.Base(c.Path) }

// compile compiles the questions. It returns the object, or what the compiler
// said when it refused.
func (r *run) compile(todo []int) (*object, string, error) {
	dir, err := os.MkdirTemp("", "abigen-probe-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "probe.c"), filepath.Join(dir, "probe.o")

	var b bytes.Buffer
	b.WriteString(r.src.Preamble)
	b.WriteString(prelude)
	for _, i := range todo {
		// Lines are numbered by question; 0 is not a line number.
		fmt.Fprintf(&b, "#line %d \"%s\"\n%s\n", i+1, file, question(i, r.probes[i]))
	}
	if err := os.WriteFile(in, b.Bytes(), 0o666); err != nil {
		return nil, "", err
	}

	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	args := slices.Concat(r.c.Args, []string{"-c", "-w", "-O0", "-g0", "-o", out}, r.c.flags(), r.src.Flags, []string{in})
	cmd := exec.CommandContext(ctx, r.c.Path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Env = append(cmd.Env, r.c.Env...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	text, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		if ctx.Err() != nil || !errors.As(err, &exit) {
			return nil, "", fmt.Errorf("%s: %w", r.c.name(), errors.Join(err, ctx.Err()))
		}
		return nil, strings.ReplaceAll(string(text), in, "probe.c"), nil
	}
	obj, err := readObject(out)
	if err != nil {
		return nil, "", fmt.Errorf("object file of %s: %w", r.c.name(), err)
	}
	return obj, "", nil
}

// flags make diagnostics complete, plain, and about the place where a macro is
// used instead of where it is defined.
func (c *Compiler) flags() []string {
	if c.GCC {
		return []string{"-fno-diagnostics-show-caret", "-fdiagnostics-color=never", "-ftrack-macro-expansion=0", "-fmax-errors=0", "-fno-lto"}
	}
	return []string{"-fno-caret-diagnostics", "-fno-color-diagnostics", "-ferror-limit=0", "-fno-lto"}
}

type diagnostic struct {
	msg    string
	syntax bool
}

var diagnosticLine = regexp.MustCompile(`(?m)^` + file + `:(\d+):(?:\d+:)? (?:fatal )?error: (.*)$`)

// diagnostics returns the first error about each question, by its index.
func diagnostics(out string) map[int]diagnostic {
	found := make(map[int]diagnostic)
	for _, m := range diagnosticLine.FindAllStringSubmatch(out, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 {
			continue
		}
		d, seen := found[n-1]
		if !seen {
			d.msg = m[2]
		}
		d.syntax = d.syntax || strings.HasPrefix(m[2], "expected ") || strings.HasPrefix(m[2], "extraneous ")
		found[n-1] = d
	}
	return found
}
