package socket

import "testing"

// TestPacket compares with what a real kernel's buffers hold: FIONSPACE and
// SO_OVERFLOWED of its sockets give the sizes away.
func TestPacket(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n, space int
		mbufs    int
		cost     int
	}{
		{0, 4096, 1, 512},
		{300, 9216, 1, 512},
		{400, 9216, 1, 512},
		{401, 9216, 2, 1024},
		{856, 9216, 2, 1024},
		{857, 9216, 1, 2560},
		{4000, 4096, 2, 5120},
		{857, 1000, 3, 1536}, // too little space for a cluster: 400, 456 and 1
	} {
		c := packet(test.n, test.space)
		if len(c) != test.mbufs || c.cost() != test.cost || c.whole(test.n) != test.n {
			t.Errorf("packet(%d, %d): %+v", test.n, test.space, c)
		}
	}
}

func TestStreamChain(t *testing.T) {
	t.Parallel()
	var c chain
	if cost := c.add(piece(100, 4096)); cost != mbufSize {
		t.Errorf("the first mbuf costs %d", cost)
	}
	if cost := c.add(piece(300, 4096)); cost != 0 {
		t.Errorf("data that fits into the last mbuf costs %d", cost)
	}
	if cost := c.add(piece(1, 4096)); cost != mbufSize {
		t.Errorf("data that does not fit costs %d", cost)
	}
	if n := c.whole(400); n != 400 {
		t.Errorf("of 400 bytes %d are in mbufs of their own", n)
	}
	if n := c.whole(399); n != 0 {
		t.Errorf("of 399 bytes %d are in mbufs of their own", n)
	}
	if freed := c.eat(399); freed != 0 {
		t.Errorf("399 bytes free %d", freed)
	}
	if freed := c.eat(2); freed != 2*mbufSize || c.cost() != 0 {
		t.Errorf("the last 2 bytes free %d, and %d remain", freed, c.cost())
	}
}
