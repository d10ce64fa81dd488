package tap_test

import (
	"os/exec"
	"testing"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/hypertest"
	"github.com/abigen/abigen/runtime/hypercall/tap"
)

// Two taps on a bridge of the host are what every network device is, with one
// queue and with several.
func TestDevice(t *testing.T) { testDevice(t, 1) }

func TestDeviceWithQueues(t *testing.T) { testDevice(t, 3) }

func testDevice(t *testing.T, queues int) {
	netns.Run(t, func(t *testing.T) {
		// The host is not to say anything itself. It takes up the mode of
		// addresses last, so that must be a request of its own.
		if out, err := exec.Command("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0").CombinedOutput(); err != nil {
			t.Skipf("this Linux has no bridges: %v: %s", err, out)
		}
		netns.IP(t, "link set br0 addrgenmode none")
		netns.IP(t, "link set br0 up")
		hypertest.Device(t, func(t *testing.T) (a, b hypercall.NetworkDevice) {
			connect := func(name string) hypercall.NetworkDevice {
				d := openConfig(t, tap.Config{Name: name, Queues: queues})
				netns.IP(t, "link set "+name+" addrgenmode none")
				netns.IP(t, "link set "+name+" master br0 up")
				return d
			}
			return connect("tap0"), connect("tap1")
		})
	})
}
