//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"sync"
	"time"
)

type ctx = context.Context

// A signalWatch ends a context when a signal waits for a thread.
type signalWatch struct {
	waiting func() bool
	ctx     ctx
	cancel  context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer
	seen  bool // the last time it was looked
}

// watchSignals returns a context that is done when waiting has told twice in a
// row that there is a signal, so that another thread had time to take it.
func watchSignals(parent ctx, waiting func() bool) (ctx, func()) {
	w := &signalWatch{waiting: waiting}
	w.ctx, w.cancel = context.WithCancel(parent)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(patience, w.look)
	return w.ctx, w.stop
}

func (w *signalWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.waiting()
	if waiting && w.seen {
		w.cancel()
	}
	w.seen = waiting
	if w.ctx.Err() == nil {
		w.timer.Reset(patience)
	}
}

func (w *signalWatch) stop() {
	w.cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}
