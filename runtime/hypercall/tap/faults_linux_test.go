package tap_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/hypercall/tap"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

var long = flag.Bool("long", false, "move a gigabyte over links with faults, not a few megabytes")

// transferSize is how many bytes cross a link in each direction.
func transferSize() int64 {
	if *long {
		return 1 << 30
	}
	return 4 << 20
}

// Whatever happens to frames, what curl sends to a kernel, and gets from it, is what
// was sent. It happens to frames in both directions.
func TestFaults(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		for _, c := range []struct {
			name string
			link faulty.Link
		}{
			{"loss", faulty.Link{Loss: 0.01}},
			{"reordering", faulty.Link{Reordering: 0.02}},
			{"duplication", faulty.Link{Duplication: 0.02}},
			{"corruption", faulty.Link{Corruption: 0.005}},
			{"delay", faulty.Link{Delay: 2 * time.Millisecond}},
			{"all", faulty.Link{Loss: 0.005, Reordering: 0.01, Duplication: 0.01, Corruption: 0.005, Delay: time.Millisecond}},
		} {
			t.Run(c.name, func(t *testing.T) {
				d := openConfig(t, tap.Config{Name: "tap0", Plain: true})
				network := faulty.NewNetwork(cable(), c.link, rand.Uint64(), nil)
				l := onTap(t, device(t, network, "kernel"))
				host := device(t, network, "host")
				host.Start(func(frame []byte) { _ = d.Send(frame) })
				d.Start(func(frame []byte) { _ = host.Send(frame) })
				t.Cleanup(func() { must(t, errors.Join(d.Close(), host.Close())) })
				transfer(t, l, func(name string, args ...string) *exec.Cmd {
					return exec.CommandContext(t.Context(), name, args...)
				})
				s := network.Stats()
				t.Logf("%+v", s)
				for what, happened := range map[string]bool{
					"lost": s.Lost > 0 == (c.link.Loss > 0), "reordered": s.Reordered > 0 == (c.link.Reordering > 0),
					"duplicated": s.Duplicated > 0 == (c.link.Duplication > 0), "corrupted": s.Corrupted > 0 == (c.link.Corruption > 0),
				} {
					if !happened {
						t.Errorf("%d frames, and it is not so that they are %s: %+v", s.Frames, what, s)
					}
				}
			})
		}
	})
}

// cable has two ends.
func cable() hypercall.Network {
	w := wire.New()
	return hypercall.NetworkFunc(func(_, _ string) (hypercall.NetworkDevice, error) { return w.Attach(), nil })
}

func device(t *testing.T, n hypercall.Network, name string) hypercall.NetworkDevice {
	t.Helper()
	d, err := n.Open("virt", name)
	must(t, err)
	return d
}

// The same with faults that the host makes, on both links between the kernel and
// another host.
func TestNetem(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		if _, err := exec.LookPath("tc"); err != nil {
			t.Skip(err)
		}
		other := netns.New(t)
		l := onTap(t, open(t, "tap0"))
		addDefaultRoutes(t, l)
		netns.IP(t, "link add veth0 type veth peer name veth1")
		other.Take("veth1")
		for _, cmd := range []string{"addr add 10.8.0.1/24 dev veth0", "-6 addr add fd08::1/64 dev veth0 nodad", "link set veth0 up"} {
			netns.IP(t, cmd)
		}
		for _, cmd := range []string{
			"addr add 10.8.0.2/24 dev veth1", "-6 addr add fd08::2/64 dev veth1 nodad",
			"route add default via 10.8.0.1", "-6 route add default via fd08::1",
		} {
			other.IP(cmd)
		}
		sysctl(t, "net/ipv4/ip_forward")
		sysctl(t, "net/ipv6/conf/all/forwarding")
		for _, faults := range []string{
			"loss 1%", "delay 1ms reorder 25% 50%", "duplicate 2%", "corrupt 0.5%", "delay 2ms 1ms",
			"delay 1ms 300us loss 0.3% duplicate 1% corrupt 0.3% reorder 25% 50%",
		} {
			for _, dev := range []string{"tap0", "veth0"} {
				args := append([]string{"qdisc", "replace", "dev", dev, "root", "netem", "limit", "100000"}, strings.Fields(faults)...)
				if out, err := exec.CommandContext(t.Context(), "tc", args...).CombinedOutput(); err != nil {
					if strings.Contains(string(out), "qdisc kind is unknown") {
						t.Skipf("this Linux has no netem: %s", out)
					}
					t.Fatalf("tc %s: %v: %s", strings.Join(args, " "), err, out)
				}
			}
			t.Logf("netem %s", faults)
			transfer(t, l, other.Command)
		}
	})
}

