package netstack_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// onHost boots a kernel on a host.
func onHost(t *testing.T, h *hypercall.Host) *netstack.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: h})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { halt(t, k) })
	return k
}

// time returns what a clock of the kernel shows.
func (h *host) time(id int32) time.Duration {
	h.Helper()
	a := h.put(make([]byte, netbsd.SizeofTimespec))
	if err := syscalls.ClockGettime(h.Context(), h, id, a); err != nil {
		h.Fatal(err)
	}
	var ts netbsd.Timespec
	copy(abi.AsBytes(&ts), h.at(a, netbsd.SizeofTimespec))
	return time.Duration(ts.Sec)*time.Second + time.Duration(ts.Nsec)
}

func TestTimeIsTheHosts(t *testing.T) {
	clock := faulty.NewClock(nil)
	h := newProgram(t, onHost(t, &hypercall.Host{Clock: clock}))
	shows := func(step string) {
		t.Helper()
		if got, want := h.time(netbsd.CLOCK_REALTIME), time.Duration(clock.Now().UnixNano()); got != want {
			t.Errorf("%s: the wall clock shows %v, not %v", step, got, want)
		}
		if got, want := h.time(netbsd.CLOCK_MONOTONIC), clock.Monotonic(); got != want {
			t.Errorf("%s: the monotonic clock shows %v, not %v", step, got, want)
		}
	}
	shows("at first")
	clock.Advance(time.Minute)
	shows("a minute later")
	clock.Jump(-time.Hour)
	shows("an hour before")
}

// Who sleeps does so by the monotonic clock, whatever the other does.
func TestSleepers(t *testing.T) {
	clock := faulty.NewClock(nil)
	k := onHost(t, &hypercall.Host{Clock: clock})
	const long = 1000 * time.Second
	for name, sleep := range map[string]func(h *host) error{
		"nanosleep": func(h *host) error {
			ts := netbsd.Timespec{Sec: int64(long / time.Second)}
			return syscalls.Nanosleep(t.Context(), h, h.put(abi.AsBytes(&ts)), 0)
		},
		"poll": func(h *host) error {
			_, err := syscalls.Poll(t.Context(), h, 0, 0, int32(long/time.Millisecond))
			return err
		},
		"kevent": func(h *host) error {
			kq, err := syscalls.Kqueue(t.Context(), h)
			if err != nil {
				return err
			}
			ts := netbsd.Timespec{Sec: int64(long / time.Second)}
			_, err = syscalls.Kevent(t.Context(), h, kq, 0, 0, h.put(make([]byte, netbsd.SizeofKevent)), 1, h.put(abi.AsBytes(&ts)))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newProgram(t, k)
			start := clock.Monotonic()
			done := make(chan error, 1)
			go func() { done <- sleep(h) }()
			for {
				select {
				case err := <-done:
					if slept := clock.Monotonic() - start; slept < long || err != nil {
						t.Errorf("%v after %v", err, slept)
					}
					return
				case <-time.After(time.Millisecond):
					clock.Jump(-time.Hour)
					clock.Advance(long / 10)
				}
			}
		})
	}
}

