package nbsock_test

import "testing"

// TestNoAllocation holds that a read or write of a connection allocates nothing.
// (Over IPv6, gVisor's parser of headers does.)
func TestNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	c1, c2 := connected(t, "tcp4", "127.0.0.1:0")
	b := make([]byte, 100)
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := c1.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := c2.Read(b); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a write and a read", allocs)
	}
}
