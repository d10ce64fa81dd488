package rump

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
)

// How the kernel died, as enter_linux_amd64.s notes it.
const (
	deadHalted = 1 + iota
	deadPanicked
	deadFaulted
)

// death notes that the kernel has halted, and returns what its calls return from
// now on: ENXIO when it was asked to, else its last words.
func (k *local) death() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down.Load() {
		return k.died
	}
	how := atomic.LoadUintptr(&host.dead)
	k.died = netbsd.ENXIO
	if how == deadPanicked || how == deadFaulted {
		words := k.lastWords()
		if how == deadFaulted {
			f := &host.fault
			words = append(words, fmt.Sprintf("%v at address %#x, in code at %#x%s", unix.Signal(f.signal), f.addr, f.pc, place(f.pc)))
		}
		k.died = &PanicError{Words: words}
	}
	k.down.Store(true)
	close(k.halted)
	if how != 0 {
		k.readers.Go(k.rescue)
	}
	return k.died
}

// lastWords waits for what the kernel has printed to arrive, and returns the last
// of it.
func (k *local) lastWords() []string {
	go func() { _, _ = unix.Write(k.console, []byte("\n"+endOfText)) }()
	select {
	case <-k.printed:
	case <-time.After(10 * time.Second): // nobody reads
	}
	words := k.last.get()
	if i := slices.IndexFunc(words, func(s string) bool { return strings.HasPrefix(s, "panic") }); i > 0 {
		words = words[i:] // what came before was about something else
	}
	return words
}

// inKernel are the calls of steps that are under way.
var inKernel calls

type calls struct {
	mu  sync.Mutex
	set map[*call]struct{}
}

func (cs *calls) add(c *call) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.set == nil {
		cs.set = map[*call]struct{}{}
	}
	cs.set[c] = struct{}{}
}

func (cs *calls) remove(c *call) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.set, c)
}

// rescueSignal is what threads get. It is one that Linux leaves to programs, near the
// end of those.
const rescueSignal = unix.Signal(62)

// rescue gets threads out of the dead kernel. Those that wait for something are left
// to nothing else; the others get a while to come to that.
func (k *local) rescue() {
	const patience = 200 * time.Millisecond
	pid := unix.Getpid()
	for start := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		left := 0
		try := func(c *call) {
			left++
			tid := atomic.LoadUintptr(&c.tid)
			if tid != 0 && (atomic.LoadUintptr(&c.cv) != 0 || time.Since(start) > patience) {
				_ = unix.Tgkill(pid, int(tid), rescueSignal) // it may be gone
			}
		}
		inKernel.mu.Lock()
		for c := range inKernel.set {
			try(c)
		}
		inKernel.mu.Unlock()
		k.watch.mu.Lock()
		for t := range k.watch.threads {
			if t.state.Load()&phase != idle {
				try(&t.call)
			}
		}
		k.watch.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

// A sigaction is the kernel's struct.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

func rtSigaction(sig unix.Signal, act, old *sigaction) error {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if e != 0 {
		return fmt.Errorf("sigaction %v: %w", sig, e)
	}
	return nil
}

// handlers is what host.handlers leads to.
var handlers [65]uintptr

// catchFaults has the signals of a kernel that crashes handled. All others stay
// Go's, whose handlers take the same care of a thread as is needed here.
func catchFaults() error {
	host.handlers = &handlers
	for _, sig := range append([]unix.Signal{rescueSignal}, faults...) {
		var act sigaction
		if err := rtSigaction(sig, nil, &act); err != nil {
			return err
		}
		if sig == rescueSignal {
			var like sigaction // of a handler that is surely there
			if err := rtSigaction(unix.SIGSEGV, nil, &like); err != nil {
				return err
			}
			act = like
			act.handler = rescueAt
		} else {
			if act.handler <= 1 {
				continue // the default, or ignored
			}
			handlers[sig] = act.handler
			act.handler = faultedAt
		}
		if err := rtSigaction(sig, &act, nil); err != nil {
			return err
		}
	}
	return nil
}
