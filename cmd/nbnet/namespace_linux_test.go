package main

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/internal/rump"
)

// Traffic of two hosts crosses a kernel that routes between their taps and a bus,
// on which there is another kernel. It begins when forwarding is switched on from
// outside. A kernel that stops leaves nothing behind.
func TestRouter(t *testing.T) {
	if testing.Short() {
		t.Skip("hosts in network namespaces")
	}
	netns.Run(t, func(t *testing.T) {
		dir := t.TempDir()
		bus := filepath.Join(dir, "bus")
		router := start(t, filepath.Join(dir, "router"),
			"--iface", "virt0=tap:left,10.1.0.1/24,fd01::1/64,mtu=9000",
			"--iface", "virt1=tap:right,10.2.0.1/24,fd02::1/64,mtu=9000",
			"--iface", "shmif0=bus:"+bus+",10.3.0.1/24,fd03::1/64")
		server := start(t, filepath.Join(dir, "server"),
			"--iface", "shmif0=bus:"+bus+",10.3.0.2/24,fd03::2/64",
			"--route", "default=10.3.0.1", "--route", "default=fd03::1")
		left, right := netns.New(t), netns.New(t)
		join(left, "left", "1")
		join(right, "right", "2")
		router.run("sysctl", "-qw", "net.inet.ip.forwarding=1", "net.inet6.ip6.forwarding=1")

		for _, addr := range []string{"10.2.0.2", "10.3.0.2", "fd02::2", "fd03::2"} {
			for _, size := range []int{56, 8900} {
				left.Ping(netip.MustParseAddr(addr), size)
			}
		}
		right.Ping(netip.MustParseAddr("10.1.0.2"), 56)
		right.Ping(netip.MustParseAddr("fd03::2"), 56)
		if out := server.run("sysctl", "-n", "kern.ostype"); out != "NetBSD\n" {
			t.Errorf("the server is %q", out)
		}

		pcap := filepath.Join(t.TempDir(), "pcap")
		captured := make(chan bool)
		go func() {
			defer close(captured)
			router.run("capture", "-c", "2", "-w", pcap, "shmif0")
		}()
		for more := true; more; {
			select {
			case <-captured:
				more = false
			default:
				left.Ping(netip.MustParseAddr("10.3.0.2"), 56)
			}
		}
		if b, err := os.ReadFile(pcap); err != nil || len(b) < 24+2*(16+42) {
			t.Errorf("%d bytes of packets, %v", len(b), err)
		}

		for _, want := range []string{"mtu 9000", "status: active", "inet 10.2.0.1", "inet6 fd02::1"} {
			if out := router.run("ifconfig", "virt1"); !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		for name, addr := range map[string]string{"ping": "10.1.0.2", "ping6": "fd02::2"} {
			if out := server.run(name, "-c", "2", addr); !strings.Contains(out, "2 packets transmitted, 2 packets received") {
				t.Errorf("%s %s: %s", name, addr, out)
			}
		}
		if out := router.run("arp", "-an"); !strings.Contains(out, "10.1.0.2") {
			t.Errorf("no 10.1.0.2 in\n%s", out)
		}

		router.stop()
		server.stop()
		if left.Has("left") || right.Has("right") {
			t.Error("the taps are still there")
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 {
			t.Errorf("there is more than the bus: %v, %v", files, err)
		}
	})
}

// NetBSD's own kernel has taps as well, and they are there as long as it is.
func TestRumpTap(t *testing.T) {
	if testing.Short() {
		t.Skip("a host in a network namespace")
	}
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	netns.Run(t, func(t *testing.T) {
		router := start(t, filepath.Join(t.TempDir(), "router"), "--kernel", "rump",
			"--iface", "virt0=tap:left,10.1.0.1/24,fd01::1/64,lladdr=b2:a0:00:00:00:05",
			"--iface", "virt1=tap:right,10.2.0.1/24,fd02::1/64")
		left, right := netns.New(t), netns.New(t)
		join(left, "left", "1")
		join(right, "right", "2")
		for _, addr := range []string{"10.1.0.1", "10.2.0.2", "fd01::1"} {
			for _, size := range []int{56, 1400} {
				left.Ping(netip.MustParseAddr(addr), size)
			}
		}
		for name, addr := range map[string]string{"ping": "10.1.0.2", "ping6": "fd02::2"} {
			if out := router.run(name, "-c", "2", addr); !strings.Contains(out, "2 packets transmitted, 2 packets received") {
				t.Errorf("%s %s: %s", name, addr, out)
			}
		}
		if out := router.run("ifconfig", "virt0"); !strings.Contains(out, "address: b2:a0:00:00:00:05") {
			t.Errorf("the address is another one:\n%s", out)
		}
		router.stop()
		if left.Has("left") || right.Has("right") {
			t.Error("the taps are still there")
		}
	})
}

// join gives a host the tap, addresses, and routes by way of the router.
func join(h *netns.Host, tap, network string) {
	h.Take(tap)
	h.IP("addr add 10." + network + ".0.2/24 dev " + tap)
	h.IP("-6 addr add fd0" + network + "::2/64 dev " + tap + " nodad")
	h.IP("route add default via 10." + network + ".0.1")
	h.IP("-6 route add default via fd0" + network + "::1")
}

// A served is a kernel that nbnet serves in this process.
type served struct {
	t    *testing.T
	url  string
	halt context.CancelFunc
	done chan int
	said *notes
}

// start serves a kernel, and returns when it is ready.
func start(t *testing.T, socket string, args ...string) *served {
	t.Helper()
	ctx, halt := context.WithCancel(context.Background())
	s := &served{t: t, url: "unix://" + socket, halt: halt, done: make(chan int, 1), said: &notes{ready: make(chan bool)}}
	go func() { s.done <- run(ctx, append(append([]string{"serve"}, args...), s.url), s.said, s.said) }()
	t.Cleanup(halt)
	select {
	case <-s.said.ready:
	case code := <-s.done:
		t.Fatalf("nbnet serve: exit code %d\n%s", code, s.said)
	}
	return s
}

// run runs a command of nbnet in the kernel, and returns what it prints.
func (s *served) run(args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	if code := run(s.t.Context(), append([]string{"--server", s.url}, args...), &out, &errs); code != 0 {
		s.t.Fatalf("nbnet %s: exit code %d\n%s", strings.Join(args, " "), code, &errs)
	}
	return out.String()
}

func (s *served) stop() {
	s.t.Helper()
	s.halt()
	if code := <-s.done; code != 0 {
		s.t.Errorf("nbnet serve: exit code %d\n%s", code, s.said)
	}
}

// notes are what a kernel says. It is ready when it has said something.
type notes struct {
	mu    sync.Mutex
	b     strings.Builder
	once  sync.Once
	ready chan bool
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if bytes.Contains(p, []byte("nbnet: NetBSD")) {
		n.once.Do(func() { close(n.ready) })
	}
	return n.b.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}
