package ifconfig

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
)

// A plan is what a command line asks for. All of it is understood before any of
// it is done.
type plan struct {
	*env
	name  string
	steps []func(ctx context.Context) error // in the order they were asked for

	family     uint8
	addr       netip.Addr
	bits       int    // behind the address, -1 when not given
	mask       []byte // a sockaddr
	dst, brd   netip.Addr
	second     string // the word behind the address: a destination or a mask
	alias      *bool  // alias or -alias
	preference *int16
	flags6     int32 // IN6_IFF_*
	pltime     *uint32
	vltime     *uint32
	eui64      bool
	hardware   []byte
	active     bool
	destroy    bool
}

// flagWords are those that set or, with a minus sign, clear a flag of the
// interface, but for "up" and "arp".
var flagWords = map[string]int32{
	"debug": netbsd.IFF_DEBUG, "link0": netbsd.IFF_LINK0, "link1": netbsd.IFF_LINK1, "link2": netbsd.IFF_LINK2,
	"unnumbered": netbsd.IFF_UNNUMBERED,
}

// elsewhere are words of other systems' ifconfig, and what they are here.
var elsewhere = map[string]string{
	"add":         "say inet6 ADDRESS/LENGTH alias",
	"del":         "say inet6 ADDRESS -alias",
	"remove":      "say ADDRESS -alias",
	"hw":          "say link XX:XX:XX:XX:XX:XX active",
	"ether":       "say link XX:XX:XX:XX:XX:XX active",
	"lladdr":      "say link XX:XX:XX:XX:XX:XX active",
	"pointopoint": "write the destination behind the address",
	"dstaddr":     "write the destination behind the address",
	"multicast":   "it is always on",
	"-multicast":  "it is always on",
	"promisc":     "nbnet capture turns it on as long as it runs",
	"-promisc":    "nbnet capture turns it off when it ends",
	"name":        "interfaces keep the names they are created with",
	"dynamic":     "there is no such thing",
	"plumb":       "say create",
	"unplumb":     "say destroy",
	"trailers":    "trailers are no longer sent, but always received",
	"-trailers":   "trailers are no longer sent, but always received",
	"media":       "the interfaces of this kernel have no media to choose",
	"mediaopt":    "the interfaces of this kernel have no media to choose",
}

// parse understands the words behind the name of an interface.
func (e *env) parse(ctx context.Context, name string, words []string) (*plan, error) {
	p := &plan{env: e, name: name, bits: -1, family: netbsd.AF_INET}
	w := &input{words: words}
	if w.peek() == "create" {
		w.next()
		p.steps = append(p.steps, p.create)
	}
	if w.peek() == "destroy" {
		w.next()
		p.destroy = true
		p.steps = append(p.steps, p.destroyInterface)
		if len(w.words) > 0 {
			return nil, command.Usage("leave it out", "%s: nothing can follow destroy", w.peek())
		}
		return p, nil
	}
	if f, ok := families[w.peek()]; ok {
		w.next()
		p.family = f
	}
	for len(w.words) > 0 {
		if err := p.word(ctx, w); err != nil {
			return nil, err
		}
	}
	return p, p.check()
}

// An input is the words that are not yet understood.
type input struct{ words []string }

func (w *input) peek() string {
	if len(w.words) == 0 {
		return ""
	}
	return w.words[0]
}

func (w *input) next() string {
	s := w.peek()
	w.words = w.words[min(1, len(w.words)):]
	return s
}

// value returns the word behind a parameter.
func (w *input) value(of string) (string, error) {
	if len(w.words) == 0 {
		return "", command.Usage("", "'%s' requires an argument", of)
	}
	return w.next(), nil
}

func (w *input) number(of string, most int64) (int64, error) {
	s, err := w.value(of)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil || n < 0 || n > most {
		return 0, command.Usage("it is a number from 0 to "+strconv.FormatInt(most, 10), "%s %s: bad value", of, s)
	}
	return n, nil
}

// word understands one parameter, with its value.
func (p *plan) word(ctx context.Context, w *input) error {
	word := w.next()
	plain, minus := strings.CutPrefix(word, "-")
	if flag, ok := flagWords[plain]; ok {
		p.flag(flag, !minus)
		return nil
	}
	switch word {
	case "up", "down":
		p.flag(netbsd.IFF_UP, word == "up")
	case "arp", "-arp":
		p.flag(netbsd.IFF_NOARP, minus)
	case "alias", "-alias", "delete":
		on := word == "alias"
		p.alias = &on
	case "metric", "mtu", "preference":
		return p.numeric(word, w)
	case "linkstr":
		s, err := w.value(word)
		if err != nil {
			return err
		}
		p.steps = append(p.steps, func(ctx context.Context) error { return p.linkString(ctx, s) })
	case "-linkstr":
		p.steps = append(p.steps, func(ctx context.Context) error { return p.linkString(ctx, "") })
	case "netmask", "prefixlen", "broadcast":
		return p.network(word, w)
	case "anycast", "-anycast", "tentative", "-tentative", "deprecated", "-deprecated", "pltime", "vltime", "eui64":
		return p.inet6(word, w)
	case "active":
		if p.family != netbsd.AF_LINK {
			return command.Usage("say link XX:XX:XX:XX:XX:XX active", "active is for hardware addresses")
		}
		p.active = true
	default:
		return p.address(ctx, word)
	}
	return nil
}

func (p *plan) flag(flag int32, on bool) {
	p.steps = append(p.steps, func(ctx context.Context) error { return p.setFlag(ctx, flag, on) })
}

