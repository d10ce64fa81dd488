package sysproxy

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Who reads a connection of a client: one goroutine at a time, whose turn it is. A
// goroutine that has sent a request takes the turn if nobody has it, and reads its
// answer itself: to be told by another goroutine takes as long as the call. What it reads
// before is handled as it comes. The turn goes to the connection's own goroutine
// when the answer is not there soon, or when others wait for theirs, too. Where the process
// wants to be told of signals, that one also takes the turn when nobody has made a request
// for a while. Otherwise nobody reads when nothing is to come, and the end of the
// connection is noticed by the next request: who waits in Go's poller, or for a timer, would
// have a thread woken by each answer.

// soonWait is how long who has the turn waits for something to come before others
// may, in milliseconds.
const soonWait = 5

// maxSoon is how many goroutines wait so at the same time: each takes a thread,
// and may keep a processor from the others for the moment.
var (
	maxSoon     = int32(runtime.GOMAXPROCS(0))
	waitingSoon atomic.Int32
)

// turnFrames is how many frames are read for one request. A reader that stays
// with its turn does not notice that its context is done.
const turnFrames = 64

// quiet is for how long nobody has made a request when the connection's own
// goroutine takes the turn to wait for signals.
const quiet = 10 * time.Millisecond

// read reads the answer to a request that was sent, if it comes soon and
// nobody else is reading.
func (c *clientConn) read(r *request) {
	if !c.take(r) {
		return
	}
	var err error
	for n := 0; n < turnFrames && err == nil && c.soon(); n++ {
		var h header
		if h, err = c.next(); err == nil && h.class != classRequest {
			break // r has its answer, or others are busy, too
		}
	}
	c.pass(err)
}

// take takes the turn for a request that waits, if it is free.
func (c *clientConn) take(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading || c.waiting[r.id] != r {
		return false
	}
	c.reading = true
	return true
}

// pass gives the turn to the connection's own goroutine, when there is more to
// read, or an error to end with. Otherwise whoever comes may take it.
func (c *clientConn) pass(err error) {
	if err != nil || !c.rest() {
		c.turn <- err
	}
}

// rest gives the turn up, if there is nothing to read.
func (c *clientConn) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = c.err != nil || len(c.waiting) > 0 || c.in.r.Buffered() > 0
	return !c.reading
}

// soon waits a moment for something to read.
func (c *clientConn) soon() bool { return comesSoon(c.in, c.near, soonWait) }

// comesSoon waits some milliseconds for something to read. It does so in the host's
// kernel: Go's poller takes several times as long as a round trip to wake somebody up.
func comesSoon(in *frameReader, near *arrivals, ms int) bool {
	if in.r.Buffered() > 0 {
		return true
	}
	defer waitingSoon.Add(-1)
	return waitingSoon.Add(1) <= maxSoon && near.readable(ms)
}

// next reads a frame and handles it.
func (c *clientConn) next() (header, error) {
	h, err := c.in.header()
	if err == nil {
		err = c.handle(h)
	}
	return h, err
}

// run is the connection's own goroutine. It has the turn when it begins.
func (c *clientConn) run() {
	defer close(c.done)
	var err error
	for err == nil {
		if err = c.readOn(); err == nil {
			err = c.idle()
		}
	}
	c.fail(err)
}

// readOn reads until nobody waits for an answer, and gives up the turn.
func (c *clientConn) readOn() error {
	for {
		if c.busy() {
			c.soon()
		}
		if _, err := c.next(); err != nil {
			return err
		}
		if c.rest() {
			return nil
		}
	}
}

// busy tells whether a request waits for its answer.
func (c *clientConn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 0
}

// idle waits for the turn, which may come with the error that the connection
// ends with.
func (c *clientConn) idle() error {
	var last uint64
	var tick <-chan time.Time
	if c.signal != nil {
		t := time.NewTicker(quiet)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case err := <-c.turn:
			return err
		case <-c.closing:
		case <-tick:
		}
		c.mu.Lock()
		mine := !c.reading && (c.err != nil || c.last == last)
		last, c.reading = c.last, c.reading || mine
		c.mu.Unlock()
		if mine {
			return nil
		}
	}
}
