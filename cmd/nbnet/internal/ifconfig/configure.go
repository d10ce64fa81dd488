package ifconfig

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
)

// execute carries the plan out: first what is about the interface, in order,
// then the address.
func (p *plan) execute(ctx context.Context) error {
	for _, do := range p.steps {
		if err := do(ctx); err != nil {
			return err
		}
	}
	if p.destroy {
		return nil
	}
	flags, err := p.flags(ctx, p.name)
	if err != nil {
		return err
	}
	if err := p.place(flags); err != nil {
		return err
	}
	switch p.family {
	case netbsd.AF_LINK:
		return p.commitLink(ctx)
	case netbsd.AF_INET6:
		err = p.commit(ctx, p.requests6())
	default:
		err = p.commit(ctx, p.requests4())
	}
	if err != nil || p.preference == nil {
		return err
	}
	r := netbsd.IfAddrprefreq{Preference: *p.preference}
	copy(r.Name[:], p.name)
	copy(abi.AsBytes(&r.Addr), sockaddr.MakeUser(p.addr))
	return named("SIOCSIFADDRPREF", p.Ioctl(ctx, int32(p.family), netbsd.SIOCSIFADDRPREF, abi.AsBytes(&r)))
}

func named(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", call, err)
}

// place decides what the word behind the address is: a mask where there is a
// broadcast address, a destination elsewhere.
func (p *plan) place(flags int32) error {
	broadcast := flags&netbsd.IFF_BROADCAST != 0
	switch {
	case p.brd.IsValid() && !broadcast:
		return command.Usage("leave it out", "%s is not a broadcast interface", p.name)
	case p.second != "" && broadcast && p.mask == nil:
		p.mask, p.dst = sockaddr.Make(p.dst), netip.Addr{}
	case p.second != "" && broadcast:
		return command.Usage("leave it out", "%s: there is a netmask, and %s has no other end", p.second, p.name)
	}
	return nil
}

func (p *plan) create(ctx context.Context) error {
	err := p.ifreq(ctx, "SIOCIFCREATE", netbsd.SIOCIFCREATE, p.name, func(*netbsd.IfreqIfru) {})
	switch {
	case errors.Is(err, netbsd.EINVAL):
		return command.Hint(err, "-C lists the drivers there are; put a number behind one")
	case errors.Is(err, netbsd.EEXIST):
		return command.Hint(err, "leave create out to configure it")
	}
	return err
}

func (p *plan) destroyInterface(ctx context.Context) error {
	return noInterface(p.ifreq(ctx, "SIOCIFDESTROY", netbsd.SIOCIFDESTROY, p.name, func(*netbsd.IfreqIfru) {}))
}

func (p *plan) setFlag(ctx context.Context, flag int32, on bool) error {
	flags, err := p.flags(ctx, p.name)
	if err != nil {
		return err
	}
	flags &^= flag
	if on {
		flags |= flag
	}
	return p.ifreq(ctx, "SIOCSIFFLAGS", netbsd.SIOCSIFFLAGS, p.name, func(u *netbsd.IfreqIfru) { *u.Flags() = int16(flags) })
}

func (p *plan) linkString(ctx context.Context, s string) error {
	err := p.SetLinkString(ctx, p.name, s)
	var errno netbsd.Errno
	if !errors.As(err, &errno) {
		return err
	}
	err = fmt.Errorf("SIOCSLINKSTR %s: %w", p.name, errno)
	switch errno {
	case netbsd.EBUSY:
		return command.Hint(err, "take it down, and say -linkstr when it is connected")
	case netbsd.ENOTTY:
		return command.Hint(err, "interfaces of this driver have no link string")
	}
	return err
}

// requests are the ioctls of a family, with their arguments.
type requests struct {
	family            int32
	get, delete, add  uint64
	names             [3]string
	one, alias, first []byte // ifreq with the address, aliasreq, ifreq without it
}

func (p *plan) requests4() requests {
	var one, first netbsd.Ifreq
	var alias netbsd.Ifaliasreq
	copy(one.Name[:], p.name)
	copy(first.Name[:], p.name)
	copy(alias.Name[:], p.name)
	if p.addr.IsValid() {
		copy(abi.AsBytes(one.Ifru.Space()), sockaddr.Make(p.addr))
		copy(abi.AsBytes(&alias.Addr), sockaddr.Make(p.addr))
	}
	copy(abi.AsBytes(&alias.Mask), p.netmaskFor(-1))
	if other := p.dst; other.IsValid() {
		copy(abi.AsBytes(&alias.Dstaddr), sockaddr.Make(other))
	} else if p.brd.IsValid() {
		copy(abi.AsBytes(&alias.Dstaddr), sockaddr.Make(p.brd))
	}
	return requests{
		netbsd.AF_INET, netbsd.SIOCGIFADDR, netbsd.SIOCDIFADDR, netbsd.SIOCAIFADDR,
		[3]string{"SIOCGIFADDR", "SIOCDIFADDR", "SIOCAIFADDR"}, abi.AsBytes(&one), abi.AsBytes(&alias), abi.AsBytes(&first),
	}
}

