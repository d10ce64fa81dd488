package wire_test

import (
	"testing"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/hypertest"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

func TestDevice(t *testing.T) {
	hypertest.Device(t, func(*testing.T) (a, b hypercall.NetworkDevice) {
		w := wire.New()
		return w.Attach(), w.Attach()
	})
}
