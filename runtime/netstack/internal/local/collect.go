package local

import (
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Sockets can be in flight to each other with no descriptor left for any of them.
// While descriptors are in flight, a collection finds such sockets each second,
// as the kernel's does.
const interval = time.Second

// sent notes that files went in flight. d.mu is held.
func (d *Domain) sent(files []*kern.OpenFile) {
	if len(files) > 0 && d.gc == nil {
		d.gc = d.fs.Clock.AfterFunc(interval, d.collectAgain)
	}
}

// collectAgain collects when the timer says so. What goes in flight while the
// garbage is closed finds the timer as this collection has left it.
func (d *Domain) collectAgain() {
	d.mu.Lock()
	if d.gc == nil { // closed
		d.mu.Unlock()
		return
	}
	c := d.collect()
	if c.inFlight {
		d.gc.Reset(interval)
	} else {
		d.gc = nil
	}
	d.mu.Unlock()
	c.discard()
}

// Close ends the collections. All processes have exited, so that what is in
// flight cannot be received any more: it is closed.
func (d *Domain) Close() {
	d.Collect()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gc != nil {
		d.gc.Stop()
		d.gc = nil
	}
}

// Collect closes the files in flight that no descriptor leads to, and reports
// whether others remain in flight.
func (d *Domain) Collect() bool {
	d.mu.Lock()
	found := d.collect()
	d.mu.Unlock()
	found.discard()
	return found.inFlight
}

// findings are what a collection has found.
type findings struct {
	garbage  []*kern.OpenFile
	from     *socket.Socket // one that garbage was in flight to
	inFlight bool           // others remain
}

// collect takes what no descriptor leads to out of the buffers. d.mu is held.
func (d *Domain) collect() findings {
	c := collection{d: d, counts: map[*kern.OpenFile]int64{}, queued: map[*pcb][]*kern.OpenFile{}, marked: map[*pcb]bool{}}
	c.scan()
	var found findings
	if lost := c.mark(); len(lost) > 0 {
		found.garbage, found.from = c.sweep(lost), lost[0].so
	}
	found.inFlight = len(c.counts) > 0
	return found
}

// discard closes the garbage.
func (f findings) discard() {
	if len(f.garbage) > 0 {
		f.from.Discard(reaper(), f.garbage)
	}
}

// reaper returns the thread that closes what was collected. It is of a process
// that has exited, so that it does not linger over anything.
func reaper() *kern.Lwp {
	p, _ := new(kern.Procs).New("unpgc", nil) // fails when there are too many processes
	p.Exit()
	return kern.NewLwp(p, nil)
}

// A collection is a mark and sweep of the local sockets. All of it happens with
// d.mu held, so that nothing more goes in flight meanwhile.
type collection struct {
	d      *Domain
	counts map[*kern.OpenFile]int64  // how often a file is in flight
	queued map[*pcb][]*kern.OpenFile // the files in flight to a socket
	marked map[*pcb]bool             // sockets that a descriptor leads to
}

// scan finds what is in flight.
func (c *collection) scan() {
	for p := range c.d.pcbs {
		p.so.Mu.Lock()
		for _, r := range p.so.Rcv.Records {
			for _, f := range r.Rights {
				c.counts[f]++
				c.queued[p] = append(c.queued[p], f)
			}
		}
		p.so.Mu.Unlock()
	}
}

// mark marks the sockets that a descriptor leads to, and returns those in flight
// only.
func (c *collection) mark() []*pcb {
	flying := map[*pcb]bool{}
	for f, n := range c.counts {
		if p := pcbOf(f); p != nil && f.Refs() == n {
			flying[p] = true
		}
	}
	for p := range c.d.pcbs {
		if !flying[p] && (p.head == nil || !flying[p.head]) {
			c.reach(p)
		}
	}
	var lost []*pcb
	for p := range flying {
		if !c.marked[p] {
			lost = append(lost, p)
		}
	}
	return lost
}

// reach marks p and all that can be received from it, directly or not.
func (c *collection) reach(p *pcb) {
	todo := []*pcb{p}
	for len(todo) > 0 {
		p, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if c.marked[p] {
			continue
		}
		c.marked[p] = true
		todo = append(todo, p.queue...)
		for _, f := range c.queued[p] {
			if q := pcbOf(f); q != nil {
				todo = append(todo, q)
			}
		}
	}
}

// sweep takes all files out of the buffers of sockets that are lost, and of what
// waits to be accepted there.
func (c *collection) sweep(lost []*pcb) []*kern.OpenFile {
	var files []*kern.OpenFile
	for _, p := range lost {
		files = append(files, p.so.Flush()...)
		for _, q := range p.queue {
			files = append(files, q.so.Flush()...)
		}
	}
	for _, f := range files {
		if c.counts[f]--; c.counts[f] == 0 {
			delete(c.counts, f)
		}
	}
	return files
}

// pcbOf returns the local socket that f is, nil when it is something else.
func pcbOf(f *kern.OpenFile) *pcb {
	so, ok := f.File.(*socket.Socket)
	if !ok || so.Domain != netbsd.AF_LOCAL {
		return nil
	}
	p, _ := so.Proto.(*pcb)
	return p
}
