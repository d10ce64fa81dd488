package tcp

import (
	"time"

	"gvisor.dev/gvisor/pkg/waiter"
)

// awaitSpace wakes writers when lowat bytes can be written. gVisor does that
// only when half of the buffer has become free, which is not enough for those
// who wait for more than that.
func (t *tcpcb) awaitSpace(e *endpoint, lowat int) {
	if e.waiting.Swap(true) {
		return
	}
	go func() {
		defer e.waiting.Store(false)
		for pause := time.Millisecond; !t.dead.Load() && !t.so.IsEmpty(); pause = min(2*pause, 50*time.Millisecond) {
			time.Sleep(pause)
			if int(e.SocketOptions().GetSendBufferSize())-unacknowledged(e.Endpoint) >= lowat {
				t.so.Notify(waiter.WritableEvents)
				return
			}
		}
	}()
}