func (p *plan) numeric(word string, w *input) error {
	if word == "preference" {
		n, err := w.number(word, 1<<15-1)
		v := int16(n)
		p.preference = &v
		return err
	}
	n, err := w.number(word, 1<<31-1)
	if err != nil {
		return err
	}
	num, call := uint64(netbsd.SIOCSIFMTU), "SIOCSIFMTU"
	if word == "metric" {
		num, call = netbsd.SIOCSIFMETRIC, "SIOCSIFMETRIC"
	}
	p.steps = append(p.steps, func(ctx context.Context) error {
		return p.ifreq(ctx, call, num, p.name, func(u *netbsd.IfreqIfru) { *u.MTU() = int32(n) }) // the metric is in the same place
	})
	return nil
}

// network understands the parameters that say what network an address is in.
func (p *plan) network(word string, w *input) error {
	s, err := w.value(word)
	if err != nil {
		return err
	}
	switch word {
	case "prefixlen":
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > p.width() {
			return command.Usage("it is a number of bits", "prefixlen %s: bad value", s)
		}
		p.mask = sockaddr.Mask(p.zero(), n)
	case "netmask":
		return p.netmask(s)
	case "broadcast":
		a, ok := sockaddr.ParseIPv4(s)
		if !ok || p.family != netbsd.AF_INET {
			return command.Usage("it is an IPv4 address", "broadcast %s: bad value", s)
		}
		p.brd = a
	}
	return nil
}

func (p *plan) netmask(s string) error {
	var a netip.Addr
	ok := false
	if p.family == netbsd.AF_INET {
		a, ok = sockaddr.ParseIPv4(s)
	} else if p.family == netbsd.AF_INET6 {
		a, ok = sockaddr.ParseAddr(s, p.family, noZone)
	}
	if !ok {
		return command.Usage("write it as 255.255.255.0 or 0xffffff00, or say prefixlen 24", "netmask %s: bad value", s)
	}
	p.mask = sockaddr.Make(a)
	return nil
}

func noZone(string) (uint32, bool) { return 0, false }

func (p *plan) zero() netip.Addr {
	if p.family == netbsd.AF_INET6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

func (p *plan) width() int { return p.zero().BitLen() }

func (p *plan) inet6(word string, w *input) error {
	if p.family != netbsd.AF_INET6 {
		return command.Usage("put inet6 in front of the address", "%s is for IPv6 addresses", word)
	}
	plain, minus := strings.CutPrefix(word, "-")
	flag := map[string]int32{"anycast": netbsd.IN6_IFF_ANYCAST, "tentative": netbsd.IN6_IFF_TENTATIVE, "deprecated": netbsd.IN6_IFF_DEPRECATED}[plain]
	switch {
	case minus:
		p.flags6 &^= flag
	case flag != 0:
		p.flags6 |= flag
	case word == "eui64":
		p.eui64 = true
	default: // pltime, vltime
		n, err := w.number(word, 1<<32-1)
		if err != nil {
			return err
		}
		v := uint32(n)
		if word == "pltime" {
			p.pltime = &v
		} else {
			p.vltime = &v
		}
	}
	return nil
}

// address understands an address, or what is behind one.
func (p *plan) address(ctx context.Context, word string) error {
	if instead, ok := elsewhere[word]; ok {
		return command.Usage(instead, "%s: not a parameter", word)
	}
	if p.family == netbsd.AF_LINK {
		hw, ok := sockaddr.ParseHardware(word)
		if !ok || p.hardware != nil {
			return command.Usage("six bytes in hexadecimal, as in link 02:00:00:00:00:01 active", "%s: bad value", word)
		}
		p.hardware = hw
		return nil
	}
	text, length, prefix := strings.Cut(word, "/")
	a, ok := sockaddr.ParseAddr(text, p.family, p.index(ctx))
	switch {
	case !ok:
		return p.notAnAddress(word, text)
	case !p.addr.IsValid():
		p.addr = a
		if !prefix {
			return nil
		}
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > p.width() {
			return command.Usage("the length of the prefix is from 0 to "+strconv.Itoa(p.width()), "%s: bad value", word)
		}
		p.bits = n
	case p.second == "" && !prefix:
		p.second, p.dst = word, a
	default:
		return command.Usage("one address at a time, with one destination", "%s: bad value", word)
	}
	return nil
}

func (p *plan) notAnAddress(word, text string) error {
	if _, ok := sockaddr.ParseAddr(text, netbsd.AF_INET6, p.index(context.Background())); ok {
		return command.Usage("put inet6 in front of it", "%s: not an IPv4 address", word)
	}
	if _, ok := sockaddr.ParseIPv4(text); ok {
		return command.Usage("put inet in front of it, or nothing", "%s: not an IPv6 address", word)
	}
	return command.Usage("type an address in numbers, or a parameter (see nbnet ifconfig --help)", "%s: bad value", word)
}

// index finds the interface a zone is called after.
func (p *plan) index(ctx context.Context) func(string) (uint32, bool) {
	return func(name string) (uint32, bool) {
		if n, err := strconv.ParseUint(name, 10, 16); err == nil {
			return uint32(n), true
		}
		l, err := p.Interface(ctx, name)
		return l.Index, err == nil
	}
}

// check refuses parameters without the address that they are about.
func (p *plan) check() error {
	switch {
	case p.addr.IsValid() || p.hardware != nil:
		return nil
	case p.mask != nil || p.brd.IsValid():
		return command.Usage("write the address in front of it", "a netmask or broadcast address, but no address")
	case p.preference != nil || p.eui64 || p.pltime != nil || p.vltime != nil || p.flags6 != 0:
		return command.Usage("write it behind inet or inet6", "no address to do that to")
	case p.alias != nil && *p.alias:
		return command.Usage("write the address in front of alias", "no address to add")
	}
	return nil
}
