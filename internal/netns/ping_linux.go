package netns

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Ping sends an echo request with size bytes from this namespace to addr until it
// is answered, and fails when that does not happen within a minute. An answer
// must have the bytes.
func Ping(t testing.TB, addr netip.Addr, size int) {
	t.Helper()
	if err := ping(addr, size); err != nil {
		t.Fatal(err)
	}
}

// Ping is [Ping] from there.
func (h *Host) Ping(addr netip.Addr, size int) {
	h.t.Helper()
	var err error
	h.Do(func() { err = ping(addr, size) })
	if err != nil {
		h.t.Fatal(err)
	}
}

func ping(addr netip.Addr, size int) error {
	network, from, typ, answer, proto := "ip4:icmp", "0.0.0.0", icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply), 1
	if addr.Is6() {
		network, from, typ, answer, proto = "ip6:ipv6-icmp", "::", ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58
	}
	c, err := icmp.ListenPacket(network, from)
	if err != nil {
		return err
	}
	defer c.Close()
	echo := &icmp.Echo{ID: os.Getpid() & 0xffff, Data: make([]byte, size)}
	for i := range echo.Data {
		echo.Data[i] = byte(rand.Uint32())
	}
	buf := make([]byte, size+1<<10)
	var last error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); echo.Seq++ {
		b, err := (&icmp.Message{Type: typ, Body: echo}).Marshal(nil)
		if err != nil {
			return err
		}
		if _, last = c.WriteTo(b, &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}); last != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		for until := time.Now().Add(500 * time.Millisecond); ; {
			_ = c.SetReadDeadline(until)
			n, _, err := c.ReadFrom(buf)
			if err != nil {
				last = err
				break
			}
			m, err := icmp.ParseMessage(proto, buf[:n])
			if err != nil || m.Type != answer {
				continue
			}
			if got, ok := m.Body.(*icmp.Echo); ok && got.ID == echo.ID && bytes.Equal(got.Data, echo.Data) {
				return nil
			}
		}
	}
	return fmt.Errorf("no answer from %v to %d bytes: %w", addr, size, last)
}
