// Package neighbor is what arp(8) and ndp(8) have in common: the tables of the
// hosts on a link with their hardware addresses.
package neighbor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// An Entry is one of a table. Its JSON form is that of the commands.
type Entry struct {
	Address   string `json:"address"`
	Hardware  string `json:"linkAddress,omitempty"` // "" while it is looked for
	Interface string `json:"interface"`
	Permanent bool   `json:"permanent"`
	Expires   int64  `json:"expires,omitempty"` // seconds that are left
	Published bool   `json:"published,omitempty"`
	Local     bool   `json:"local,omitempty"` // it is this host's own
	Router    bool   `json:"router,omitempty"`
	State     string `json:"state,omitempty"` // of IPv6: a letter

	Addr  netip.Addr `json:"-"`
	Asked int        `json:"-"`
	Index uint16     `json:"-"`
	typ   uint8
}

// A Table is that of a family.
type Table struct {
	*netcfg.Client
	Family uint8
	Links  rtprint.Links
}

// Open opens a table of k, which must be closed.
func Open(ctx context.Context, k kernel.Kernel, family uint8) (*Table, error) {
	c, err := netcfg.Open(k)
	if err != nil {
		return nil, err
	}
	list, err := c.Interfaces(ctx)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &Table{c, family, rtprint.NewLinks(list)}, nil
}

// Index returns the index of an interface, by which zones are named.
func (t *Table) Index(name string) (uint32, bool) {
	for i, n := range t.Links {
		if n == name {
			return i, true
		}
	}
	return 0, false
}

// Parse reads the address of a host.
func (t *Table) Parse(s string) (netip.Addr, error) {
	a, ok := sockaddr.ParseAddr(s, t.Family, t.Index)
	if ok {
		return a, nil
	}
	instead := "write an IPv4 address in numbers; IPv6 has nbnet ndp"
	if t.Family == netbsd.AF_INET6 {
		instead = "write an IPv6 address in numbers, with %INTERFACE behind a link-local one; IPv4 has nbnet arp"
	}
	return a, command.Usage(instead, "%s: bad value", s)
}

// Hardware reads a hardware address.
func Hardware(s string) ([]byte, error) {
	hw, ok := sockaddr.ParseHardware(s)
	if !ok {
		return nil, command.Usage("six bytes in hexadecimal, as 02:00:00:00:00:01", "invalid link-level address '%s'", s)
	}
	return hw, nil
}

// List returns the entries, or those of one host.
func (t *Table) List(ctx context.Context, host netip.Addr) ([]Entry, error) {
	messages, err := t.Messages(ctx, rtsock.Neighbors(t.Family))
	if err != nil {
		return nil, fmt.Errorf("retrieval of routing table: %w", err)
	}
	own, err := t.Addresses(ctx, "")
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	list := []Entry{}
	for _, m := range messages {
		h, ok := m.Header.(*netbsd.RtMsghdr)
		sdl, isLink := sockaddr.ParseLink(m.Addrs[netbsd.RTAX_GATEWAY])
		a := sockaddr.Addr(m.Addrs[netbsd.RTAX_DST])
		if !ok || !isLink || !a.IsValid() || host.IsValid() && a.WithZone("") != host.WithZone("") {
			continue
		}
		if host.Zone() != "" && a.Zone() != host.Zone() {
			continue
		}
		e := Entry{
			Address: sockaddr.Format(a, t.Links.Name), Hardware: sockaddr.Hardware(sdl.Addr), Interface: t.Links.Name(uint32(sdl.Index)),
			Permanent: h.Rmx.Expire == 0 && len(sdl.Addr) > 0, Published: h.Flags&netbsd.RTF_ANNOUNCE != 0,
			Local: slices.ContainsFunc(own, func(o routing.Address) bool {
				return o.Index == uint32(sdl.Index) && o.Addr.WithZone("") == a.WithZone("")
			}),
			Addr: a, Index: sdl.Index, typ: sdl.Type,
		}
		if h.Rmx.Expire != 0 {
			e.Expires = max(0, h.Rmx.Expire-now)
		}
		list = append(list, e)
	}
	return list, nil
}

// Delete takes an entry away.
func (t *Table) Delete(ctx context.Context, e *Entry) error {
	m := t.message(netbsd.RTM_DELETE, e.Addr, sockaddr.Link{Index: e.Index, Type: e.typ}, 0)
	if _, err := t.Request(ctx, m); err != nil {
		return fmt.Errorf("%s: writing to routing socket: %w", e.Address, err)
	}
	return nil
}

// Set makes an entry, in the place of the one there is. It lasts until expires,
// a time of Unix; 0 is for ever. The link is the one that the host is on.
func (t *Table) Set(ctx context.Context, host netip.Addr, hw []byte, flags int32, expires int64) error {
	answer, err := t.Request(ctx, &rtsock.Message{
		Type:   netbsd.RTM_GET,
		Header: &netbsd.RtMsghdr{Flags: netbsd.RTF_UP | netbsd.RTF_HOST},
		Addrs:  [netbsd.RTAX_MAX][]byte{netbsd.RTAX_DST: sockaddr.Make(host), netbsd.RTAX_IFP: sockaddr.MakeLink(sockaddr.Link{})},
	})
	if err != nil {
		return command.Hint(fmt.Errorf("%s: %w", host, err), "the host must be on the network of an interface")
	}
	h, _ := answer.Header.(*netbsd.RtMsghdr)
	sdl, ok := sockaddr.ParseLink(answer.Addrs[netbsd.RTAX_IFP])
	if h == nil || !ok || h.Flags&netbsd.RTF_GATEWAY != 0 || sdl.Type != netbsd.IFT_ETHER {
		return command.Usage("the host must be on the network of an Ethernet interface", "cannot intuit interface index and type for %s", host)
	}
	m := t.message(netbsd.RTM_ADD, host, sockaddr.Link{Index: sdl.Index, Type: sdl.Type, Addr: hw}, flags|netbsd.RTF_HOST|netbsd.RTF_STATIC)
	if expires != 0 {
		x, _ := m.Header.(*netbsd.RtMsghdr)
		x.Rmx.Expire, x.Inits = expires, netbsd.RTV_EXPIRE
	}
	_, err = t.Request(ctx, m)
	if errors.Is(err, netbsd.EEXIST) {
		old := Entry{Addr: host, Address: host.String(), Index: sdl.Index, typ: sdl.Type}
		if err := t.Delete(ctx, &old); err != nil {
			return err
		}
		_, err = t.Request(ctx, m)
	}
	if err != nil {
		return fmt.Errorf("writing to routing socket: %w", err)
	}
	return nil
}

func (t *Table) message(typ uint8, host netip.Addr, link sockaddr.Link, flags int32) *rtsock.Message {
	return &rtsock.Message{
		Type:   typ,
		Header: &netbsd.RtMsghdr{Flags: flags | netbsd.RTF_LLDATA},
		Addrs:  [netbsd.RTAX_MAX][]byte{netbsd.RTAX_DST: sockaddr.Make(host), netbsd.RTAX_GATEWAY: sockaddr.MakeLink(link)},
	}
}

// Reach is how long an entry that is to be temporary lasts.
const Reach = 20 * time.Minute
