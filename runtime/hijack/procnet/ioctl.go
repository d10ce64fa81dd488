package procnet

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
)

// The members of struct ifreq: the name of an interface, and a union.
const (
	IfreqSize = 40
	union     = linux.IFNAMSIZ
)

// Conf returns what SIOCGIFCONF lists: a struct ifreq for each address of IPv4.
func (n *Net) Conf(ctx context.Context) ([]byte, error) {
	names, _, err := n.names(ctx)
	if err != nil {
		return nil, err
	}
	addrs, err := n.cfg.Addresses(ctx, "")
	var list []byte
	for _, a := range addrs {
		if a.Addr.Is4() {
			ifr := make([]byte, IfreqSize)
			copy(ifr[:union-1], names[a.Index])
			putAddr(ifr, a.Addr)
			list = append(list, ifr...)
		}
	}
	return list, err
}

// Ioctl answers a request whose argument is a struct ifreq, which it changes: one of
// SIOCGIF* and SIOCSIF*. The error is ENOTTY for others, ENODEV when there is no such
// interface, and EADDRNOTAVAIL when it has no address of IPv4.
func (n *Net) Ioctl(ctx context.Context, request uint64, ifr []byte) error {
	if len(ifr) != IfreqSize {
		return linux.EFAULT
	}
	do, ok := ioctls[request]
	if !ok {
		return linux.ENOTTY
	}
	_, links, err := n.names(ctx)
	if err != nil {
		return err
	}
	if request == linux.SIOCGIFNAME {
		for _, l := range links {
			if l.Index == word(ifr[union:]) {
				clear(ifr[:union])
				copy(ifr[:union-1], l.Name)
				return nil
			}
		}
		return linux.ENODEV
	}
	name := string(ifr[:abi.StringLen(ifr[:union])])
	for i := range links {
		if links[i].Name == name {
			return do(&target{n, ctx, &links[i]}, ifr)
		}
	}
	return linux.ENODEV
}

// A target is the interface that a request is about.
type target struct {
	n    *Net
	ctx  context.Context
	link *routing.Link
}

var ioctls = map[uint64]func(t *target, ifr []byte) error{
	linux.SIOCGIFNAME:    nil, // has an index, not a name
	linux.SIOCGIFINDEX:   func(t *target, ifr []byte) error { return putInt(ifr, t.link.Index) },
	linux.SIOCGIFMTU:     func(t *target, ifr []byte) error { return putInt(ifr, t.link.MTU) },
	linux.SIOCGIFMETRIC:  func(_ *target, ifr []byte) error { return putInt(ifr, 0) },
	linux.SIOCGIFTXQLEN:  func(_ *target, ifr []byte) error { return putInt(ifr, 0) }, // there is no queue to tell of
	linux.SIOCGIFMAP:     func(_ *target, ifr []byte) error { clear(ifr[union:]); return nil },
	linux.SIOCGIFFLAGS:   (*target).flags,
	linux.SIOCGIFHWADDR:  (*target).hardwareAddr,
	linux.SIOCGIFADDR:    (*target).addr,
	linux.SIOCGIFNETMASK: (*target).mask,
	linux.SIOCGIFBRDADDR: (*target).broadcast,
	linux.SIOCGIFDSTADDR: (*target).peer,

	linux.SIOCSIFFLAGS:   (*target).setFlags,
	linux.SIOCSIFMTU:     (*target).setMTU,
	linux.SIOCSIFHWADDR:  (*target).setHardwareAddr,
	linux.SIOCSIFADDR:    (*target).setAddr,
	linux.SIOCSIFNETMASK: (*target).setMask,
	linux.SIOCSIFBRDADDR: (*target).setBroadcast,
}

func putInt(ifr []byte, v uint32) error {
	binary.NativeEndian.PutUint32(ifr[union:], v)
	return nil
}

// putAddr puts a struct sockaddr_in.
func putAddr(ifr []byte, a netip.Addr) {
	clear(ifr[union:])
	binary.NativeEndian.PutUint16(ifr[union:], linux.AF_INET)
	copy(ifr[union+4:], a.AsSlice())
}

// getAddr returns the address in a struct sockaddr_in.
func getAddr(ifr []byte) (netip.Addr, error) {
	if binary.NativeEndian.Uint16(ifr[union:]) != linux.AF_INET {
		return netip.Addr{}, linux.EINVAL
	}
	return netip.AddrFrom4([4]byte(ifr[union+4 : union+8])), nil
}

// linkFlags are the flags that both systems have, and their numbers.
var linkFlags = []struct {
	flag routing.LinkFlags
	lx   uint16
}{
	{routing.LinkUp, linux.IFF_UP}, {routing.LinkBroadcast, linux.IFF_BROADCAST}, {routing.LinkDebug, linux.IFF_DEBUG},
	{routing.LinkLoopback, linux.IFF_LOOPBACK}, {routing.LinkPointToPoint, linux.IFF_POINTOPOINT},
	{routing.LinkRunning, linux.IFF_RUNNING}, {routing.LinkNoARP, linux.IFF_NOARP}, {routing.LinkPromisc, linux.IFF_PROMISC},
	{routing.LinkAllMulti, linux.IFF_ALLMULTI}, {routing.LinkMulticast, linux.IFF_MULTICAST},
}

