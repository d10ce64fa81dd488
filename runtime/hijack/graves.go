//go:build linux && (amd64 || arm64)

package hijack

import (
	"maps"
	"slices"
	"time"

	"github.com/abigen/abigen/linux"
)

// maxGraves is how many sockets are remembered whose end is closed here before
// the program has closed its own.
const maxGraves = 256

// bury ends a socket whose program cannot be heard of any more, but may still ask for
// what went wrong. The oldest is forgotten.
func (so *socket) bury() {
	s := so.sup
	so.cancel()
	s.mu.Lock()
	s.graves = append(s.graves, so)
	var oldest *socket
	if len(s.graves) > maxGraves {
		oldest = s.graves[0]
		s.graves = s.graves[1:]
	}
	s.mu.Unlock()
	if oldest != nil {
		oldest.closed()
	}
}

// closeGraves closes all that are remembered.
func (s *supervisor) closeGraves() {
	s.mu.Lock()
	graves := s.graves
	s.graves = nil
	s.mu.Unlock()
	for _, so := range graves {
		so.closed()
	}
}

// hung returns the sockets that the program has closed, but that are still there. A program
// that closes a socket and takes its address for another does not know of that.
func (s *supervisor) hung() (list []*socket) {
	s.mu.Lock()
	for _, so := range s.sockets {
		if so.end.Hangup() {
			list = append(list, so)
		}
	}
	s.mu.Unlock()
	for _, so := range list {
		if so.typ == linux.SOCK_STREAM {
			so.attend()
		}
	}
	return list
}

// awaitGone waits until sockets are gone that the program has closed: as long as may be
// expected, for what they send has to go out before.
func (s *supervisor) awaitGone(hung []*socket) {
	awaitAll(hung, time.Second)
	s.mu.Lock()
	leaving := slices.Collect(maps.Keys(s.leaving))
	s.mu.Unlock()
	awaitAll(leaving, 10*time.Second) // for the kernel only, which may be far away
}

// isLeft tells whether a socket is leaving.
func (s *supervisor) isLeft() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.leaving) > 0
}

func awaitAll(list []*socket, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for _, so := range list {
		select {
		case <-so.gone:
		case <-timer.C:
			return
		}
	}
}