func (p *plan) requests6() requests {
	var one, first netbsd.In6Ifreq
	alias := netbsd.In6Aliasreq{Flags: p.flags6}
	copy(one.Name[:], p.name)
	copy(first.Name[:], p.name)
	copy(alias.Name[:], p.name)
	if p.addr.IsValid() {
		copy(abi.AsBytes(one.Ifru.Addr()), sockaddr.MakeUser(p.addr.WithZone("")))
		copy(abi.AsBytes(&alias.Addr), sockaddr.MakeUser(p.addr.WithZone("")))
	}
	const usual = 64
	copy(abi.AsBytes(&alias.Prefixmask), p.netmaskFor(usual))
	if p.dst.IsValid() {
		copy(abi.AsBytes(&alias.Dstaddr), sockaddr.MakeUser(p.dst))
	}
	life := &alias.Lifetime
	life.Vltime, life.Pltime = netbsd.ND6_INFINITE_LIFETIME, netbsd.ND6_INFINITE_LIFETIME
	if p.vltime != nil {
		life.Vltime = *p.vltime
	}
	if p.pltime != nil {
		life.Pltime = *p.pltime
	}
	return requests{
		netbsd.AF_INET6, netbsd.SIOCGIFADDR_IN6, netbsd.SIOCDIFADDR_IN6, netbsd.SIOCAIFADDR_IN6,
		[3]string{"SIOCGIFADDR_IN6", "SIOCDIFADDR_IN6", "SIOCAIFADDR_IN6"}, abi.AsBytes(&one), abi.AsBytes(&alias), abi.AsBytes(&first),
	}
}

// netmaskFor returns the mask of the address. Without one it has usual bits, or,
// when that is negative, what the kernel thinks.
func (p *plan) netmaskFor(usual int) []byte {
	switch {
	case p.mask != nil:
		return p.mask
	case p.bits == 0: // as prefixlen_to_mask has it
		return sockaddr.Mask(p.zero(), p.width())
	case p.bits > 0:
		return sockaddr.Mask(p.zero(), p.bits)
	case usual >= 0:
		return sockaddr.Mask(p.zero(), usual)
	}
	return nil
}

// commit adds, replaces or deletes the address. Without alias, an address takes
// the place of the one there is; of IPv6, only of one that is the same.
func (p *plan) commit(ctx context.Context, r requests) error {
	ioctl := func(i int, num uint64, arg []byte) error {
		return named(r.names[i], p.Ioctl(ctx, r.family, num, arg))
	}
	remove := p.alias != nil && !*p.alias
	switch {
	case !p.addr.IsValid() && !remove:
		return nil
	case !p.addr.IsValid():
		if err := ioctl(0, r.get, r.first); err != nil {
			return noAddress(err)
		}
		return ioctl(1, r.delete, r.first)
	case remove:
		return noAddress(ioctl(1, r.delete, r.one))
	case p.alias == nil:
		if err := p.replace(ioctl, r); err != nil {
			return err
		}
	}
	if p.eui64 {
		if err := p.fillEUI64(ctx, r.alias); err != nil {
			return err
		}
	}
	return ioctl(2, r.add, r.alias)
}

func noAddress(err error) error {
	if errors.Is(err, netbsd.EADDRNOTAVAIL) {
		return command.Hint(err, "the interface has no such address")
	}
	return err
}

// replace takes away the address that the new one replaces.
func (p *plan) replace(ioctl func(int, uint64, []byte) error, r requests) error {
	old := r.first
	if r.family == netbsd.AF_INET6 {
		old = append([]byte(nil), r.one...)
	}
	err := ioctl(0, r.get, old)
	if err == nil {
		err = ioctl(1, r.delete, old)
	}
	if errors.Is(err, netbsd.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// fillEUI64 puts the lower half of the link-local address into that of alias.
func (p *plan) fillEUI64(ctx context.Context, alias []byte) error {
	raw := p.addr.As16()
	if !abi.IsZero(raw[8:]) {
		return command.Usage("leave the last 64 bits zero", "%s: with eui64 the interface fills them in", p.addr)
	}
	addrs, err := p.Addresses(ctx, p.name)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if a.Addr.Is6() && a.Addr.IsLinkLocalUnicast() {
			local := a.Addr.As16()
			copy(raw[8:], local[8:])
			const at = netbsd.IFNAMSIZ + 8 // of sin6_addr in ifra_addr
			copy(alias[at:], raw[:])
			return nil
		}
	}
	return command.Usage("say up first", "%s has no link-local address", p.name)
}

// commitLink adds, deletes or activates a hardware address.
func (p *plan) commitLink(ctx context.Context) error {
	if p.hardware == nil {
		return nil
	}
	r := netbsd.IfLaddrreq{Flags: netbsd.IFLR_PREFIX, Prefixlen: uint32(8 * len(p.hardware))}
	copy(r.IflrName[:], p.name)
	copy(abi.AsBytes(&r.Addr), sockaddr.MakeLink(sockaddr.Link{Addr: p.hardware}))
	if p.alias != nil && !*p.alias {
		return noAddress(named("SIOCDLIFADDR", p.Ioctl(ctx, netbsd.AF_LINK, netbsd.SIOCDLIFADDR, abi.AsBytes(&r))))
	}
	if p.active {
		r.Flags |= netbsd.IFLR_ACTIVE
	}
	return named("SIOCALIFADDR", p.Ioctl(ctx, netbsd.AF_LINK, netbsd.SIOCALIFADDR, abi.AsBytes(&r)))
}
