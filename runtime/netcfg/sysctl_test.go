package netcfg_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// eachRelease runs a test on an embedded kernel of every release.
func eachRelease(t *testing.T, cfg netstack.Config, test func(t *testing.T, c *netcfg.Client)) {
	for _, release := range []*kernel.Release{kernel.NetBSD10, kernel.NetBSD79934} {
		t.Run(release.Version, func(t *testing.T) {
			cfg.Release = release
			k, err := netstack.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = k.Close() }()
			c, err := netcfg.Open(k)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			test(t, c)
		})
	}
}

func want(t *testing.T, err error, errno netbsd.Errno) {
	t.Helper()
	var got netbsd.Errno
	if err != nil && !errors.As(err, &got) || got != errno {
		t.Errorf("error is %v, not %v", err, errno)
	}
}

func TestVariables(t *testing.T) {
	eachRelease(t, netstack.Config{Hostname: "one"}, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		if name, err := c.String(ctx, "kern.hostname"); name != "one" || err != nil {
			t.Errorf("kern.hostname is %q, %v", name, err)
		}
		if err := c.SetString(ctx, "kern.hostname", "another"); err != nil {
			t.Error(err)
		}
		if name, err := c.String(ctx, "kern.hostname"); name != "another" || err != nil {
			t.Errorf("kern.hostname is %q, %v", name, err)
		}
		if err := c.SetInt(ctx, "net.inet6.ip6.anonportmin", 50000); err != nil {
			t.Error(err)
		}
		if v, err := c.Int(ctx, "net.inet6.ip6.anonportmin"); v != 50000 || err != nil {
			t.Errorf("anonportmin is %d, %v", v, err)
		}
		if v, err := c.Int(ctx, "hw.physmem64"); v < 1<<20 || err != nil {
			t.Errorf("hw.physmem64 is %d, %v", v, err)
		}
		want(t, c.SetInt(ctx, "net.inet6.ip6.anonportmin", 1), netbsd.EINVAL)
		want(t, c.SetInt(ctx, "net.inet.tcp.slowhz", 1), netbsd.EPERM)
		_, err := c.Int(ctx, "net.inet.nothing")
		want(t, err, netbsd.ENOENT)
		_, err = c.Int(ctx, "net.inet.ip.ttl.below")
		want(t, err, netbsd.ENOTDIR)
		_, err = c.Int(ctx, "net.inet")
		want(t, err, netbsd.EINVAL)
	})
}

func TestListVariables(t *testing.T) {
	eachRelease(t, netstack.Config{}, func(t *testing.T, c *netcfg.Client) {
		tops, err := c.Variables(t.Context(), "")
		if err != nil || len(tops) != 13 {
			t.Errorf("%d variables at the top, %v", len(tops), err)
		}
		tcp, err := c.Variables(t.Context(), "net.inet.tcp")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(tcp, func(v netcfg.Variable) bool { return v.Name == "slowhz" })
		wanted := netcfg.Variable{Name: "slowhz", Number: netbsd.TCPCTL_SLOWHZ, Type: netbsd.CTLTYPE_INT, Size: 4}
		if i < 0 || tcp[i] != wanted {
			t.Errorf("net.inet.tcp has %v, without %v", tcp, wanted)
		}
	})
}
