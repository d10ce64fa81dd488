package hypercall_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A kernel on a host whose network has no devices, and whose console is standard
// output.
func ExampleHost() {
	host := &hypercall.Host{
		Console: os.Stdout,
		Network: hypercall.NetworkFunc(func(driver, linkstr string) (hypercall.NetworkDevice, error) {
			return nil, &hypercall.OpError{Op: "open", Driver: driver, Err: netbsd.ENOENT, Detail: linkstr + " is not there"}
		}),
	}
	k, err := netstack.New(netstack.Config{Host: host})
	if err != nil {
		log.Fatal(err)
	}
	defer k.Close()
	c, err := netcfg.Open(k)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := c.CreateInterface(ctx, "shmif0"); err != nil {
		log.Fatal(err)
	}
	err = c.SetLinkString(ctx, "shmif0", "/tmp/bus")
	fmt.Println(err)
	fmt.Println(errors.Is(err, netbsd.ENOENT))
	// Output:
	// shmif: open: /tmp/bus is not there
	// netcfg: set link string of shmif0: No such file or directory
	// true
}
