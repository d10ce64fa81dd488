package netstack

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A machine is what the kernel runs on. No member of the host is nil.
type machine struct {
	*hypercall.Host
	random *random
}

// newMachine reads the seed of the kernel's random numbers, without which there
// is no kernel.
func newMachine(h *hypercall.Host) (machine, error) {
	var seed [32]byte
	if _, err := io.ReadFull(h.Random, seed[:]); err != nil {
		return machine{}, fmt.Errorf("netstack: randomness of the host: %w", err)
	}
	return machine{h, &random{source: rand.NewChaCha8(seed)}}, nil
}

// device opens the device behind an interface. What a person should know when
// that fails goes to the console, since the caller sees a number.
func (m machine) device(driver, linkstr string) (hypercall.NetworkDevice, error) {
	dev, err := m.Network.Open(driver, linkstr)
	if e, ok := errors.AsType[*hypercall.OpError](err); ok && e.Detail != "" {
		m.printf("%v", err)
	}
	return dev, err
}

// printf writes a line on the console. One that is broken is no reason to stop.
func (m machine) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(m.Console, format+"\n", args...)
}

// A random makes the kernel's random numbers from a seed of the host, which may be
// slow, or fail later.
type random struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

// Read fills p, and never fails.
func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

// A stackClock is the host's clock as gVisor's stack wants it.
type stackClock struct{ hypercall.Clock }

func (c stackClock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.Monotonic())
}

func (c stackClock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	return stackTimer{c.Clock.AfterFunc(d, f)}
}

type stackTimer struct{ hypercall.Timer }

func (t stackTimer) Reset(d time.Duration) { t.Timer.Reset(d) }
