package system

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
)

// open opens a device of the network.
func open(driver, linkstr string) (hypercall.NetworkDevice, error) {
	switch driver {
	case "shmif":
		b, err := shmif.Open(linkstr)
		if err != nil {
			return nil, hypercall.NewError("open", driver, err)
		}
		return b, nil
	}
	return nil, &hypercall.OpError{Op: "open", Driver: driver, Err: netbsd.ENXIO}
}
