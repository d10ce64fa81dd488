package netstack_test

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/abigen/abigen/internal/transcript"
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
// names a folder with other recordings, to which DEVIATIONS.md does not apply.
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
	var sum tally
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
	k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934})
	if err != nil {
		t.Fatal(err)
	}
	differences, err := transcript.Replay(k, sc)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	sum.add(sc, file, differences)
	var differ []int
	for _, d := range differences {
		differ = append(differ, d.Step.Line)
		if known[d.Step.Line] == "" {
			t.Errorf("%s", describe(file, d))
		}
	}
	for line := range known {
		if !slices.Contains(differ, line) {
			t.Errorf("%s:%d: agrees, but stands in %s", file, line, deviations)
		}
	}
	t.Logf("%d of %d calls agree", sc.Calls()-len(differences), sc.Calls())
}

// describe says what differs, as editors and people like to read it.
func describe(file string, d transcript.Difference) string {
	s := fmt.Sprintf("%s:%d: %s: %s", file, d.Step.Line, d.Step.Text, d.What)
	if d.Step.Note != "" {
		s += "\n\tnote: " + d.Step.Note
	}
	return s
}

// A tally counts calls, and keeps what is to be printed of those that differ.
type tally struct {
	mu    sync.Mutex
	areas map[string]*areaTally
}

type areaTally struct {
	calls, agree int
	differences  map[string][]string // by file
}

func (s *tally) add(sc *transcript.Scenario, file string, differences []transcript.Difference) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.areas == nil {
		s.areas = map[string]*areaTally{}
	}
	a := s.areas[sc.Area]
	if a == nil {
		a = &areaTally{differences: map[string][]string{}}
		s.areas[sc.Area] = a
	}
	a.calls += sc.Calls()
	a.agree += sc.Calls() - len(differences)
	for _, d := range differences {
		a.differences[file] = append(a.differences[file], describe(file, d))
	}
}

// finish prints the tally, and fails the test when too few calls agree.
func (s *tally) finish(t *testing.T) {
	if *printReport {
		s.print(os.Stdout)
	}
	calls, agree := s.total()
	if float64(agree) < threshold*float64(calls) {
		t.Errorf("only %d of %d calls agree", agree, calls)
	}
}

func (s *tally) total() (calls, agree int) {
	for _, a := range s.areas {
		calls, agree = calls+a.calls, agree+a.agree
	}
	return calls, agree
}

func (s *tally) print(w io.Writer) {
	names := slices.Sorted(maps.Keys(s.areas))
	for _, name := range names {
		a := s.areas[name]
		for _, file := range slices.Sorted(maps.Keys(a.differences)) {
			for _, d := range a.differences[file] {
				_, _ = fmt.Fprintln(w, d)
			}
		}
	}
	for _, name := range names {
		a := s.areas[name]
		_, _ = fmt.Fprintf(w, "area %s  %4d of %4d calls agree  %5.1f%%\n", name, a.agree, a.calls, 100*float64(a.agree)/float64(a.calls))
	}
	calls, agree := s.total()
	_, _ = fmt.Fprintf(w, "all     %4d of %4d calls agree  %5.1f%%\n", agree, calls, 100*float64(agree)/float64(max(calls, 1)))
}
