package rump

import (
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
)

// How the kernel died, as exit in enter_linux_amd64.s notes it.
const (
	deadHalted = 1 + iota
	deadPanic
)

// death notes that the kernel has halted, and returns what its calls return from
// now on: ENXIO when it was asked to, else its last words.
func (k *local) death() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down.Load() {
		return k.died
	}
	if atomic.LoadUintptr(&host.dead) == deadPanic {
		time.Sleep(10 * time.Millisecond) // its words are on their way
		k.died = &PanicError{Words: k.last.get()}
	} else {
		k.died = netbsd.ENXIO
	}
	k.down.Store(true)
	close(k.halted)
	return k.died
}
