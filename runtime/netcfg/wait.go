package netcfg

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// AddressFlags returns the flags of an address of an interface: IN6_IFF_* of an
// IPv6 address, IN_IFF_* of an IPv4 one.
func (c *Client) AddressFlags(ctx context.Context, name string, addr netip.Addr) (int32, error) {
	defer c.lock()()
	flags, err := c.addressFlags(ctx, name, addr)
	return flags, wrap("look at address", addr.String()+" of "+name, err)
}

// addressFlags is AddressFlags for who holds the lock.
func (c *Client) addressFlags(ctx context.Context, name string, addr netip.Addr) (int32, error) {
	r4, err := named(name)
	if err != nil {
		return 0, err
	}
	if addr.Is4() {
		sa := netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET}
		copy(abi.AsBytes(&sa.Addr), addr.AsSlice())
		copy(abi.AsBytes(r4.Ifru.Space()), abi.AsBytes(&sa))
		err := c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGIFAFLAG_IN, abi.AsBytes(&r4))
		return *r4.Ifru.Addrflags(), err
	}
	r6 := netbsd.In6Ifreq{Name: r4.Name}
	sa := r6.Ifru.Addr()
	sa.Len, sa.Family = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	copy(abi.AsBytes(&sa.Addr), addr.AsSlice())
	err = c.ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCGIFAFLAG_IN6, abi.AsBytes(&r6))
	return *r6.Ifru.Flags6(), err
}

// dadPoll is how long WaitAddresses waits before it looks again. ifconfig does
// the same: not all kernels tell when an address is no longer tentative.
const dadPoll = 10 * time.Millisecond

// WaitAddresses waits until none of the addresses of an interface, or of all when
// name is empty, is being checked for duplicates any more, as ifconfig -w does:
// from then on those that are not duplicates can be used. It does not tell of
// duplicates: these stay, with IN6_IFF_DUPLICATED or IN_IFF_DUPLICATED among
// their [Client.AddressFlags]. Addresses that are not checked, because the
// interface was down, is not connected, or dad_count is 0, are not waited for.
// The error is that of ctx when it is done.
func (c *Client) WaitAddresses(ctx context.Context, name string) error {
	tick := time.NewTicker(dadPoll)
	defer tick.Stop()
	for {
		wait, err := c.anyTentative(ctx, name)
		if err != nil || !wait {
			return err
		}
		select {
		case <-ctx.Done():
			return wrap("wait for addresses of", name, ctx.Err())
		case <-tick.C:
		}
	}
}

// anyTentative tells whether addresses are being checked. Those that are gone
// when they are looked at are not.
func (c *Client) anyTentative(ctx context.Context, name string) (bool, error) {
	links, err := c.Interfaces(ctx)
	if err != nil {
		return false, err
	}
	names := map[uint32]string{}
	for _, l := range links {
		names[l.Index] = l.Name
	}
	addrs, err := c.Addresses(ctx, name)
	if err != nil {
		return false, err
	}
	for _, a := range addrs {
		tentative := int32(netbsd.IN6_IFF_TENTATIVE)
		if a.Addr.Is4() {
			tentative = netbsd.IN_IFF_TENTATIVE
		}
		switch flags, err := c.AddressFlags(ctx, names[a.Index], a.Addr); {
		case err == nil && flags&tentative != 0:
			return true, nil
		case err != nil && !notThere(err):
			return false, err
		}
	}
	return false, nil
}

// notThere tells that an interface, an address or its flags do not exist.
func notThere(err error) bool {
	for _, e := range []netbsd.Errno{netbsd.ENXIO, netbsd.EADDRNOTAVAIL, netbsd.ENOTTY, netbsd.EINVAL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
