//go:build !linux

package system

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// open finds no devices: this machine has none.
func open(driver, _ string) (hypercall.NetworkDevice, error) {
	return nil, &hypercall.OpError{Op: "open", Driver: driver, Err: netbsd.ENXIO}
}
