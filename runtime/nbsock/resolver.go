package nbsock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
)

var errNoServers = errors.New("no DNS server is configured")

// Resolver returns a resolver that asks the servers in turn, over the kernel's
// network. Names that are in the host's table (/etc/hosts) are not asked for. The
// Server of a *net.DNSError that it returns is one of the host's, by which package
// net counts, and was not asked.
func (n *Net) Resolver(servers ...netip.AddrPort) *net.Resolver {
	var turn atomic.Uint32
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			if len(servers) == 0 {
				return nil, errNoServers
			}
			server := servers[int(turn.Add(1)-1)%len(servers)]
			return n.DialContext(ctx, network, server.String())
		},
	}
}

// lookup is kind.lookup with the servers of the Config.
func (n *Net) lookup(ctx context.Context, k kind, address string) ([]netip.AddrPort, error) {
	list, err := k.lookup(ctx, n.resolver, address)
	var dns *net.DNSError
	if errors.As(err, &dns) {
		dns.Server = "" // package net means one of the host's
	}
	return list, err
}

// lookup returns the addresses of a host and the number of a port, of the
// families that the network can have.
func (k kind) lookup(ctx context.Context, r *net.Resolver, address string) ([]netip.AddrPort, error) {
	host, service, port := address, "", 0
	if k.hasPorts() {
		var err error
		if host, service, err = net.SplitHostPort(address); err != nil {
			return nil, err
		}
		if port, err = net.DefaultResolver.LookupPort(ctx, k.base, service); err != nil {
			return nil, err
		}
	}
	if host == "" {
		return []netip.AddrPort{netip.AddrPortFrom(netip.Addr{}, uint16(port))}, nil
	}
	addrs, err := lookupHost(ctx, r, host)
	if err != nil {
		return nil, err
	}
	var list []netip.AddrPort
	for _, a := range addrs {
		if a = a.Unmap(); k.takes(a) {
			list = append(list, netip.AddrPortFrom(a, uint16(port)))
		}
	}
	if len(list) == 0 {
		return nil, &net.AddrError{Err: "no suitable address", Addr: host}
	}
	return list, nil
}

func lookupHost(ctx context.Context, r *net.Resolver, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return r.LookupNetIP(ctx, "ip", host)
}
