package rump

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/abigen/abigen/internal/kerneltest"
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
	Helper()
	if file := os.Getenv(scenarioVar); file != "" {
		os.Exit(replay(file))
	}
	os.Exit(m.Run())
}

// asserts is what replay returns when the kernel has panicked because one of its own
// checks failed that the kernel of the recordings was built without.
const asserts = 3

// skipAssertsVar has replay set skipAsserts.
const skipAssertsVar = "ABIGEN_TEST_SKIP_ASSERTS"

// replay replays a transcript on a kernel in this process, and prints the
// differences.
func replay(file string) int {
	sc, err := transcript.Read(file)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	skipAsserts = os.Getenv(skipAssertsVar) != ""
	sc.Pauses = 12 // the kernel's threads wait for processors like everybody's
	k, err := New(Config{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if sc.Area == "B" { // about connections; and nothing there tells of other processes
		if err := kerneltest.LastingTimeWait(context.Background(), k); err != nil {
			fmt.Println(err)
			return 1
		}
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

// hereVar is set in a process that has one test to do, on the kernel in it.
const hereVar = "ABIGEN_TEST_HERE"

// onlyKernel is the one there can be in a process.
var onlyKernel = sync.OnceValues(func() (kernel.Kernel, error) { return New(Config{}) })

// here are the kernels in this process. Tests that want several share it.
var here = kerneltest.Subject{
	Name:  "NetBSD's, in process",
	Share: 2, // it has 1,772 descriptors
	Start: func(t testing.TB) kernel.Kernel {
		t.Helper()
		k, err := onlyKernel()
		if err != nil {
			t.Fatal(err)
		}
		return k
	},
}

// TestHere is what TestSockets has others do.
func TestHere(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestSockets, in processes of its own")
	}
	kerneltest.Sockets(t, &here)
}

// child runs a test in a process of its own.
func child(t *testing.T, name string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+name, "-test.v")
	cmd.Env = append(os.Environ(), hereVar+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestSockets runs each test of sockets on a kernel of its own.
func TestSockets(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	for _, name := range kerneltest.SocketNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child(t, "^TestHere$/^"+name+"$")
		})
	}
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
			path, err := filepath.Abs(f)
			if err != nil {
				t.Fatal(err)
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			replay := func(env ...string) ([]byte, error) {
				cmd := exec.CommandContext(t.Context(), exe)
				cmd.Env = append(append(os.Environ(), scenarioVar+"="+path), env...)
				cmd.Dir = t.TempDir() // for buses
				return cmd.CombinedOutput()
			}
			out, err := replay()
			if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == asserts {
				t.Logf("without the kernel's checks: %s", out)
				out, err = replay(skipAssertsVar + "=1")
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
