package netstack_test

import (
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// BenchmarkUDP sends datagrams from one connected socket to another and
// receives them.
func BenchmarkUDP(b *testing.B) {
	for _, row := range []struct {
		name string
		size int
	}{{"16", 16}, {"1400", 1400}} {
		b.Run(row.name, func(b *testing.B) {
			h := newHost(b, nil)
			s, r := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
			h.bind(s, "127.0.0.1:5001")
			h.bind(r, "127.0.0.1:5000")
			to := sockaddr("127.0.0.1:5000")
			if err := syscalls.Connect(b.Context(), h, s, h.put(to), uint32(len(to))); err != nil {
				b.Fatal(err)
			}
			out, in := h.put(make([]byte, row.size)), h.put(make([]byte, row.size))
			b.SetBytes(int64(row.size))
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				if _, err := syscalls.Sendto(ctx, h, s, out, uint(row.size), 0, 0, 0); err != nil {
					b.Fatal(err)
				}
				if n, err := syscalls.Recvfrom(ctx, h, r, in, uint(row.size), 0, 0, 0); err != nil || n != row.size {
					b.Fatal(n, err)
				}
			}
		})
	}
}
