package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/abigen/abigen/internal/netns"
)

// Two hosts reach each other through the router, and one what is behind the other.
// When it stops, its interfaces are gone.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("hosts in network namespaces")
	}
	netns.Run(t, func(t *testing.T) {
		left, right := netns.New(t), netns.New(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ready, done := make(chan bool), make(chan error, 1)
		go func() {
			done <- run(ctx, []string{
				"left", "10.1.0.1/24,fd01::1/64", "right", "10.2.0.1/24,fd02::1/64", "192.0.2.0/24=10.2.0.2",
			}, func() { close(ready) })
		}()
		select {
		case <-ready:
		case err := <-done:
			t.Fatal(err)
		}
		left.Take("left")
		right.Take("right")
		left.IP("addr add 10.1.0.2/24 dev left")
		left.IP("-6 addr add fd01::2/64 dev left nodad")
		left.IP("route add default via 10.1.0.1")
		left.IP("-6 route add default via fd01::1")
		right.IP("addr add 10.2.0.2/24 dev right")
		right.IP("-6 addr add fd02::2/64 dev right nodad")
		right.IP("addr add 192.0.2.80/32 dev lo")
		right.IP("route add default via 10.2.0.1")
		right.IP("-6 route add default via fd02::1")

		for _, addr := range []string{"10.1.0.1", "10.2.0.1", "10.2.0.2", "192.0.2.80", "fd01::1", "fd02::2"} {
			left.Ping(netip.MustParseAddr(addr), 56)
			left.Ping(netip.MustParseAddr(addr), 4000) // in fragments
		}
		right.Ping(netip.MustParseAddr("10.1.0.2"), 56)
		right.Ping(netip.MustParseAddr("fd01::2"), 56)
		fetch(t, left, right)

		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if left.Has("left") || right.Has("right") {
			t.Error("the taps are still there")
		}
	})
}

// fetch gets a page from right with curl on left.
func fetch(t *testing.T, left, right *netns.Host) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Logf("without curl: %v", err)
		return
	}
	page := strings.Repeat("forwarded ", 1<<20)
	for _, host := range []string{"192.0.2.80", "[fd02::2]"} {
		var l net.Listener
		var err error
		right.Do(func() { l, err = net.Listen("tcp", host+":80") })
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })}
		go func() { _ = srv.Serve(l) }()
		out, err := left.Command("curl", "-gsS", "--max-time", "60", "http://"+host+"/").Output()
		if err != nil || string(out) != page {
			t.Errorf("from %s: %d bytes, %v", host, len(out), err)
		}
		_ = srv.Close()
	}
}

func TestUsage(t *testing.T) {
	for _, args := range []string{"", "left 10.1.0.1/24 right", "left x right 10.2.0.1/24", "left 10.1.0.1/24 right 10.2.0.1/24 default", "l 10.1.0.1/24 r 10.2.0.1/24 10.0.0.0/8=x"} {
		if err := run(t.Context(), strings.Fields(args), func() {}); err == nil {
			t.Errorf("%q is understood", args)
		}
	}
}
