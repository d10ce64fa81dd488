package netcfg

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// CreateInterface makes an interface: a driver's name, which is letters, and a
// number without leading zeros, such as "shmif0".
func (c *Client) CreateInterface(ctx context.Context, name string) error {
	defer c.lock()()
	r, err := named(name)
	if err == nil && !canBeCreated(name) {
		err = fmt.Errorf("not a driver's name and a number: %w", netbsd.EINVAL)
	}
	if err == nil {
		err = c.ifreq(ctx, netbsd.SIOCIFCREATE, &r)
	}
	return wrap("create", name, err)
}

// canBeCreated tells whether a name is letters and then a number, as the kernel
// would write it.
func canBeCreated(name string) bool {
	number := strings.TrimLeftFunc(name, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' })
	n, err := strconv.ParseUint(number, 10, 31)
	return err == nil && number != name && strconv.FormatUint(n, 10) == number
}

// DestroyInterface takes an interface away, with its addresses and routes.
func (c *Client) DestroyInterface(ctx context.Context, name string) error {
	defer c.lock()()
	r, err := named(name)
	if err == nil {
		err = c.ifreq(ctx, netbsd.SIOCIFDESTROY, &r)
	}
	return wrap("destroy", name, err)
}

// SetLinkString tells an interface what to be connected to, as ifconfig's
// linkstr does. What the string means is for the driver to say. An empty one
// disconnects.
func (c *Client) SetLinkString(ctx context.Context, name, linkstr string) error {
	defer c.lock()()
	var d netbsd.Ifdrv
	_, err := named(name)
	if err == nil {
		copy(d.Name[:], name)
		if linkstr == "" {
			d.Cmd = netbsd.IFLINKSTR_UNSET
		} else {
			b := append([]byte(linkstr), 0)
			set(&d.Len, len(b))
			d.Data = c.mem.put(b)
		}
		err = c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCSLINKSTR, abi.AsBytes(&d))
	}
	return wrap("set link string of", name, err)
}

// set assigns to a member that is a size_t of C.
func set[T uint32 | uint64](p *T, v int) { *p = T(v) }

// SetUp marks an interface up, or down.
func (c *Client) SetUp(ctx context.Context, name string, up bool) error {
	link := routing.Link{Mask: routing.LinkUp}
	if up {
		link.Flags = routing.LinkUp
	}
	return c.setFlags(ctx, &link, name)
}

// setFlags changes those flags of an interface that are in link's Mask.
func (c *Client) setFlags(ctx context.Context, link *routing.Link, name string) error {
	defer c.lock()()
	return wrap("set flags of", name, func() error {
		s, err := rtsock.NewSetFlags(link, name)
		if err != nil {
			return err
		}
		r, err := named(name)
		if err != nil {
			return err
		}
		if err := c.ifreq(ctx, netbsd.SIOCGIFFLAGS, &r); err != nil {
			return err
		}
		return c.ioctls(ctx, []rtsock.Ioctl{s.Ioctl(*r.Ifru.Flags())})
	}())
}

// SetMTU sets the largest packet an interface passes on, in bytes. What is too
// small or too large for the interface is refused with EINVAL.
func (c *Client) SetMTU(ctx context.Context, name string, mtu uint32) error {
	if mtu == 0 { // which in a routing.Link leaves it as it is
		return wrap("set MTU of", name, netbsd.EINVAL)
	}
	return wrap("set MTU of", name, c.change(ctx, &routing.Link{MTU: mtu}, name))
}

// SetLinkAddr gives an interface another hardware address.
func (c *Client) SetLinkAddr(ctx context.Context, name string, addr []byte) error {
	return wrap("set link address of", name, c.change(ctx, &routing.Link{Addr: addr}, name))
}

func (c *Client) change(ctx context.Context, e routing.Entry, name string) error {
	return c.do(ctx, routing.Change, e, name)
}

// do makes the ioctls that do something to an interface or its addresses.
func (c *Client) do(ctx context.Context, op routing.Op, e routing.Entry, name string) error {
	defer c.lock()()
	if _, err := named(name); err != nil {
		return err
	}
	list, err := rtsock.NewIoctls(&routing.Message{Op: op, Entry: e}, name)
	if err != nil {
		return err
	}
	return c.ioctls(ctx, list)
}

// Interfaces lists the interfaces in the order of their indices.
func (c *Client) Interfaces(ctx context.Context) ([]routing.Link, error) {
	list, err := entries[*routing.Link](ctx, c, rtsock.Links(c.routing, netbsd.AF_UNSPEC, 0))
	return values(list), wrap("list", "interfaces", err)
}

// Interface returns the interface with the name. The error is over ENXIO when
// there is none.
func (c *Client) Interface(ctx context.Context, name string) (routing.Link, error) {
	list, err := entries[*routing.Link](ctx, c, rtsock.Links(c.routing, netbsd.AF_UNSPEC, 0))
	for _, l := range list {
		if l.Name == name {
			return *l, nil
		}
	}
	if err == nil {
		err = netbsd.ENXIO
	}
	return routing.Link{}, wrap("find", name, err)
}

// AddAddress adds an address to an interface, with the network it is in. It
// comes up by that.
//
// It is then found out whether another host has the address: see
// [Client.WaitAddresses]. The kernel does not ask that about an IPv4 address that
// an interface gets while it is down; [Client.SetUp] before the first one makes
// it ask.
func (c *Client) AddAddress(ctx context.Context, name string, addr netip.Prefix) error {
	return c.SetAddress(ctx, name, routing.Address{Addr: addr.Addr(), Bits: addr.Bits()})
}

// SetAddress adds an address to an interface, or changes one that it has. The
// Index is not looked at.
func (c *Client) SetAddress(ctx context.Context, name string, a routing.Address) error {
	return wrap("add address", a.Addr.String()+" to "+name, c.do(ctx, routing.Replace, &a, name))
}

// DeleteAddress takes an address from an interface.
func (c *Client) DeleteAddress(ctx context.Context, name string, addr netip.Addr) error {
	return wrap("delete address", addr.String()+" of "+name, c.do(ctx, routing.Delete, &routing.Address{Addr: addr, Bits: addr.BitLen()}, name))
}

// Addresses lists the addresses of an interface, or of all when name is empty,
// but for those of the hardware.
func (c *Client) Addresses(ctx context.Context, name string) ([]routing.Address, error) {
	var index uint32
	if name != "" {
		link, err := c.Interface(ctx, name)
		if err != nil {
			return nil, err
		}
		index = link.Index
	}
	list, err := entries[*routing.Address](ctx, c, rtsock.Links(c.routing, netbsd.AF_UNSPEC, index))
	return values(list), wrap("list addresses of", name, err)
}

func values[T any](list []*T) []T {
	v := make([]T, len(list))
	for i, p := range list {
		v[i] = *p
	}
	return v
}
