//go:build linux && (amd64 || arm64)

package hijack

import (
	"time"

	"github.com/abigen/abigen/linux"
)

// observed tells whether anybody wants to know of calls.
func (s *supervisor) observed() bool { return s.cfg.Trace != nil || s.cfg.Stats != nil }

// observe tells of a call that is about to return.
func (c *call) observe(v int64, e linux.Errno, host bool) {
	if c.start.IsZero() {
		return
	}
	ev := Event{
		PID: c.PID, Number: c.Number, Args: c.Args, Result: v, Errno: e, Host: host,
		Start: c.start, Took: time.Since(c.start), Note: c.note, Memory: c.mem(),
	}
	if c.sup.stats != nil && !host {
		c.sup.stats.add(&ev)
	}
	if c.sup.cfg.Trace != nil {
		c.sup.cfg.Trace(&ev)
	}
}