func (t *target) flags(ifr []byte) error {
	var lx uint16
	for _, f := range linkFlags {
		if t.link.Flags&f.flag != 0 {
			lx |= f.lx
		}
	}
	clear(ifr[union:])
	binary.NativeEndian.PutUint16(ifr[union:], lx)
	return nil
}

func (t *target) hardwareAddr(ifr []byte) error {
	clear(ifr[union:])
	h, ok := tolinux.LinkType(t.link.Type)
	if !ok {
		h = linux.ARPHRD_VOID
	}
	binary.NativeEndian.PutUint16(ifr[union:], h)
	copy(ifr[union+2:union+16], t.link.Addr)
	return nil
}

// first returns the address that the interface got first.
func (t *target) first() (routing.Address, error) {
	list, err := t.n.cfg.Addresses(t.ctx, t.link.Name)
	if err != nil {
		return routing.Address{}, err
	}
	for _, a := range list {
		if a.Addr.Is4() {
			return a, nil
		}
	}
	return routing.Address{}, linux.EADDRNOTAVAIL
}

// tell puts what of says of the first address.
func (t *target) tell(ifr []byte, of func(a routing.Address) netip.Addr) error {
	a, err := t.first()
	if err == nil {
		putAddr(ifr, of(a))
	}
	return err
}

func (t *target) addr(ifr []byte) error {
	return t.tell(ifr, func(a routing.Address) netip.Addr { return a.Addr })
}

func (t *target) mask(ifr []byte) error {
	return t.tell(ifr, func(a routing.Address) netip.Addr {
		mask, _ := netip.AddrFromSlice(net.CIDRMask(a.Bits, a.Addr.BitLen()))
		return mask
	})
}

func (t *target) broadcast(ifr []byte) error {
	return t.tell(ifr, func(a routing.Address) netip.Addr {
		if !a.Broadcast.Is4() {
			return netip.IPv4Unspecified()
		}
		return a.Broadcast
	})
}

func (t *target) peer(ifr []byte) error {
	return t.tell(ifr, func(a routing.Address) netip.Addr {
		if !a.Peer.Is4() {
			return a.Addr
		}
		return a.Peer
	})
}

func (t *target) setFlags(ifr []byte) error {
	up := binary.NativeEndian.Uint16(ifr[union:])&linux.IFF_UP != 0
	if up == (t.link.Flags&routing.LinkUp != 0) {
		return nil // others are not a program's to change
	}
	return t.n.cfg.SetUp(t.ctx, t.link.Name, up)
}

func (t *target) setMTU(ifr []byte) error {
	return t.n.cfg.SetMTU(t.ctx, t.link.Name, word(ifr[union:]))
}

func (t *target) setHardwareAddr(ifr []byte) error {
	return t.n.cfg.SetLinkAddr(t.ctx, t.link.Name, append([]byte(nil), ifr[union+2:union+2+min(max(len(t.link.Addr), 6), 14)]...))
}

// replace gives the interface another first address.
func (t *target) replace(a routing.Address) error {
	if old, err := t.first(); err == nil {
		if err := t.n.cfg.DeleteAddress(t.ctx, t.link.Name, old.Addr); err != nil {
			return err
		}
	}
	if a.Addr.IsUnspecified() {
		return nil // no address
	}
	return t.n.cfg.SetAddress(t.ctx, t.link.Name, a)
}

func (t *target) setAddr(ifr []byte) error {
	a, err := getAddr(ifr)
	if err != nil {
		return err
	}
	return t.replace(routing.Address{Addr: a, Bits: class(a)})
}

// class returns how long the prefix of a network is by its first bits, which
// SIOCSIFADDR goes by.
func class(a netip.Addr) int {
	switch first := a.As4()[0]; {
	case first < 128:
		return 8
	case first < 192:
		return 16
	case first < 224:
		return 24
	}
	return 32
}

func (t *target) setMask(ifr []byte) error {
	mask, err := getAddr(ifr)
	if err != nil {
		return err
	}
	ones, bits := net.IPMask(mask.AsSlice()).Size()
	if bits == 0 {
		return linux.EINVAL
	}
	a, err := t.first()
	if err != nil || a.Bits == ones {
		return err
	}
	return t.replace(routing.Address{Addr: a.Addr, Bits: ones, Peer: a.Peer})
}

func (t *target) setBroadcast(ifr []byte) error {
	to, err := getAddr(ifr)
	if err != nil {
		return err
	}
	a, err := t.first()
	if err != nil || a.Broadcast == to {
		return err
	}
	return t.replace(routing.Address{Addr: a.Addr, Bits: a.Bits, Broadcast: to})
}
