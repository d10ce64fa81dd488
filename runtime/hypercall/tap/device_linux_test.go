package tap_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/hypercall/tap"
)

// A tap that nobody made is there as long as its device, one that is persistent
// stays, and one device at a time is attached.
func TestOpen(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		d := open(t, "tap0")
		if name, err := d.Name(); err != nil || name != "tap0" || !netns.Has("tap0") {
			t.Errorf("the tap is called %q, %v", name, err)
		}
		if _, err := tap.Open("tap0"); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "another program") {
			t.Errorf("opened twice: %v", err)
		}
		must(t, d.Close())
		must(t, d.Close())
		if netns.Has("tap0") {
			t.Error("the tap is still there")
		}
		netns.IP(t, "tuntap add dev tap1 mode tap")
		must(t, open(t, "tap1").Close())
		if !netns.Has("tap1") {
			t.Error("a persistent tap is gone")
		}
		netns.IP(t, "tuntap add dev tun1 mode tun")
		for _, name := range []string{"", "a-name-too-long-for-it", "tap%d", "lo", "tun1"} {
			if _, err := tap.Open(name); !errors.Is(err, unix.EINVAL) {
				t.Errorf("open %q: %v", name, err)
			}
		}
	})
}

// A tap has as many queues as it was opened with, in this program or by somebody
// who hands them in.
func TestQueues(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		d := openConfig(t, tap.Config{Name: "tap0", Queues: 4})
		if n := d.Queues(); n != 4 {
			t.Errorf("%d queues", n)
		}
		must(t, d.Close())
		if netns.Has("tap0") {
			t.Error("the tap is still there")
		}
		for _, n := range []int{-1, 257} {
			if _, err := (tap.Config{Name: "tap0", Queues: n}).Open(); !errors.Is(err, unix.EINVAL) {
				t.Errorf("%d queues: %v", n, err)
			}
		}
		netns.IP(t, "tuntap add dev tap1 mode tap")
		if _, err := (tap.Config{Name: "tap1", Queues: 2}).Open(); !errors.Is(err, unix.EINVAL) {
			t.Errorf("two queues of a tap with one: %v", err)
		}
		queue := func(name string) int {
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR, 0)
			must(t, err)
			ifr, err := unix.NewIfreq(name)
			must(t, err)
			ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR | unix.IFF_MULTI_QUEUE)
			must(t, unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr))
			return fd
		}
		fds := []int{queue("tap2"), queue("tap2")}
		d, err := tap.FromFD(fds...)
		must(t, err)
		if name, err := d.Name(); err != nil || name != "tap2" || d.Queues() != 2 {
			t.Errorf("%s with %d queues, %v", name, d.Queues(), err)
		}
		must(t, d.Close())
		fds = []int{queue("tap3"), queue("tap4")}
		if _, err := tap.FromFD(fds...); err == nil {
			t.Error("queues of two taps make a device")
		}
		for _, fd := range fds {
			must(t, unix.Close(fd))
		}
		if _, err := tap.FromFD(); !errors.Is(err, unix.EINVAL) {
			t.Errorf("no queues: %v", err)
		}
	})
}

// The host's MTU is raised, and not lowered.
func TestMTU(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		d := open(t, "tap0")
		host := func() int {
			ifi, err := net.InterfaceByName("tap0")
			must(t, err)
			return ifi.MTU
		}
		for _, tt := range []struct{ set, want int }{{1500, 1500}, {9000, 9000}, {1400, 9000}, {65521, 65521}} {
			must(t, d.SetMTU(tt.set))
			if d.MTU() != tt.want || host() != tt.want {
				t.Errorf("set to %d: %d and %d, want %d", tt.set, d.MTU(), host(), tt.want)
			}
		}
		for _, mtu := range []int{-1, 65522} {
			if err := d.SetMTU(mtu); !errors.Is(err, netbsd.EINVAL) {
				t.Errorf("set to %d: %v", mtu, err)
			}
		}
	})
}

