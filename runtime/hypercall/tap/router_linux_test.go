package tap_test

import (
	"bytes"
	"context"
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
	"github.com/abigen/abigen/runtime/hypercall/tap"
)

// A kernel routes between a tap and a bus. The host reaches another kernel on the
// bus, and that one the host: frames that Linux has not cut up are, on the way, and
// datagrams are in fragments of two sizes.
func TestRouterToBus(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector reports how gVisor forwards IPv4, see docs/decisions.md")
	}
	netns.Run(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "bus")
		bus := func() hypercall.NetworkDevice {
			b, err := shmif.Open(file)
			must(t, err)
			return b
		}
		d := openConfig(t, tap.Config{Name: "tap0", Queues: 2})
		router := newLab(t, map[string]hypercall.NetworkDevice{"virt0": d, "shmif" + file: bus()})
		router.up(t, "virt0", "10.9.0.1/24", "fd09::1/64")
		far := newLab(t, map[string]hypercall.NetworkDevice{"shmif" + file: bus()})
		for _, side := range []struct {
			lab
			addrs []string
		}{{router, []string{"10.7.0.1/24", "fd07::1/64"}}, {far, []string{"10.7.0.2/24", "fd07::2/64"}}} {
			must(t, side.CreateInterface(t.Context(), "shmif0"))
			must(t, side.SetLinkString(t.Context(), "shmif0", file))
			for _, a := range side.addrs {
				must(t, side.AddAddress(t.Context(), "shmif0", netip.MustParsePrefix(a)))
			}
		}
		for _, v := range []string{"net.inet.ip.forwarding", "net.inet6.ip6.forwarding"} {
			must(t, router.SetInt(t.Context(), v, 1))
		}
		for dst, via := range map[string]string{"10.9.0.0/24": "10.7.0.1", "fd09::/64": "fd07::1"} {
			must(t, far.AddRoute(t.Context(), routing.Route{Dst: netip.MustParsePrefix(dst), Gateway: netip.MustParseAddr(via)}))
		}
		hostUp(t)
		netns.IP(t, "route add 10.7.0.0/24 via 10.9.0.1")
		netns.IP(t, "-6 route add fd07::/64 via fd09::1")
		page(t, far)
		serveIperf(t, far)
		far4, far6 := netip.MustParseAddr("10.7.0.2"), netip.MustParseAddr("fd07::2")
		for _, mtu := range []int{1500, 9000} {
			must(t, router.SetMTU(t.Context(), "virt0", uint32(mtu)))
			for _, addr := range []netip.Addr{far4, far6} {
				netns.Ping(t, addr, 56)
				netns.Ping(t, addr, 5000) // fragments
				curl(t, addr)
				iperfTo(t, addr)
			}
			datagrams(t, far)
		}
		if background(t, "python3", "-m", "http.server", "--bind", "::", "8080") {
			for _, addr := range []netip.Addr{host4, host6} {
				c, err := dialUntil(t.Context(), far.net.DialContext, netip.AddrPortFrom(addr, 8080).String())
				if err != nil {
					t.Errorf("from the bus to %v: %v", addr, err)
					continue
				}
				must(t, c.Close())
			}
		}
	})
}

// datagrams sends some of the host's to a kernel: they have to be put together of
// fragments.
func datagrams(t *testing.T, l lab) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Logf("without python3: %v", err)
		return
	}
	pc, err := l.net.ListenPacket("udp", "10.7.0.2:9")
	must(t, err)
	defer func() { _ = pc.Close() }()
	const send = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 0) # IP_MTU_DISCOVER: fragments, whoever makes them
while True:
    s.sendto(bytes(i * i >> 8 & 255 for i in range(20000)), ("10.7.0.2", 9))
    time.sleep(0.2)
`
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "python3", "-c", send)
	must(t, cmd.Start())
	defer func() {
		stop()
		_ = cmd.Wait()
	}()
	_ = pc.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 1<<16)
	n, _, err := pc.ReadFrom(buf)
	if err != nil || !bytes.Equal(buf[:n], pattern(20000)) {
		t.Errorf("a datagram of %d bytes, %v", n, err)
	}
}
