package sysproxy

import (
	"errors"
	"time"
)

// Who reads a connection of a server. The goroutine that has read a call makes it
// itself, as long as that is all there was to read: most calls take less time
// than to wake another goroutine. What the call asks of the client's memory it
// reads itself, too. When the call is to sleep, or takes long for another reason, a
// new goroutine reads on.

// errPassed tells a goroutine that another one reads.
var errPassed = errors.New("another goroutine reads the connection")

// lend notes that the goroutine which reads is to make a call, and reports
// whether it is.
func (c *session) lend(k *call) bool {
	if c.in.r.Buffered() > 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lent != nil { // and this goroutine reads for an upcall of that
		return false
	}
	c.lentTo(k)
	return true
}

// lentTo notes the call that the connection is lent to, nil when it is no more.
// The caller has locked mu.
func (c *session) lentTo(k *call) {
	c.lent = k
	c.lends.Add(1)
}

// here makes the call that the connection was lent to.
func (c *session) here(k *call) error {
	c.server.watch(c)
	if !k.run() {
		return errPassed
	}
	return nil
}

// pass has another goroutine read, if the connection is lent to the call.
func (c *session) pass(k *call) {
	c.mu.Lock()
	mine := c.lent == k && !c.reads
	if mine {
		c.lentTo(nil)
	}
	c.mu.Unlock()
	if mine {
		go c.readOn()
	}
}

// readFor reads until an upcall is answered, when the connection is lent to its
// call.
func (c *session) readFor(k *call) {
	if !c.resume(k) {
		return
	}
	for len(k.up.done) == 0 {
		if err := c.next(); err != nil {
			c.mu.Lock()
			c.reads = false
			c.lentTo(nil)
			c.mu.Unlock()
			go c.finish(err) // which waits for the call
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads = false
}

// resume notes that the goroutine which makes a call reads, and reports whether
// it is to.
func (c *session) resume(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := c.lent == k
	c.reads = c.reads || mine
	return mine
}

// longCall is how often the server looks for calls that sleep but have not said
// so.
const longCall = 2 * time.Millisecond

// watch has the server look after a client.
func (s *Server) watch(c *session) {
	if c.watched.Load() || c.watched.Swap(true) {
		return
	}
	s.watching.Lock()
	defer s.watching.Unlock()
	if s.watched == nil {
		s.watched = map[*session]uint32{}
		go s.watchCalls()
	}
	s.watched[c] = 0
}

// watchCalls looks after clients until none of them makes calls any more.
func (s *Server) watchCalls() {
	tick := time.NewTicker(longCall)
	defer tick.Stop()
	for range tick.C {
		if !s.look() {
			return
		}
	}
}

// look has another goroutine read where a call takes long. It reports whether
// there is somebody to look after.
func (s *Server) look() bool {
	s.watching.Lock()
	defer s.watching.Unlock()
	for c, before := range s.watched {
		now := c.lends.Load()
		s.watched[c] = now
		switch {
		case now != before:
		case now%2 != 0:
			c.passLong()
		default:
			delete(s.watched, c)
			c.watched.Store(false)
			if c.lends.Load() != now { // it has begun a call, and may have seen that it is watched
				c.watched.Store(true)
				s.watched[c] = now
			}
		}
	}
	if len(s.watched) == 0 {
		s.watched = nil
	}
	return s.watched != nil
}

// passLong is pass for the call that the connection is lent to.
func (c *session) passLong() {
	c.mu.Lock()
	k := c.lent
	c.mu.Unlock()
	if k != nil {
		c.pass(k)
	}
}

// briskWait is for how many milliseconds a client's next request is waited for in
// the host's kernel, and how soon it has to come for that, see [clientConn.soon].
const briskWait = 1

// header reads the header of the next frame.
func (c *session) header() (header, error) {
	if c.brisk {
		c.brisk = comesSoon(c.in, c.near, briskWait)
		return c.in.header()
	}
	start := time.Now()
	h, err := c.in.header()
	c.brisk = time.Since(start) < briskWait*time.Millisecond
	return h, err
}