func addDefaultRoutes(t *testing.T, l lab) {
	t.Helper()
	for _, r := range []routing.Route{
		{Dst: netip.MustParsePrefix("10.8.0.0/24"), Gateway: host4},
		{Dst: netip.MustParsePrefix("fd08::/64"), Gateway: host6},
	} {
		must(t, l.AddRoute(t.Context(), r))
	}
}

// sysctl switches something on in the host's network.
func sysctl(t *testing.T, name string) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/"+name, []byte("1"), 0))
}

// noise is random bytes, as many as left says, and their sum.
type noise struct {
	*rand.ChaCha8
	left int64
}

func newNoise() *noise {
	return &noise{rand.NewChaCha8([32]byte{0: byte(rand.Uint32())}), transferSize()}
}

func (n *noise) Read(b []byte) (int, error) {
	if n.left == 0 {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), n.left)]
	n.left -= int64(len(b))
	return n.ChaCha8.Read(b)
}

// transfer has curl get bytes from a kernel over IPv4, and send some to it over
// IPv6, and compares their SHA-256.
func transfer(t *testing.T, l lab, command func(name string, args ...string) *exec.Cmd) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	sums := make(chan string, 1)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if r.Method == http.MethodPut {
			if _, err := io.Copy(sum, r.Body); err == nil {
				_, _ = io.WriteString(w, hex.EncodeToString(sum.Sum(nil)))
			}
			return
		}
		_, _ = io.Copy(w, io.TeeReader(newNoise(), sum)) // curl notices
		sums <- hex.EncodeToString(sum.Sum(nil))
	})}
	ln, err := l.net.Listen("tcp", ":80")
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	defer func() {
		must(t, srv.Close())
		<-served
	}()

	const patience = "600" // seconds, for neighbors whose addresses came wrong
	start := time.Now()
	arrived := sha256.New()
	get := command("curl", "-gsS", "--max-time", patience, "http://"+netip.AddrPortFrom(kernel4, 80).String())
	get.Stdout, get.Stderr = arrived, os.Stderr
	if err := get.Run(); err != nil {
		t.Fatalf("curl: %v", err)
	}
	if got, want := hex.EncodeToString(arrived.Sum(nil)), <-sums; got != want {
		t.Errorf("from the kernel came %s, sent was %s", got, want)
	}
	t.Logf("%d bytes from the kernel in %v", transferSize(), time.Since(start))

	start = time.Now()
	sent := sha256.New()
	put := command("curl", "-gsS", "--max-time", patience, "-T", "-", "http://"+netip.AddrPortFrom(kernel6, 80).String()+"/x")
	put.Stdin, put.Stderr = io.TeeReader(newNoise(), sent), os.Stderr
	out, err := put.Output()
	if err != nil {
		t.Fatalf("curl -T: %v", err)
	}
	if got, want := string(out), hex.EncodeToString(sent.Sum(nil)); got != want {
		t.Errorf("to the kernel came %s, sent was %s", got, want)
	}
	t.Logf("%d bytes to the kernel in %v", transferSize(), time.Since(start))
}
