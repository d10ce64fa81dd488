//go:build !race

// With the race detector, pools lose what is put into them.

package netstack

import (
	"testing"

	"github.com/abigen/abigen/netbsd"
)

// A read or a write of an established connection allocates nothing.
func TestTCPAllocations(t *testing.T) {
	h := newHost(t, boot(t))
	_, c, a := h.pair("127.0.0.1:4000")
	h.set(c, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, 1)
	b := make([]byte, 4096)
	n := testing.AllocsPerRun(1000, func() {
		h.write(c, b)
		for left := len(b); left > 0; {
			left -= h.read(a, b[:left])
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for a write and a read", n)
	}
}
