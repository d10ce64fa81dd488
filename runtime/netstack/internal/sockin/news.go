package sockin

import "sync/atomic"

// A news counts what the host has told, and remembers how far that is used up, so
// that the host is asked only about what is new.
type news struct{ told, done atomic.Uint64 }

// add is called when the host tells of something.
func (n *news) add() { n.told.Add(1) }

// any tells whether there may be something.
func (n *news) any() bool { return n.told.Load() != n.done.Load() }

// mark returns where exhausted is to be called with when the host, asked later,
// has nothing. What it tells of meanwhile is news again.
func (n *news) mark() uint64          { return n.told.Load() }
func (n *news) exhausted(mark uint64) { n.done.Store(mark) }
