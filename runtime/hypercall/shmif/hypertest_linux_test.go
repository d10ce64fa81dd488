package shmif_test

import (
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/hypertest"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
)

func TestDevice(t *testing.T) {
	hypertest.Device(t, func(t *testing.T) (a, b hypercall.NetworkDevice) {
		path := filepath.Join(t.TempDir(), "bus")
		open := func() hypercall.NetworkDevice {
			d, err := shmif.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		return open(), open()
	})
}
