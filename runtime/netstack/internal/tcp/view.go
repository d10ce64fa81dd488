package tcp

import (
	"io"
	"sync"
)

// A view is what a reader sees of the receive buffer of an endpoint: a writer
// that keeps what it is given, without copying it, and then one that takes
// as much as was used.
type view struct {
	left   int      // bytes it still wants
	taken  bool     // they are only counted
	pieces [][]byte // in gVisor's buffers
}

var views = sync.Pool{New: func() any { return new(view) }}

// Write keeps, or takes, as much of p as is wanted.
func (v *view) Write(p []byte) (int, error) {
	n := min(len(p), v.left)
	switch {
	case n == 0 && len(p) > 0:
		return 0, io.ErrShortWrite
	case !v.taken:
		v.pieces = append(v.pieces, p[:n])
	}
	if v.left -= n; n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// release puts v back.
func (v *view) release() {
	clear(v.pieces)
	*v = view{pieces: v.pieces[:0]}
	views.Put(v)
}
