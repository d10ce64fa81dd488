package sysproxy

import (
	"bytes"
	"testing"

	"github.com/abigen/abigen/internal/kerneltest"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
)

func dial(t testing.TB, url string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// remote is the embedded kernel from afar, netbsds NetBSD's own.
var (
	remote = kerneltest.Subject{
		Name:       "remote",
		Start:      func(t testing.TB) kernel.Kernel { return dial(t, serve(t, &Server{Kernel: boot(t, nil)})) },
		Deviations: []string{"DEVIATIONS.md"},
		Share:      5,
	}
	netbsds = kerneltest.Subject{
		Name:       "rump_server",
		Start:      func(t testing.TB) kernel.Kernel { return dial(t, rump.ForTest(t).URL) },
		Deviations: []string{"DEVIATIONS-netbsd.md", "DEVIATIONS-rump_server.md"},
		Perhaps:    true,
		Share:      10,
	}
)

// Transcripts are replayed on kernels with a clock that suits them.
func TestTranscripts(t *testing.T) {
	clock, s := kerneltest.NewClock(), remote
	s.Uptime = clock.Monotonic
	s.Start = func(t testing.TB) kernel.Kernel {
		clock.Run(t)
		return dial(t, serve(t, &Server{Kernel: bootOn(t, &hypercall.Host{Clock: clock, Console: new(bytes.Buffer), Network: wires()})}))
	}
	kerneltest.Transcripts(t, &s)
}

func TestRumpTranscripts(t *testing.T) { kerneltest.Transcripts(t, &netbsds) }

func TestSockets(t *testing.T)     { kerneltest.Sockets(t, &remote) }
func TestRumpSockets(t *testing.T) { kerneltest.Sockets(t, &netbsds) }
