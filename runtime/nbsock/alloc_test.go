package nbsock_test

import "testing"

// TestNoAllocation holds that a read or write of a connection allocates nothing.
func TestNoAllocation(t *testing.T) {
	n := boot(t)
	for _, tc := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		c1, c2 := connected(t, n, tc.network, tc.address)
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
			t.Errorf("%s: %v allocations for a write and a read", tc.network, allocs)
		}
	}
}