// The link is up while the host's interface is.
func TestLinkState(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		d := open(t, "tap0")
		changes := make(chan bool, 10)
		if d.LinkState(func(up bool) { changes <- up }) {
			t.Error("up at once")
		}
		// Frames that the host does not take are lost.
		must(t, d.Send(make([]byte, 64)))
		for _, up := range []bool{true, false, true} {
			word := "down"
			if up {
				word = "up"
			}
			netns.IP(t, "link set tap0 "+word)
			netns.IP(t, "link set lo mtu 2000") // others' changes are not ours
			if got := <-changes; got != up {
				t.Errorf("the link is up: %v, want %v", got, up)
			}
		}
		if n := d.Dropped(); n != 1 {
			t.Errorf("%d frames lost", n)
		}
		host := netns.New(t)
		host.Take("tap0")
		must(t, d.SetMTU(9000)) // nobody can say otherwise
		if !d.LinkState(func(bool) {}) || d.MTU() != 9000 {
			t.Errorf("elsewhere, the link is down or has the MTU %d", d.MTU())
		}
		select {
		case <-changes:
			t.Error("the link has changed with the namespace")
		default:
		}
		must(t, d.Send(make([]byte, 3)))
		if n := d.Dropped(); n != 2 {
			t.Errorf("%d frames lost", n)
		}
	})
}

// A tap that is taken away is an error of who sends.
func TestRemoved(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		d := open(t, "tap0")
		d.Start(func([]byte) {})
		netns.IP(t, "link set tap0 up")
		netns.IP(t, "link del tap0")
		var op *hypercall.OpError
		if err := d.Send(make([]byte, 64)); !errors.As(err, &op) {
			t.Errorf("sent: %v", err)
		}
	})
}

// A descriptor that was handed in is taken over, if it is one of a tap.
func TestFromFD(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		for _, tt := range []struct {
			flags uint16
			want  string
		}{
			{unix.IFF_TAP | unix.IFF_NO_PI, ""},
			{unix.IFF_TUN | unix.IFF_NO_PI, "no Ethernet frames"},
			{unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR, ""},
		} {
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR, 0)
			must(t, err)
			ifr, err := unix.NewIfreq("tap0")
			must(t, err)
			ifr.SetUint16(tt.flags)
			must(t, unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr))
			d, err := tap.FromFD(fd)
			switch {
			case tt.want == "":
				must(t, err)
				must(t, d.SetMTU(4000))
				must(t, d.Close())
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("flags %#x: %v, want %q", tt.flags, err, tt.want)
				fallthrough
			default:
				must(t, unix.Close(fd))
			}
			if netns.Has("tap0") {
				t.Fatal("tap0 is still there")
			}
		}
		if _, err := tap.FromFD(0); err == nil {
			t.Error("standard input is a tap")
		}
	})
}

// The link strings of the machine's network.
func TestLinkStrings(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		for link, name := range map[string]string{"3": "tun3", "tap7": "tap7", "tap8:2": "tap8", "4:3": "tun4"} {
			dev, err := system.Host().Network.Open("virt", link)
			must(t, err)
			if !netns.Has(name) {
				t.Errorf("%q is not %s", link, name)
			}
			must(t, dev.Close())
		}
		for link, want := range map[string]netbsd.Errno{"fd:x": netbsd.EINVAL, "fd:0": 0, "fd:0:": netbsd.EINVAL, "lo": netbsd.EINVAL, "tap9:0": netbsd.EINVAL, "tap9:": netbsd.EINVAL} {
			var op *hypercall.OpError
			if _, err := system.Host().Network.Open("virt", link); !errors.As(err, &op) || want != 0 && op.Err != want {
				t.Errorf("%q: %v", link, err)
			}
		}
	})
}

func open(t *testing.T, name string) *tap.Device {
	t.Helper()
	return openConfig(t, tap.Config{Name: name})
}

func openConfig(t *testing.T, c tap.Config) *tap.Device {
	t.Helper()
	d, err := c.Open()
	if err != nil {
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) {
			t.Skipf("this Linux has no taps: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
