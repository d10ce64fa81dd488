package nbsock_test

import (
	"testing"
)

func BenchmarkPingPong(b *testing.B) {
	n := boot(b)
	c1, c2, err := pair(n, "tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _, _ = c1.Close(), c2.Close() }()
	buf := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c1.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := c2.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
