package rump

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/kernel"
)

// vectors are the recordings on NetBSD's kernel.
const vectors = "../../testdata/kernel/vectors"

// scenarioVar names a transcript for a process that replays it: there is one kernel
// to a process.
const scenarioVar = "ABIGEN_TEST_SCENARIO"

func TestMain(m *testing.M) {
	if file := os.Getenv(scenarioVar); file != "" {
		os.Exit(replay(file))
	}
	os.Exit(m.Run())
}

// asserts is what replay returns when the kernel has panicked because one of its own
// checks failed that the kernel of the recordings was built without.
const asserts = 3

// replay replays a transcript on a kernel in this process, and prints the
// differences.
func replay(file string) int {
	sc, err := transcript.Read(file)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	sc.Pauses = 6 // the kernel's threads wait for processors like everybody's
	k, err := New(Config{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	diffs, err := transcript.Replay(k, sc)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_, err = k.NewProcess(kernel.ProcessOptions{})
	if p, ok := errors.AsType[*PanicError](err); ok && strings.Contains(p.Error(), "kernel diagnostic assertion") {
		fmt.Println(err)
		return asserts
	}
	for _, d := range diffs {
		fmt.Println(d.Step.Line, d.Step.Text, d.What)
	}
	if len(diffs) > 0 {
		return 1
	}
	if err := k.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// TestTranscripts replays all recordings, each on a kernel of its own.
func TestTranscripts(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	files, err := filepath.Glob(vectors + "/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, f := range files {
		name, _ := filepath.Rel(vectors, f)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".json"), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), scenarioVar+"="+f)
			out, err := cmd.CombinedOutput()
			exit, _ := errors.AsType[*exec.ExitError](err)
			switch {
			case exit != nil && exit.ExitCode() == asserts:
				t.Skipf("not built as the kernel of the recordings: %s", out)
			case err != nil:
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
