//go:build linux && (amd64 || arm64)

package hijack

import "sync/atomic"

// workers are goroutines that are used again, since a new one has to make its
// stack larger step by step on the way down into a kernel.
type workers struct {
	work chan func()
	idle atomic.Int32 // wait for work
}

// maxIdleWorkers is how many wait at most.
const maxIdleWorkers = 64

// run calls f in a goroutine.
func (w *workers) run(f func(), over <-chan struct{}) {
	select {
	case w.work <- f:
	default:
		go w.loop(f, over)
	}
}

func (w *workers) loop(f func(), over <-chan struct{}) {
	for {
		f()
		if w.idle.Add(1) > maxIdleWorkers {
			w.idle.Add(-1)
			return
		}
		select {
		case f = <-w.work:
			w.idle.Add(-1)
		case <-over:
			return
		}
	}
}
