package netcfg

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// AddRoute adds a route, which must not be there. One without a gateway needs
// the Index of the interface that its destinations are on.
func (c *Client) AddRoute(ctx context.Context, r routing.Route) error {
	if r.Origin == routing.OriginUnknown {
		r.Origin = routing.OriginStatic
	}
	return wrap("add route", r.Dst.String(), c.requestRoute(ctx, routing.Add, r))
}

// ChangeRoute gives a route another gateway, interface or metrics.
func (c *Client) ChangeRoute(ctx context.Context, r routing.Route) error {
	return wrap("change route", r.Dst.String(), c.requestRoute(ctx, routing.Change, r))
}

func (c *Client) requestRoute(ctx context.Context, op routing.Op, r routing.Route) error {
	for _, a := range []*netip.Addr{&r.Gateway, &r.Source} {
		var err error
		if *a, err = c.inZone(ctx, *a); err != nil {
			return err
		}
	}
	return c.request(ctx, op, &r)
}

// DeleteRoute takes the route to dst away.
func (c *Client) DeleteRoute(ctx context.Context, dst netip.Prefix) error {
	return wrap("delete route", dst.String(), c.request(ctx, routing.Delete, &routing.Route{Dst: dst}))
}

// Routes lists the routes of both families.
func (c *Client) Routes(ctx context.Context) ([]routing.Route, error) {
	list, err := entries[*routing.Route](ctx, c, rtsock.Routes(netbsd.AF_UNSPEC))
	return values(list), wrap("list", "routes", err)
}

// RouteTo returns the route that packets to dst take. The error is over ESRCH
// when there is none.
func (c *Client) RouteTo(ctx context.Context, dst netip.Addr) (routing.Route, error) {
	var route routing.Route
	to, err := c.inZone(ctx, dst)
	if err != nil {
		return route, wrap("find route to", dst.String(), err)
	}
	defer c.lock()()
	m, err := rtsock.NewGet(to)
	if err != nil {
		return route, wrap("find route to", dst.String(), err)
	}
	err = c.converse(ctx, m, func(answer *rtsock.Message) error {
		said, err := answer.Route()
		if err != nil {
			return err
		}
		if r, ok := said.Entry.(*routing.Route); ok {
			route = *r
		}
		return nil
	})
	return route, wrap("find route to", dst.String(), err)
}

// SetNeighbor enters the hardware address of a host, or changes it. When Index
// is 0 the host is in the zone of Addr, or where the route to it leads. Without a
// LinkAddr the error is EINVAL.
func (c *Client) SetNeighbor(ctx context.Context, n routing.Neighbor) error {
	if len(n.LinkAddr) == 0 {
		return wrap("set neighbor", n.Addr.String(), fmt.Errorf("no link address: %w", netbsd.EINVAL))
	}
	err := c.locate(ctx, &n)
	if err == nil {
		err = c.request(ctx, routing.Add, &n)
	}
	if errors.Is(err, netbsd.EEXIST) {
		if err = c.request(ctx, routing.Delete, &n); err == nil {
			err = c.request(ctx, routing.Add, &n)
		}
	}
	return wrap("set neighbor", n.Addr.String(), err)
}

// DeleteNeighbor forgets the hardware address of a host.
func (c *Client) DeleteNeighbor(ctx context.Context, addr netip.Addr) error {
	n := routing.Neighbor{Addr: addr}
	err := c.locate(ctx, &n)
	if err == nil {
		err = c.request(ctx, routing.Delete, &n)
	}
	return wrap("delete neighbor", addr.String(), err)
}

// locate fills in the link that a neighbor is on, which the kernel wants to be
// told.
func (c *Client) locate(ctx context.Context, n *routing.Neighbor) (err error) {
	if n.Addr, err = c.inZone(ctx, n.Addr); err != nil || n.Index != 0 {
		return err
	}
	if n.Index = routing.ZoneIndex(n.Addr); n.Index != 0 {
		return nil
	}
	r, err := c.RouteTo(ctx, n.Addr)
	n.Index = r.Index
	return err
}

// Neighbors lists the hosts whose hardware addresses are known or looked for.
func (c *Client) Neighbors(ctx context.Context) ([]routing.Neighbor, error) {
	var all []routing.Neighbor
	for _, family := range []uint8{netbsd.AF_INET, netbsd.AF_INET6} {
		list, err := entries[*routing.Neighbor](ctx, c, rtsock.Neighbors(family))
		if err != nil {
			return nil, wrap("list", "neighbors", err)
		}
		all = append(all, values(list)...)
	}
	return all, nil
}

// request asks the routing socket to do something to a route or neighbor.
func (c *Client) request(ctx context.Context, op routing.Op, e routing.Entry) error {
	defer c.lock()()
	m, err := rtsock.New(&routing.Message{Op: op, Entry: e})
	if err != nil {
		return err
	}
	return c.converse(ctx, m, nil)
}

// converse writes a routing message, and reads until the answer comes when
// somebody wants to see it. The caller holds the lock.
func (c *Client) converse(ctx context.Context, m *rtsock.Message, answer func(*rtsock.Message) error) error {
	h, ok := m.Header.(*netbsd.RtMsghdr)
	if !ok {
		return abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
	}
	c.seq++
	h.Seq, h.PID = c.seq, int32(c.process.PID())
	b, err := m.Append(c.routing, nil)
	if err != nil {
		return err
	}
	return c.withSocket(ctx, netbsd.AF_ROUTE, netbsd.SOCK_RAW, func(fd int32) error {
		if _, err := syscalls.Write(ctx, c, fd, c.mem.put(b), uint(len(b))); err != nil || answer == nil {
			return err
		}
		a := c.mem.room(maxMessage)
		for {
			m, err := c.read(ctx, fd, a)
			if err != nil {
				return err
			}
			if a, ok := m.Header.(*netbsd.RtMsghdr); ok && a.Seq == h.Seq && a.PID == h.PID {
				return answer(m)
			}
		}
	})
}

// entries returns what a dump has of one kind.
func entries[T routing.Entry](ctx context.Context, c *Client, s rtsock.Sysctl) ([]T, error) {
	b, err := c.value(ctx, s.Name[:])
	if err != nil {
		return nil, err
	}
	messages, _, err := rtsock.ParseDump(c.routing, s, b)
	if err != nil {
		return nil, err
	}
	var list []T
	for _, m := range messages {
		if e, ok := m.Entry.(T); ok {
			list = append(list, e)
		}
	}
	return list, nil
}
