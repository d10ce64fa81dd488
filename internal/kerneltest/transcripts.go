package kerneltest

import (
	"cmp"
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

	"github.com/abigen/abigen/internal/transcript"
)

// Where the recordings are, seen from the packages that are tested.
const (
	testdata = "../../testdata/kernel"
	Vectors  = testdata + "/vectors"
)

// connections is the area of the recordings that are about those. Nothing in it tells
// of other processes.
const connections = "B"

const threshold = 0.95 // of the calls have to agree

// Transcripts replays what was recorded on the real kernel. KERNEL_VECTORS
// names a folder with other recordings, to which deviations that are known do not apply:
// the test fails only when too many of their calls differ.
// A single scenario: -run 'TestTranscripts/D/scm_rights$'.
func Transcripts(t *testing.T, s *Subject) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the recordings are those of a 64-bit, little-endian machine")
	}
	folder, known := Vectors, transcript.Deviations{}
	if f := os.Getenv("KERNEL_VECTORS"); f != "" {
		folder = f
	} else {
		for _, name := range s.Deviations {
			readDeviations(t, filepath.Join(testdata, name), known)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", folder, err)
	}
	sum := tally{subject: s, lenient: folder != Vectors}
	t.Cleanup(func() { sum.finish(t) })
	for area, files := range byArea(files) {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				name := filepath.Base(file[:len(file)-len(".json")])
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					sum.replay(t, file, known[area+"/"+name], s.Skip[area+"/"+name])
				})
			}
		})
	}
}

// readDeviations adds those of a file to d.
func readDeviations(t *testing.T, file string, d transcript.Deviations) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	more, err := transcript.ReadDeviations(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for scenario, lines := range more {
		if d[scenario] == nil {
			d[scenario] = lines
		}
		maps.Copy(d[scenario], lines)
	}
}

func byArea(files []string) map[string][]string {
	areas := map[string][]string{}
	for _, file := range files {
		area := filepath.Base(filepath.Dir(file))
		areas[area] = append(areas[area], file)
	}
	return areas
}

// replay replays one scenario, if there is no reason not to. The calls that differ
// must be those that are known to.
func (s *tally) replay(t *testing.T, file string, known map[int]string, skip string) {
	sc, err := transcript.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if skip != "" {
		s.add(sc, 0, 0, []string{fmt.Sprintf("%s: not replayed: %s", file, skip)})
		t.Skip(skip)
	}
	k := s.subject.Start(t)
	sc.Uptime = s.subject.Uptime
	sc.Pauses = s.subject.Pauses
	if s.subject.Pauses > 1 && sc.Area == connections {
		if err := LastingTimeWait(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	differences, err := transcript.Replay(k, sc)
	if err != nil {
		t.Fatal(err)
	}
	var differ []int
	var problems []string
	for _, d := range differences {
		differ = append(differ, d.Step.Line)
		if known[d.Step.Line] == "" {
			problems = append(problems, Describe(file, d))
		}
	}
	for line := range known {
		if !slices.Contains(differ, line) && !s.subject.Perhaps {
			problems = append(problems, fmt.Sprintf("%s:%d: agrees, but stands in %s", file, line, strings.Join(s.subject.Deviations, " or ")))
		}
	}
	s.add(sc, sc.Calls(), len(differences), problems)
	if len(problems) > 0 && !s.lenient {
		t.Fail()
	}
	if *printReport { // finish has them
		return
	}
	for _, p := range problems {
		t.Log(p)
	}
	t.Logf("%d of %d calls agree", sc.Calls()-len(differences), sc.Calls())
}

// Describe says what differs, as editors and people like to read it.
func Describe(file string, d transcript.Difference) string {
	s := fmt.Sprintf("%s:%d: %s: %s", file, d.Step.Line, d.Step.Text, d.What)
	if d.Step.Note != "" {
		s += "\n\tnote: " + d.Step.Note
	}
	return s
}

// A tally counts calls, and keeps what is wrong.
type tally struct {
	subject *Subject
	lenient bool // only too many differences are a failure

	mu    sync.Mutex
	areas map[string]*areaTally
}

type areaTally struct {
	calls, made, differ int
	problems            []string
}

// add counts a scenario of which so many calls were made, and differed.
func (s *tally) add(sc *transcript.Scenario, made, differ int, problems []string) {
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
	a.made += made
	a.differ += differ
	a.problems = append(a.problems, problems...)
}

// finish fails the test when too few calls agree, and prints the report when
// it is wanted.
func (s *tally) finish(t *testing.T) {
	var all areaTally
	for _, a := range s.areas {
		all.calls += a.calls
		all.made += a.made
		all.differ += a.differ
		all.problems = append(all.problems, a.problems...)
	}
	if *printReport && all.made > 0 {
		s.print(os.Stdout, &all)
	}
	if all.share() < threshold {
		t.Errorf("only %d of %d calls agree", all.made-all.differ, all.made)
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
	all.print(w, s.subject.Name)
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
	_, _ = fmt.Fprintf(w, "%-12s  %4d of %4d calls agree  %5.1f%%\n", name, a.made-a.differ, a.calls, 100*float64(a.made-a.differ)/float64(a.calls))
}

// share is that of the calls made which agree, 1 when none was made.
func (a *areaTally) share() float64 {
	if a.made == 0 {
		return 1
	}
	return float64(a.made-a.differ) / float64(a.made)
}
