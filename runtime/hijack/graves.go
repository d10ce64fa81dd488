//go:build linux && (amd64 || arm64)

package hijack

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
