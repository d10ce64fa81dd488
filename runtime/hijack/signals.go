//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"time"
)

type ctx = context.Context

// watchSignals returns a context that is done when waiting has told twice in a
// row that there is a signal, so that another thread had time to take it.
func watchSignals(parent ctx, waiting func() bool) (ctx, func()) {
	c, cancel := context.WithCancel(parent)
	go func() {
		tick := time.NewTicker(patience)
		defer tick.Stop()
		for seen := 0; seen < 2; {
			select {
			case <-c.Done():
				return
			case <-tick.C:
				if waiting() {
					seen++
				} else {
					seen = 0
				}
			}
		}
		cancel()
	}()
	return c, cancel
}
