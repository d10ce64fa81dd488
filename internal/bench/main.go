//go:build linux && amd64

// Bench measures abigen beside its peers and prints a table for each part: the
// converters beside hand-written Go and C, encoding/binary and a copy of the same
// bytes; the parser beside gcc and cgo; and the command. docs/performance.md is
// what it printed last.
//
// Usage: go run ./internal/bench [-rounds N] [-cc CC] [-abigen bin/abigen] [converters] [tools]
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

type options struct {
	rounds int
	cc     string
	abigen string
	parts  []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 101, "measurements of each converter; the median counts")
	flags.StringVar(&o.cc, "cc", "gcc", "the C compiler of the peer; empty for none")
	flags.StringVar(&o.abigen, "abigen", "bin/abigen", "the command to measure")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.parts = flags.Args(); len(o.parts) == 0 {
		o.parts = []string{"tools", "converters"}
	}
	for _, p := range o.parts {
		if p != "tools" && p != "converters" {
			return fmt.Errorf("no part %q; there are tools and converters", p)
		}
	}
	fmt.Fprintln(stdout, machine())
	if slices.Contains(o.parts, "tools") {
		if err := tools(ctx, o, stdout); err != nil {
			return err
		}
	}
	if slices.Contains(o.parts, "converters") {
		return converters(ctx, o, stdout)
	}
	return nil
}

// machine says where it was measured.
func machine() string {
	model := "unknown processor"
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s, %s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		time.Now().Format(time.DateOnly))
}

// row is a line of a table of converters.
type row struct {
	name                             string
	generated, hand, c, binary, copy *series
	allocs                           float64
}

// converters measures both tables together and prints them.
func converters(ctx context.Context, o options, out io.Writer) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := peerOf(ctx, o, out)
	if err != nil {
		return err
	}
	var records, numbers []*row
	var all []*series
	add := func(f loop) *series {
		if f == nil {
			return nil
		}
		s := timed(f)
		all = append(all, s)
		return s
	}
	inC := func(name string) *series {
		if c == nil {
			return nil
		}
		s := &series{run: func(n int) (time.Duration, error) { return c.run(name, n) }}
		all = append(all, s)
		return s
	}
	records = append(records, &row{name: "nothing", generated: add(nothing), c: inC("nothing")})
	for _, cv := range conversions() {
		if err := cv.agree(c); err != nil {
			return err
		}
		r := &row{name: cv.name, generated: add(cv.generated), hand: add(cv.hand), c: inC(cv.name), binary: add(cv.binary), copy: add(cv.copy)}
		r.allocs = testing.AllocsPerRun(10, func() { cv.generated(100) })
		records = append(records, r)
	}
	for _, l := range lookups() {
		if err := l.agree(c); err != nil {
			return err
		}
		r := &row{name: l.name, generated: add(l.generated), hand: add(l.hand), c: inC(l.name)}
		r.allocs = testing.AllocsPerRun(10, func() { l.generated(100) })
		numbers = append(numbers, r)
	}
	if err := measure(o.rounds, all); err != nil {
		return err
	}
	if c != nil {
		if err := c.stop(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nConverters, called through a variable: ns for one, median of %d rounds, and ratios\n\n", o.rounds)
	print(out, records)
	fmt.Fprintf(out, "\nLookups, inlined where the compiler does: ns for one, with %s's loads, stores and jump\n\n", numbers[0].name)
	print(out, numbers)
	return nil
}

// peerOf starts the C program, or says why there is none.
func peerOf(ctx context.Context, o options, out io.Writer) (*peer, error) {
	if o.cc == "" {
		return nil, nil
	}
	if _, err := exec.LookPath(o.cc); err != nil {
		fmt.Fprintf(out, "\nwithout C: %v\n", err)
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // the program that runs does not need it any more
	return startPeer(ctx, o.cc, dir)
}

func print(out io.Writer, rows []*row) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tgenerated\tby hand\tC -O2\tencoding/binary\tcopy\tallocs\tto hand\tto C\tbinary to it\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t", r.name)
		for _, s := range []*series{r.generated, r.hand, r.c, r.binary, r.copy} {
			if s == nil {
				fmt.Fprint(w, "-\t")
			} else {
				fmt.Fprintf(w, "%.2f\t", s.median())
			}
		}
		fmt.Fprintf(w, "%g\t", r.allocs)
		ratio := func(a, b *series) {
			if a == nil || b == nil {
				fmt.Fprint(w, "-\t")
			} else {
				fmt.Fprintf(w, "%.2f\t", a.over(b))
			}
		}
		ratio(r.generated, r.hand)
		ratio(r.generated, r.c)
		ratio(r.binary, r.generated)
		fmt.Fprintln(w)
	}
	w.Flush()
}

// agree runs each way once and compares: all must do the same work.
func (cv *conversion) agree(c *peer) error {
	for i, once := range cv.once {
		for j := range cv.results[i] {
			cv.results[i][j] = 0xff
		}
		once()
	}
	got, hand := hex.EncodeToString(cv.results[0]), hex.EncodeToString(cv.results[1])
	if got != hand {
		return fmt.Errorf("%s: generated %s, by hand %s", cv.name, got, hand)
	}
	if c == nil {
		return nil
	}
	switch inC, err := c.result(cv.name); {
	case err != nil:
		return err
	case inC != got:
		return fmt.Errorf("%s: generated %s, in C %s", cv.name, got, inC)
	}
	return nil
}

func (l *lookup) agree(c *peer) error {
	if l.result == nil {
		return nil
	}
	result := func(f loop) string {
		f(1)
		n, ok := l.result()
		b := 0
		if ok {
			b = 1
		}
		return fmt.Sprintf("%x %x", n, b)
	}
	got := result(l.generated)
	if l.hand != nil {
		if hand := result(l.hand); hand != got {
			return fmt.Errorf("%s: generated %s, by hand %s", l.name, got, hand)
		}
	}
	if c == nil {
		return nil
	}
	switch inC, err := c.result(l.name); {
	case err != nil:
		return err
	case inC != got:
		return fmt.Errorf("%s: generated %s, in C %s", l.name, got, inC)
	}
	return nil
}
