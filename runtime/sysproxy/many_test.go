package sysproxy

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A thousand clients at once, each of which forks; afterward nothing is left.
func TestManyClients(t *testing.T) {
	s := &Server{Kernel: boot(t, nil), Limits: Limits{Clients: 2000}}
	c := dial(t, serve(t, s))
	before := runtime.NumGoroutine()
	n := 1000
	if testing.Short() {
		n = 50
	}
	var wg sync.WaitGroup
	limit := make(chan struct{}, 100)
	procs := make([]kernel.Process, n)
	for i := range n {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			p, err := c.NewProcess(kernel.ProcessOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			procs[i] = p
			child, err := p.Fork(kernel.ForkCopy, kernel.ProcessOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := syscalls.Getpid(t.Context(), newThread(t, child, dataAt, nil)); err != nil {
				t.Error(err)
			}
			child.Exit()
		})
	}
	wg.Wait()
	for _, p := range procs {
		if p != nil {
			wg.Go(p.Exit)
		}
	}
	wg.Wait()
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+5 })
}

// What is over the limits is refused, and nobody else suffers.
func TestLimits(t *testing.T) {
	s := &Server{Kernel: boot(t, nil), Limits: Limits{Clients: 2, Preforks: 1, Claim: time.Millisecond}}
	c := dial(t, serve(t, s))
	eventually(t, "the connection is gone that asked what the server is", func() bool { return sessionsOf(s) == 0 })
	p, th := newProcess(t, c, nil)
	q, _ := newProcess(t, c, nil)
	if third, err := c.NewProcess(kernel.ProcessOptions{}); err == nil {
		third.Exit()
		t.Error("a third client")
	}
	q.Exit()
	// A child that comes too late is not there any more.
	r := &request{typ: typePrefork, done: make(chan struct{}, 1)}
	if err := p.(*process).current().begin(r, 0, nil); err != nil {
		t.Fatal(err)
	}
	<-r.done
	if r.err != nil {
		t.Fatal(r.err)
	}
	eventually(t, "what has ended is gone", func() bool { return s.left(1) })
	if _, err := c.newProcess(kernel.ProcessOptions{}, handshakeFork, append(r.cookie[:], 0, 0, 0, 0)); !errors.Is(err, InvalidPrefork) {
		t.Error(err)
	}
	if _, err := syscalls.Getpid(t.Context(), th); err != nil {
		t.Error(err)
	}
}

// left reports whether a server has no more than so many clients, and nothing to
// be claimed.
func (s *Server) left(clients int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.preforks.mu.Lock()
	defer s.preforks.mu.Unlock()
	return len(s.sessions) <= clients && len(s.preforks.all) == 0
}