// A connection lives through time that jumps, and through a device that fails.
func TestConnectionOnBadHost(t *testing.T) {
	w := wires{"bus": wire.New()}
	clock := faulty.NewClock(system.Clock())
	a, b := w.node(t), nodeOn(t, onHost(t, faulty.New(&hypercall.Host{Network: w, Clock: clock},
		faulty.Any(
			faulty.Nth(3, faulty.Op{Name: "send"}, faulty.Fault{Err: netbsd.EIO}),
			faulty.Nth(30, faulty.Op{Name: "send"}, faulty.Fault{Err: netbsd.EIO})))))
	a.connect(t, "shmif0", "bus", "10.0.0.1/24")
	b.connect(t, "shmif0", "bus", "10.0.0.2/24")
	link, err := a.Interface(t.Context(), "shmif0")
	must(t, err)
	// so that who the other is need not be found out in no time
	must(t, b.SetNeighbor(t.Context(), routing.Neighbor{Addr: netip.MustParseAddr("10.0.0.1"), LinkAddr: link.Addr}))
	a.echo(t, "10.0.0.1:7")
	c, err := b.net.DialContext(t.Context(), "tcp", "10.0.0.1:7")
	must(t, err)
	defer func() { _ = c.Close() }()
	sent := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(sent) // never fails
	go func() { _, _ = c.Write(sent) }()
	got := make([]byte, len(sent))
	const steps = 16
	for i := range steps {
		clock.Advance(time.Duration(random.Uint64() % uint64(time.Minute)))
		clock.Jump(time.Duration(random.Uint64()%uint64(time.Hour)) - time.Hour/2)
		if _, err := io.ReadFull(c, got[i*len(got)/steps:(i+1)*len(got)/steps]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, sent) {
		t.Error("something else came back")
	}
}

// dice are randomness that repeats itself, and comes three bytes at a time.
type dice struct{ *rand.ChaCha8 }

func (d dice) Read(p []byte) (int, error) { return d.ChaCha8.Read(p[:min(len(p), 3)]) }

func TestRandomnessIsTheHosts(t *testing.T) {
	_, err := netstack.New(netstack.Config{Host: faulty.New(nil, faulty.Nth(1, faulty.Op{Driver: "random"}, faulty.Fault{Err: netbsd.EIO}))})
	if !errors.Is(err, netbsd.EIO) {
		t.Errorf("without randomness: %v", err)
	}
	address := func(seed byte) []byte {
		network := hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return wire.New().Attach(), nil })
		c, err := netcfg.Open(onHost(t, &hypercall.Host{Random: dice{rand.NewChaCha8([32]byte{seed})}, Network: network}))
		must(t, err)
		must(t, c.CreateInterface(t.Context(), "virt0"))
		link, err := c.Interface(t.Context(), "virt0")
		must(t, err)
		return link.Addr
	}
	if a, b, c := address(1), address(1), address(2); !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("the addresses are %x, %x and %x", a, b, c)
	}
}

// settings are parameters.
type settings map[string]string

func (s settings) Param(name string) (string, error) {
	if v, ok := s[name]; ok {
		return v, nil
	}
	return "", &hypercall.OpError{Op: "param", Driver: "test", Err: netbsd.EINVAL}
}

func TestHostname(t *testing.T) {
	for config, want := range map[string]string{"": "host", "mine": "mine"} {
		k, err := netstack.New(netstack.Config{Hostname: config, Host: &hypercall.Host{Params: settings{hypercall.ParamHostname: "host"}}})
		must(t, err)
		c, err := netcfg.Open(k)
		must(t, err)
		if got, err := c.String(t.Context(), "kern.hostname"); got != want || err != nil {
			t.Errorf("kern.hostname is %q, %v", got, err)
		}
		halt(t, k)
	}
	if _, err := netstack.New(netstack.Config{Host: &hypercall.Host{Params: settings{}}}); !errors.Is(err, netbsd.EINVAL) {
		t.Errorf("without a name: %v", err)
	}
}

// A log is a console.
type log struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

func TestVerbose(t *testing.T) {
	for value, want := range map[string]string{"1": "NetBSD 10.1 (embedded): host\n", "": "NetBSD 10.1 (embedded): host\n", "0": "", "00": ""} {
		console := new(log)
		onHost(t, &hypercall.Host{Console: console, Params: settings{hypercall.ParamHostname: "host", hypercall.ParamVerbose: value}})
		if got := console.String(); got != want {
			t.Errorf("%s=%q: %q", hypercall.ParamVerbose, value, got)
		}
	}
}

// The caller sees a number, the console says why.
func TestConsole(t *testing.T) {
	network := hypercall.NetworkFunc(func(_, linkstr string) (hypercall.NetworkDevice, error) {
		switch linkstr {
		case "text":
			return nil, &hypercall.OpError{Op: "open", Driver: "shmif", Err: netbsd.EFTYPE, Detail: "text: not a bus"}
		case "words":
			return nil, io.ErrUnexpectedEOF
		}
		return nil, netbsd.ENOENT
	})
	console := new(log)
	c, err := netcfg.Open(onHost(t, &hypercall.Host{Network: network, Console: console}))
	must(t, err)
	must(t, c.CreateInterface(t.Context(), "shmif0"))
	for linkstr, want := range map[string]error{"text": netbsd.EFTYPE, "words": netbsd.ENXIO, "none": netbsd.ENOENT} {
		if err := c.SetLinkString(t.Context(), "shmif0", linkstr); !errors.Is(err, want) {
			t.Errorf("%s: %v", linkstr, err)
		}
	}
	lines := strings.Split(console.String(), "\n")
	slices.Sort(lines)
	if !slices.Equal(lines, []string{"", "shmif: open: text: not a bus"}) {
		t.Errorf("the console says %q", lines)
	}
}
