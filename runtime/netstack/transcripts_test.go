package netstack_test

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

const (
	vectors    = "../../testdata/kernel/vectors"
	deviations = "../../testdata/kernel/DEVIATIONS.md"
	threshold  = 0.95 // of the calls have to agree
)

var printReport = flag.Bool("report", false, "print what TestTranscripts finds, by area, to standard output")

// TestTranscripts replays what was recorded on the real kernel. KERNEL_VECTORS
// names a folder with other recordings, to which DEVIATIONS.md does not apply:
// the test fails only when too many of their calls differ.
// A single scenario: -run 'TestTranscripts/D/scm_rights$'.
func TestTranscripts(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the recordings are those of a 64-bit, little-endian machine")
	}
	folder, known := vectors, transcript.Deviations{}
	if f := os.Getenv("KERNEL_VECTORS"); f != "" {
		folder = f
	} else {
		known = readDeviations(t)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", folder, err)
	}
	sum := tally{lenient: folder != vectors}
	t.Cleanup(func() { sum.finish(t) })
	for area, files := range byArea(files) {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				name := filepath.Base(file[:len(file)-len(".json")])
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					replay(t, file, known[area+"/"+name], &sum)
				})
			}
		})
	}
}

func readDeviations(t *testing.T) transcript.Deviations {
	t.Helper()
	f, err := os.Open(deviations)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d, err := transcript.ReadDeviations(f)
	if err != nil {
		t.Fatalf("%s: %v", deviations, err)
	}
	return d
}

func byArea(files []string) map[string][]string {
	areas := map[string][]string{}
	for _, file := range files {
		area := filepath.Base(filepath.Dir(file))
		areas[area] = append(areas[area], file)
	}
	return areas
}

// replay replays one scenario. The calls that differ must be those that are
// known to.
func replay(t *testing.T, file string, known map[int]string, sum *tally) {
	sc, err := transcript.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Host: buses()})
	if err != nil {
		t.Fatal(err)
	}
	differences, err := transcript.Replay(k, sc)
	if err != nil {
		t.Fatal(err)
	}
	halt(t, k)
	var differ []int
	var problems []string
	for _, d := range differences {
		differ = append(differ, d.Step.Line)
		if known[d.Step.Line] == "" {
			problems = append(problems, describe(file, d))
		}
	}
	for line := range known {
		if !slices.Contains(differ, line) {
			problems = append(problems, fmt.Sprintf("%s:%d: agrees, but stands in %s", file, line, deviations))
		}
	}
	sum.add(sc, len(differences), problems)
	switch {
	case *printReport: // finish reports them
		return
	case len(problems) > 0 && !sum.lenient:
		t.Fail()
	}
	for _, p := range problems {
		t.Log(p)
	}
	t.Logf("%d of %d calls agree", sc.Calls()-len(differences), sc.Calls())
}

// buses are a host with the Ethernet segments that link strings name.
func buses() *hypercall.Host {
	var mu sync.Mutex
	wires := map[string]*wire.Wire{}
	return &hypercall.Host{Network: hypercall.NetworkFunc(func(_, linkstr string) (hypercall.NetworkDevice, error) {
		mu.Lock()
		defer mu.Unlock()
		if wires[linkstr] == nil {
			wires[linkstr] = wire.New()
		}
		return wires[linkstr].Attach(), nil
	})}
}

// halt closes a kernel, which waits for its calls.
func halt(t *testing.T, k kernel.Kernel) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- k.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the kernel does not halt")
	}
}

// describe says what differs, as editors and people like to read it.
func describe(file string, d transcript.Difference) string {
	s := fmt.Sprintf("%s:%d: %s: %s", file, d.Step.Line, d.Step.Text, d.What)
	if d.Step.Note != "" {
		s += "\n\tnote: " + d.Step.Note
	}
	return s
}

// A tally counts calls, and keeps what is wrong.
type tally struct {
	lenient bool // only too many differences are a failure

	mu    sync.Mutex
	areas map[string]*areaTally
}

type areaTally struct {
	calls, differ int
	problems      []string
}

func (s *tally) add(sc *transcript.Scenario, differ int, problems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.areas == nil {
		s.areas = map[string]*areaTally{}
	}
	a := s.areas[sc.Area]
	if a == nil {
		a = new(areaTally)
		s.areas[sc.Area] = a
	}
	a.calls += sc.Calls()
	a.differ += differ
	a.problems = append(a.problems, problems...)
}

// finish fails the test when too few calls agree, and prints the report when
// it is wanted.
func (s *tally) finish(t *testing.T) {
	var all areaTally
	for _, a := range s.areas {
		all.calls += a.calls
		all.differ += a.differ
		all.problems = append(all.problems, a.problems...)
	}
	if *printReport {
		s.print(os.Stdout, &all)
		if len(all.problems) > 0 && !s.lenient {
			t.Fail()
		}
	}
	if all.share() < threshold {
		t.Errorf("only %d of %d calls agree", all.calls-all.differ, all.calls)
	}
}

func (s *tally) print(w io.Writer, all *areaTally) {
	slices.SortFunc(all.problems, byLine)
	for _, p := range all.problems {
		_, _ = fmt.Fprintln(w, p)
	}
	for _, name := range slices.Sorted(maps.Keys(s.areas)) {
		s.areas[name].print(w, "area "+name)
	}
	all.print(w, "all")
}

// byLine orders problems, which begin with a file and a line.
func byLine(a, b string) int {
	aFile, aRest, _ := strings.Cut(a, ":")
	bFile, bRest, _ := strings.Cut(b, ":")
	aLine, _, _ := strings.Cut(aRest, ":")
	bLine, _, _ := strings.Cut(bRest, ":")
	return cmp.Or(cmp.Compare(aFile, bFile), cmp.Compare(len(aLine), len(bLine)), cmp.Compare(aLine, bLine))
}

func (a *areaTally) print(w io.Writer, name string) {
	_, _ = fmt.Fprintf(w, "%-6s  %4d of %4d calls agree  %5.1f%%\n", name, a.calls-a.differ, a.calls, 100*a.share())
}

func (a *areaTally) share() float64 {
	return float64(a.calls-a.differ) / float64(max(a.calls, 1))
}
