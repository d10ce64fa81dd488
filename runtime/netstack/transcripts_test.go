package netstack_test

import (
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/kerneltest"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

const vectors = kerneltest.Vectors

// clock is that of the kernels transcripts are replayed on.
var clock = kerneltest.NewClock()

// embedded is the kernel of this package.
var embedded = kerneltest.Subject{
	Name: "embedded",
	Start: func(t testing.TB) kernel.Kernel {
		clock.Run(t)
		host := buses()
		host.Clock = clock
		k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Host: host})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { halt(t, k) })
		return k
	},
	Uptime:     clock.Monotonic,
	Deviations: []string{"DEVIATIONS.md"},
}

// TestTranscripts replays what was recorded on the real kernel.
func TestTranscripts(t *testing.T) { kerneltest.Transcripts(t, &embedded) }

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
func halt(t testing.TB, k kernel.Kernel) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- k.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the kernel does not halt")
	}
}

// describe says what differs.
func describe(file string, d transcript.Difference) string { return kerneltest.Describe(file, d) }
