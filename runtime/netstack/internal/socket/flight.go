package socket

import (
	"sync"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// maxInFlight is how many files may be on their way through sockets: half of
// those that NetBSD allows to be open (MAXFILES, unp_rights_ratio).
const maxInFlight = 3404 / 2

// A flight is the files that are in messages and not received yet, and those
// that nobody will receive.
type flight struct {
	mu      sync.Mutex
	count   int
	lost    []*kern.OpenFile
	closing bool // a thread closes those that are lost
}

// Depart counts n files that go in flight: EAGAIN when they would be too many.
func (so *Socket) Depart(n int) error {
	f := &so.layer.flight
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count+n > maxInFlight {
		return netbsd.EAGAIN
	}
	f.count += n
	return nil
}

// arrive is Depart's inverse, for files that were received.
func (f *flight) arrive(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count -= n
}

// Discard gives the references to files in flight back. A file that is closed by
// that may be a socket to which others are in flight, and so on. They are closed
// one after the other, and not one within the other, as there can be many.
func (so *Socket) Discard(l *kern.Lwp, files []*kern.OpenFile) {
	if len(files) == 0 {
		return
	}
	f := &so.layer.flight
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count -= len(files)
	f.lost = append(f.lost, files...)
	if f.closing {
		return
	}
	f.closing = true
	for len(f.lost) > 0 {
		last := len(f.lost) - 1
		file := f.lost[last]
		f.lost = f.lost[:last]
		f.mu.Unlock()
		file.Unref(l)
		f.mu.Lock()
	}
	f.lost, f.closing = nil, false
}
