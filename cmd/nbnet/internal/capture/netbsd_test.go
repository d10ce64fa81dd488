package capture_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/capture"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// rumpServer starts NetBSD's own kernel below $RUMP_PREFIX, and connects to it.
func rumpServer(t *testing.T, components ...string) *sysproxy.Client {
	t.Helper()
	prefix := os.Getenv("RUMP_PREFIX")
	if prefix == "" || runtime.GOARCH != "amd64" {
		t.Skip("needs NetBSD's kernel: RUMP_PREFIX is not set, or this is not amd64")
	}
	args := []string{"-s"}
	for _, c := range append([]string{"vfs", "net", "net_net", "net_netinet"}, components...) {
		args = append(args, "-lrump"+c)
	}
	url := "unix://" + filepath.Join(t.TempDir(), "s")
	cmd := exec.Command(filepath.Join(prefix, "bin", "rump_server"), append(args, url)...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(prefix, "lib"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 500 {
		c, err := sysproxy.Dial(t.Context(), url)
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the kernel does not start")
	return nil
}

// TestNetBSD captures in NetBSD's kernel.
func TestNetBSD(t *testing.T) {
	k := rumpServer(t, "dev", "dev_bpf")
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
	_, err := capture.Run(t.Context(), rumpServer(t), new(bytes.Buffer), capture.Options{Interface: "lo0"})
	if !errors.Is(err, netbsd.ENOENT) || !strings.Contains(err.Error(), "-lrumpdev_bpf") {
		t.Error(err)
	}
}
