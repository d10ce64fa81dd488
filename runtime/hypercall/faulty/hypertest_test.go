package faulty_test

import (
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/hypercall/hypertest"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// Where nothing goes wrong, devices are as others.
func TestDevice(t *testing.T) {
	for name, link := range map[string]faulty.Link{"perfect": {}, "slow": {Delay: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			hypertest.Device(t, func(t *testing.T) (a, b hypercall.NetworkDevice) {
				w := wire.New()
				segment := hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return w.Attach(), nil })
				host := faulty.New(&hypercall.Host{Network: faulty.NewNetwork(segment, link, 1, nil)}, faulty.Any())
				open := func() hypercall.NetworkDevice {
					d, err := host.Network.Open("virt", "")
					if err != nil {
						t.Fatal(err)
					}
					return d
				}
				return open(), open()
			})
		})
	}
}
