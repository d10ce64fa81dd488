package capture_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/capture"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// netbsdKernel starts NetBSD's own kernel, and connects to it.
func netbsdKernel(t *testing.T, components ...string) *sysproxy.Client {
	t.Helper()
	c, err := sysproxy.Dial(t.Context(), rump.ForTest(t, components...).URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestNetBSD captures in NetBSD's kernel.
func TestNetBSD(t *testing.T) {
	k := netbsdKernel(t, "dev", "dev_bpf")
	n := newNet(t, k)
	a, b := listen(t, n, "127.0.0.1:0"), listen(t, n, "127.0.0.1:0")
	all := start(t, k, capture.Options{Interface: "lo0"})
	two := start(t, k, capture.Options{Interface: "lo0", Count: 2, Snaplen: 4 + 28 + 3})
	talk(t, a, b, "first", "second", "third")
	all.stop()
	link, packets := all.end()
	if got := strings.Join(payloads(packets, 4), " "); link != netbsd.DLT_NULL || got != "first second third" {
		t.Errorf("link %d, payloads %q", link, got)
	}
	_, packets = two.end()
	if got := strings.Join(payloads(packets, 4), " "); got != "fir sec" {
		t.Errorf("payloads %q", got)
	}
}

// TestNoDevice: NetBSD's kernel, without what bpf(4) is in.
func TestNoDevice(t *testing.T) {
	_, err := capture.Run(t.Context(), netbsdKernel(t), new(bytes.Buffer), capture.Options{Interface: "lo0"})
	if !errors.Is(err, netbsd.ENOENT) || !strings.Contains(err.Error(), "-lrumpdev_bpf") {
		t.Error(err)
	}
}
