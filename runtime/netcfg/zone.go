package netcfg

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// inZone returns an address with the index of the interface that its zone names,
// by name or by index, in place of the zone. The error is over ENXIO when there
// is no such interface.
func (c *Client) inZone(ctx context.Context, a netip.Addr) (netip.Addr, error) {
	if a.Zone() == "" {
		return a, nil
	}
	links, err := c.Interfaces(ctx)
	if err != nil {
		return a, err
	}
	for _, l := range links {
		if l.Name == a.Zone() || strconv.FormatUint(uint64(l.Index), 10) == a.Zone() {
			return routing.InZone(a, l.Index), nil
		}
	}
	return a, fmt.Errorf("zone %s: %w", a.Zone(), netbsd.ENXIO)
}
