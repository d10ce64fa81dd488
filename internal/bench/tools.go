//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// toolRounds is how often each tool is run.
const toolRounds = 7

// A job is a run of a tool.
type job struct {
	name  string
	run   func() (usage, error)
	peer  string // what it is compared with
	uses  []usage
	notes string
}

// usage is what one run took.
type usage struct {
	wall, cpu time.Duration
	memory    int64 // peak, in bytes; 0 when it is not a process of its own
}

// set is the set of this machine's headers that all parsers are given.
var set = strings.Fields("sys/types.h sys/socket.h sys/un.h sys/uio.h sys/ioctl.h sys/time.h sys/stat.h poll.h net/if.h netinet/in.h netinet/tcp.h")

// records are what cgo is asked for; it does not list what there is.
var records = strings.Fields("sockaddr_in sockaddr_in6 sockaddr_un msghdr iovec ifreq timeval stat pollfd")

// tools runs the parsers on the same headers, and the command on everything,
// and prints what they took.
func tools(ctx context.Context, o options, out io.Writer) error {
	abigen, err := filepath.Abs(o.abigen)
	if err != nil {
		return err
	}
	if _, err := os.Stat(abigen); err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	parsers, err := parserJobs(ctx, o, abigen, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nParsing %d headers of this machine, and what they include: median of %d runs\n\n", len(set), toolRounds)
	if err := runJobs(out, parsers); err != nil {
		return err
	}
	generate, err := generateJobs(ctx, abigen, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe whole configuration: median of %d runs\n\n", toolRounds)
	return runJobs(out, generate)
}

func parserJobs(ctx context.Context, o options, abigen, dir string) ([]*job, error) {
	var include, decls strings.Builder
	for _, h := range set {
		include.WriteString("#include <" + h + ">\n")
	}
	for _, r := range records {
		decls.WriteString("type T_" + r + " C.struct_" + r + "\n")
	}
	for name, text := range map[string]string{
		"in.c":  include.String(),
		"in.go": "package in\n/*\n" + include.String() + "*/\nimport \"C\"\n" + decls.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	child := func(args ...string) func() (usage, error) {
		return func() (usage, error) { return command(ctx, dir, args...) }
	}
	return []*job{
		{name: "gcc -fsyntax-only", run: child("gcc", "-fsyntax-only", "in.c")},
		{name: "go tool cgo -godefs", run: child("go", "tool", "cgo", "-godefs", "in.go"), peer: "gcc -fsyntax-only",
			notes: fmt.Sprintf("%d structs", len(records))},
		{name: "abigen describe", peer: "gcc -fsyntax-only", notes: "everything, as JSON",
			run: child(append([]string{abigen, "describe", "--sysroot", "host", "--target", "linux/amd64"}, set...)...)},
		{name: "parse.Headers", run: parseHost(ctx), peer: "gcc -fsyntax-only", notes: "in this process"},
	}, nil
}

// parseHost parses with package parse, as a program that imports it would.
func parseHost(ctx context.Context) func() (usage, error) {
	return func() (usage, error) {
		host, err := sysroot.OpenHost(ctx)
		if err != nil {
			return usage{}, err
		}
		inc, err := host.Includes(ctx, ctype.Target{OS: "linux", Arch: "amd64"})
		if err != nil {
			return usage{}, err
		}
		start, cpu := time.Now(), ownTime()
		_, err = parse.Headers(ctx, inc, parse.Group{Headers: set}, parse.Options{})
		return usage{wall: time.Since(start), cpu: ownTime() - cpu}, err
	}
}

func ownTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// generateJobs runs abigen on copies of the configuration: in an empty
// directory, and in one where all is made.
func generateJobs(ctx context.Context, abigen, dir string) ([]*job, error) {
	done := filepath.Join(dir, "done")
	if err := copyInputs(done); err != nil {
		return nil, err
	}
	cold := func() (usage, error) {
		empty, err := os.MkdirTemp(dir, "cold")
		if err != nil {
			return usage{}, err
		}
		defer os.RemoveAll(empty)
		if err := copyInputs(empty); err != nil {
			return usage{}, err
		}
		return command(ctx, empty, abigen, "generate")
	}
	noop := func() (usage, error) { return command(ctx, done, abigen, "generate") }
	return []*job{
		{name: "abigen generate, nothing there", run: cold},
		{name: "abigen generate, nothing to do", run: func() (usage, error) {
			if _, err := os.Stat(filepath.Join(done, "abigen.lock")); errors.Is(err, fs.ErrNotExist) {
				if _, err := noop(); err != nil {
					return usage{}, err
				}
			}
			return noop()
		}, peer: "abigen generate, nothing there"},
	}, nil
}

// inputs match what the configuration of this repository reads, but for headers:
// also the hand-written part of the converters, for the coverage report.
var inputs = []string{"*.yaml", "go.mod", "messages/*", "generated/*.txt", "generated/*/[^z]*.go", "generated/*/*/[^z]*.go"}

func copyInputs(dir string) error {
	for _, pattern := range inputs {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			to := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(to, data, 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// command runs a tool in a directory.
func command(ctx context.Context, dir string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // cgo declines otherwise
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", args[0], err, stderr.Bytes())
	}
	u := usage{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = r.Maxrss * 1024
	}
	return u, nil
}

// runJobs runs all jobs in turn and prints them. One that cannot run, for want
// of a compiler or of headers, is printed with the reason.
func runJobs(out io.Writer, jobs []*job) error {
	failed := map[string]error{}
	for range toolRounds {
		for _, j := range jobs {
			if failed[j.name] != nil {
				continue
			}
			u, err := j.run()
			switch {
			case errors.Is(err, context.Canceled):
				return err
			case err != nil:
				failed[j.name] = err
			}
			j.uses = append(j.uses, u)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\twall ms\tprocessor ms\tpeak MB\tto the first\t\t")
	for _, j := range jobs {
		if failed[j.name] != nil {
			fmt.Fprintf(w, "%s\t-\t-\t-\t-\tnot run\t\n", j.name)
			continue
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%s\t%s\t%s\t\n", j.name, milliseconds(j.median(usage.getWall)), milliseconds(j.median(usage.getCPU)),
			j.peak(), j.ratio(jobs, failed), j.notes)
	}
	w.Flush()
	for _, j := range jobs {
		if err := failed[j.name]; err != nil {
			fmt.Fprintf(out, "%s: %v\n", j.name, err)
		}
	}
	return nil
}

func (u usage) getWall() time.Duration { return u.wall }
func (u usage) getCPU() time.Duration  { return u.cpu }

func (j *job) median(of func(usage) time.Duration) time.Duration {
	all := make([]time.Duration, len(j.uses))
	for i, u := range j.uses {
		all[i] = of(u)
	}
	return median(all)
}

func (j *job) peak() string {
	var most int64
	for _, u := range j.uses {
		most = max(most, u.memory)
	}
	if most == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(most)/1e6)
}

// ratio compares the processor time with the peer's.
func (j *job) ratio(jobs []*job, failed map[string]error) string {
	i := slices.IndexFunc(jobs, func(p *job) bool { return p.name == j.peer })
	if i < 0 || failed[j.peer] != nil {
		return "-"
	}
	ratios := make([]float64, len(j.uses))
	for k, u := range j.uses {
		ratios[k] = float64(u.cpu) / float64(jobs[i].uses[k].cpu)
	}
	return fmt.Sprintf("%.2f", median(ratios))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
