package tap_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// The kernel's addresses, and the host's.
var (
	kernel4, kernel6 = netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("fd09::1")
	host4, host6     = netip.MustParseAddr("10.9.0.2"), netip.MustParseAddr("fd09::2")
)

// A lab is a kernel with virt0, at the other end of which is the host's tap0.
type lab struct {
	*netcfg.Client
	net *nbsock.Net
}

// newLab boots a kernel on a device. It halts with the test.
func newLab(t *testing.T, devices map[string]hypercall.NetworkDevice) lab {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(driver, link string) (hypercall.NetworkDevice, error) {
			if dev := devices[driver+link]; dev != nil {
				return dev, nil
			}
			return nil, &hypercall.OpError{Op: "open", Driver: driver, Err: 6}
		}),
	}})
	must(t, err)
	t.Cleanup(func() { must(t, k.Close()) })
	c, err := netcfg.Open(k)
	must(t, err)
	must(t, c.SetInt(t.Context(), "net.inet.ip.dad_count", 0))
	must(t, c.SetInt(t.Context(), "net.inet6.ip6.dad_count", 0))
	n, err := nbsock.New(k, nbsock.Config{})
	must(t, err)
	return lab{c, n}
}

// up gives an interface addresses.
func (l lab) up(t *testing.T, ifname string, addrs ...string) {
	t.Helper()
	must(t, l.CreateInterface(t.Context(), ifname))
	for _, a := range addrs {
		must(t, l.AddAddress(t.Context(), ifname, netip.MustParsePrefix(a)))
	}
}

// hostUp gives the host's tap0 its addresses.
func hostUp(t *testing.T) {
	t.Helper()
	for _, cmd := range []string{
		"link set tap0 up", "addr add 10.9.0.2/24 dev tap0", "-6 addr add fd09::2/64 dev tap0 nodad",
	} {
		netns.IP(t, cmd)
	}
}

// onTap boots a kernel with virt0 on a device, and brings both ends up.
func onTap(t *testing.T, dev hypercall.NetworkDevice) lab {
	t.Helper()
	l := newLab(t, map[string]hypercall.NetworkDevice{"virt0": dev})
	l.up(t, "virt0", "10.9.0.1/24", "fd09::1/64")
	hostUp(t)
	return l
}

// program runs one of the host's, and returns what it prints. Without it, it
// returns false.
func program(t *testing.T, name string, args ...string) (string, bool) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Logf("without %s: %v", name, err)
		return "", false
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out), true
}

// background starts a program of the host, which ends with the test.
func background(t *testing.T, name string, args ...string) (started bool) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Logf("without %s: %v", name, err)
		return false
	}
	cmd := exec.CommandContext(context.Background(), name, args...)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return true
}

// dialUntil connects to a program that may not listen yet.
func dialUntil(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error), addr string) (net.Conn, error) {
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		c, err := dial(ctx, "tcp", addr)
		if err == nil {
			return c, nil
		}
		last = err
	}
	return nil, errors.Join(errors.New("nobody listens"), last)
}
