package tap_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/tap"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// The host's programs and a kernel reach each other, with small frames and with
// large ones.
func TestKernel(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		dev := open(t, "tap0")
		k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
			Network: hypercall.NetworkFunc(func(driver, link string) (hypercall.NetworkDevice, error) {
				if driver != "virt" || link != "0" {
					return nil, netbsd.ENXIO
				}
				return dev, nil
			}),
		}})
		must(t, err)
		defer func() { must(t, k.Close()) }()
		c, err := netcfg.Open(k)
		must(t, err)
		ctx := t.Context()
		must(t, c.SetInt(ctx, "net.inet.ip.dad_count", 0))
		must(t, c.SetInt(ctx, "net.inet6.ip6.dad_count", 0))
		must(t, c.CreateInterface(ctx, "virt0"))
		must(t, c.AddAddress(ctx, "virt0", netip.MustParsePrefix("10.9.0.1/24")))
		must(t, c.AddAddress(ctx, "virt0", netip.MustParsePrefix("fd09::1/64")))
		for _, cmd := range []string{
			"link set tap0 up", "addr add 10.9.0.2/24 dev tap0", "-6 addr add fd09::2/64 dev tap0 nodad",
		} {
			netns.IP(t, cmd)
		}
		n, err := nbsock.New(k, nbsock.Config{})
		must(t, err)

		v4, v6 := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("fd09::1")
		for _, mtu := range []int{1500, 9000} {
			must(t, c.SetMTU(ctx, "virt0", uint32(mtu)))
			netns.Ping(t, v4, 56)
			netns.Ping(t, v6, 56)
			netns.Ping(t, v4, mtu-28) // one packet
			netns.Ping(t, v6, mtu-48)
			netns.Ping(t, v4, mtu+1000) // fragments
			netns.Ping(t, v6, mtu+1000)

			ln, err := n.Listen("tcp", ":80")
			must(t, err)
			fetch(t, ln, http.DefaultTransport.(*http.Transport), v4, v6)
			host, err := net.Listen("tcp", ":80")
			must(t, err)
			fetch(t, host, &http.Transport{DialContext: n.DialContext}, netip.MustParseAddr("10.9.0.2"), netip.MustParseAddr("fd09::2"))
		}
	})
}

// fetch serves a page on one side, and gets it on the other.
func fetch(t *testing.T, ln net.Listener, client *http.Transport, addrs ...netip.Addr) {
	t.Helper()
	page := make([]byte, 1<<20)
	for i := range page {
		page[i] = byte(i * i >> 8)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	for _, a := range addrs {
		resp, err := (&http.Client{Transport: client, Timeout: time.Minute}).Get("http://" + netip.AddrPortFrom(a, 80).String())
		must(t, err)
		got, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		if string(got) != string(page) {
			t.Errorf("%d bytes from %v are not the page", len(got), a)
		}
	}
	if _, err := exec.LookPath("curl"); err == nil && client == http.DefaultTransport {
		for _, a := range addrs { // a program of the host, too
			url := "http://" + netip.AddrPortFrom(a, 80).String()
			if got, err := exec.CommandContext(t.Context(), "curl", "-gsS", "--max-time", "60", url).Output(); err != nil || string(got) != string(page) {
				t.Errorf("curl %s: %d bytes are not the page, %v", url, len(got), err)
			}
		}
	}
	client.CloseIdleConnections()
	must(t, srv.Close())
	<-served
}

func Example() {
	dev, err := tap.Open("tap0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return dev, nil }),
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer k.Close() // and with it the device, if an interface was made
}
