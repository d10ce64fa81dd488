package kerneltest

import (
	"flag"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
)

// A Subject is a kind of kernel that the suites run on.
type Subject struct {
	Name string // in reports

	// Start starts a kernel of release 7.99.34 that nobody else uses, and has
	// it closed after the test. It skips the test when there is none.
	Start func(testing.TB) kernel.Kernel

	// Uptime is what the kernels' clock shows, by which the pauses of transcripts
	// are measured; nil is the machine's.
	Uptime func() time.Duration

	// Deviations are files of testdata/kernel that list calls of transcripts
	// which do not agree, see [transcript.ReadDeviations].
	Deviations []string

	// Perhaps says that the calls in Deviations may agree, too: it depends on how
	// the kernel was built.
	Perhaps bool

	// Skip has what is not run, "D/scm_rights" or "NoLeak", with the reason.
	Skip map[string]string

	// Pauses is how many times as long as recorded transcripts pause for a
	// kernel whose threads are the host's. 0 is 1.
	Pauses int

	// Share of what the suites do many times, 1000 connections for instance,
	// that is enough for this kernel: one part of so many. 0 is 1.
	Share int
}

var printReport = flag.Bool("report", false, "print what the suites of kerneltest find to standard output")

// load returns how often to do something that is done n times at most.
func (s *Subject) load(n int) int {
	n /= max(s.Share, 1)
	if testing.Short() {
		n /= 10
	}
	return max(n, 1)
}

// net starts a kernel and a process to make connections from.
func (s *Subject) net(t testing.TB) *nbsock.Net {
	t.Helper()
	n, err := nbsock.New(s.Start(t), nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}
