package route

import (
	"context"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// A request is what a command line asks for.
type request struct {
	*env
	ctx  context.Context //nolint:containedctx // names of zones are looked up while the words are read
	name string          // of the command

	family        uint8 // AF_UNSPEC until an option or an address tells
	dst, gateway  string
	host          bool
	forceHost     bool
	forceNet      bool
	iface         bool
	flags         int32
	lock, lockAll bool
	m             rtsock.Message
	header        netbsd.RtMsghdr
}

// flagWords are the modifiers that are flags of the route.
var flagWords = map[string]int32{
	"static": netbsd.RTF_STATIC, "reject": netbsd.RTF_REJECT, "blackhole": netbsd.RTF_BLACKHOLE, "proxy": netbsd.RTF_ANNOUNCE,
	"proto1": netbsd.RTF_PROTO1, "proto2": netbsd.RTF_PROTO2,
}

// A metric is one of the numbers that go with a route.
type metric struct {
	bit int32
	at  func(*netbsd.RtMetrics) *uint64
}

var metrics = map[string]metric{
	"mtu":      {netbsd.RTV_MTU, func(x *netbsd.RtMetrics) *uint64 { return &x.MTU }},
	"hopcount": {netbsd.RTV_HOPCOUNT, func(x *netbsd.RtMetrics) *uint64 { return &x.Hopcount }},
	"recvpipe": {netbsd.RTV_RPIPE, func(x *netbsd.RtMetrics) *uint64 { return &x.Recvpipe }},
	"sendpipe": {netbsd.RTV_SPIPE, func(x *netbsd.RtMetrics) *uint64 { return &x.Sendpipe }},
	"ssthresh": {netbsd.RTV_SSTHRESH, func(x *netbsd.RtMetrics) *uint64 { return &x.Ssthresh }},
	"rtt":      {netbsd.RTV_RTT, func(x *netbsd.RtMetrics) *uint64 { return &x.RTT }},
	"rttvar":   {netbsd.RTV_RTTVAR, func(x *netbsd.RtMetrics) *uint64 { return &x.Rttvar }},
	"expire":   {netbsd.RTV_EXPIRE, nil},
}

// foreign are words of other systems' route and ip, and what they are here.
var foreign = map[string]string{
	"gw": "write the gateway behind the destination", "via": "write the gateway behind the destination",
	"dev": "say -ifp INTERFACE", "netmask": "say -netmask MASK", "metric": "there are no metrics to choose by", "mask": "say -netmask MASK",
}

// parse understands the words behind the command.
func (e *env) parse(ctx context.Context, words []string) (*request, error) {
	r := &request{env: e, ctx: ctx, name: words[0], flags: netbsd.RTF_STATIC}
	r.family = familyOf(words)
	w := words[1:]
	next := func(of string) (string, error) {
		if len(w) == 0 {
			return "", command.Usage("", "-%s requires an argument", of)
		}
		s := w[0]
		w = w[1:]
		return s, nil
	}
	for len(w) > 0 {
		word := w[0]
		w = w[1:]
		key, isOption := strings.CutPrefix(word, "-")
		var err error
		if isOption {
			err = r.option(key, next)
		} else {
			err = r.operand(word)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, r.check()
}

// familyOf finds out which family the words are about. As with NetBSD, IPv6 is
// to be said; but here an address will do, too.
func familyOf(words []string) uint8 {
	for _, w := range words {
		switch w {
		case "-inet6":
			return netbsd.AF_INET6
		case "-inet":
			return netbsd.AF_INET
		}
	}
	for _, w := range words[1:] {
		if !strings.HasPrefix(w, "-") && strings.Contains(w, ":") {
			return netbsd.AF_INET6
		}
	}
	return netbsd.AF_INET
}

// option understands a modifier. next returns the word behind it.
func (r *request) option(key string, next func(of string) (string, error)) error {
	if flag, ok := flagWords[key]; ok {
		r.flags |= flag
		return nil
	}
	if m, ok := metrics[key]; ok {
		s, err := next(key)
		if err != nil {
			return err
		}
		return r.metric(key, m, s)
	}
	switch key {
	case "inet", "inet6":
	case "net":
		r.forceNet = true
	case "host":
		r.forceHost = true
	case "iface", "interface":
		r.iface = true
	case "nostatic":
		r.flags &^= netbsd.RTF_STATIC
	case "lock":
		r.lock = true
	case "lockrest":
		r.lockAll = true
	case "netmask", "prefixlen", "gateway", "dst", "ifa", "ifp":
		s, err := next(key)
		if err != nil {
			return err
		}
		return r.valued(key, s)
	default:
		return command.Usage("see nbnet route --help", "-%s: no such modifier", key)
	}
	return nil
}

// valued understands a modifier that takes an address or a name.
func (r *request) valued(key, s string) error {
	switch key {
	case "prefixlen":
		n, err := strconv.Atoi(s)
		if err != nil {
			n = -1
		}
		return r.prefixLen(s, n)
	case "netmask":
		r.forceNet = true
		return r.mask(s)
	case "ifp":
		r.m.Addrs[netbsd.RTAX_IFP] = sockaddr.MakeLink(sockaddr.Link{Name: s})
	case "dst":
		return r.destination(s)
	case "gateway":
		return r.via(s)
	case "ifa":
		a, err := r.addr(s)
		if err != nil {
			return err
		}
		r.m.Addrs[netbsd.RTAX_IFA] = sockaddr.Make(a)
	}
	return nil
}

func (r *request) metric(key string, m metric, s string) error {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return command.Usage("it is a whole number", "-%s %s: bad value", key, s)
	}
	r.header.Inits |= m.bit
	if r.lock || r.lockAll {
		r.header.Rmx.Locks |= uint64(m.bit)
	}
	r.lock = false
	if m.at == nil {
		r.header.Rmx.Expire = int64(n)
		return nil
	}
	*m.at(&r.header.Rmx) = n
	return nil
}

// operand understands a word without minus: the destination, the gateway, or a
// mask.
func (r *request) operand(word string) error {
	if instead, ok := foreign[word]; ok {
		return command.Usage(instead, "%s: bad value", word)
	}
	switch {
	case r.dst == "":
		return r.destination(word)
	case r.gateway == "":
		return r.via(word)
	}
	return r.mask(word)
}

func (r *request) via(s string) error {
	a, err := r.addr(s)
	if err != nil {
		if _, ok := r.index(s); ok {
			return command.Usage("write an address of it with -iface, or say -ifp "+s, "%s: an interface is no gateway", s)
		}
		return err
	}
	r.gateway = s
	r.m.Addrs[netbsd.RTAX_GATEWAY] = sockaddr.Make(a)
	return nil
}

func (r *request) index(name string) (uint32, bool) {
	for i, n := range r.links {
		if n == name {
			return i, true
		}
	}
	n, err := strconv.ParseUint(name, 10, 16)
	return uint32(n), err == nil && r.links[uint32(n)] != ""
}

// addr understands an address of the family.
func (r *request) addr(s string) (netip.Addr, error) {
	a, ok := sockaddr.ParseAddr(s, r.family, r.index)
	if !ok {
		instead := "write an IPv4 address in numbers, or -inet6 in front of an IPv6 one"
		if r.family == netbsd.AF_INET6 {
			instead = "write an IPv6 address in numbers, with %INTERFACE behind a link-local one"
		}
		return a, command.Usage(instead, "%s: bad value", s)
	}
	return a, nil
}

// destination understands a host, a network, or "default".
func (r *request) destination(s string) error {
	r.dst = s
	if s == "default" {
		r.forceNet = true
		zero := netip.IPv4Unspecified()
		if r.family == netbsd.AF_INET6 {
			zero = netip.IPv6Unspecified()
		}
		r.m.Addrs[netbsd.RTAX_DST], r.m.Addrs[netbsd.RTAX_NETMASK] = sockaddr.Make(zero), []byte{}
		return nil
	}
	text, length, prefix := strings.Cut(s, "/")
	if r.family == netbsd.AF_INET6 {
		return r.destination6(s, text, length, prefix)
	}
	a, ok := sockaddr.ParseIPv4(text)
	if !ok {
		_, err := r.addr(s)
		return err
	}
	net, class := a, 0
	if prefix || r.forceNet || hostPartIsZero(a) {
		net, class = network(text, a)
	}
	r.m.Addrs[netbsd.RTAX_DST] = sockaddr.Make(net)
	switch {
	case prefix:
		n, err := strconv.Atoi(length)
		if err != nil {
			n = -1
		}
		return r.prefixLen(s, n)
	case class > 0 || net.IsUnspecified():
		r.setMask(class)
	default:
		r.host = true
	}
	return nil
}

func (r *request) destination6(s, text, length string, prefix bool) error {
	a, err := r.addr(text)
	if err != nil {
		return err
	}
	r.m.Addrs[netbsd.RTAX_DST] = sockaddr.Make(a)
	raw := a.As16()
	switch {
	case prefix:
		n, err := strconv.Atoi(length)
		if err != nil {
			n = -1
		}
		return r.prefixLen(s, n)
	case a.IsUnspecified():
		r.setMask(0)
	case raw[0]&0xe0 == 0x20 && binary.BigEndian.Uint64(raw[8:]) == 0: // global unicast, no interface id
		r.setMask(64)
	default:
		r.host = true
	}
	return nil
}

// classBits returns the length of the network part that the class of a has.
func classBits(a netip.Addr) int {
	switch b := a.As4()[0]; {
	case b < 128:
		return 8
	case b < 192:
		return 16
	case b < 224:
		return 24
	}
	return 32
}

func hostPartIsZero(a netip.Addr) bool {
	return netip.PrefixFrom(a, classBits(a)).Masked().Addr() == a
}

// network returns the network that is written as s, and the length of its mask by
// class: the bytes that are not written are zero, behind those that are.
func network(s string, a netip.Addr) (netip.Addr, int) {
	var b [4]byte
	parts := strings.Split(s, ".")
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 8)
		if err != nil {
			return a, classBits(a)
		}
		b[i] = byte(n)
	}
	net := netip.AddrFrom4(b)
	n := classBits(net)
	for ; n < 32 && netip.PrefixFrom(net, n).Masked().Addr() != net; n += 8 {
	}
	if net.IsUnspecified() {
		n = 0
	}
	return net, n
}

func (r *request) width() int {
	if r.family == netbsd.AF_INET6 {
		return 128
	}
	return 32
}

func (r *request) prefixLen(s string, n int) error {
	if n < 0 || n > r.width() {
		return command.Usage("the length of the prefix is from 0 to "+strconv.Itoa(r.width()), "%s: bad value", s)
	}
	r.setMask(n)
	r.host = n == r.width()
	return nil
}

// setMask sets the mask, without the zeros behind it.
func (r *request) setMask(n int) {
	like := netip.IPv4Unspecified()
	if r.family == netbsd.AF_INET6 {
		like = netip.IPv6Unspecified()
	}
	r.m.Addrs[netbsd.RTAX_NETMASK] = trim(sockaddr.Mask(like, n))
}

func (r *request) mask(s string) error {
	a, err := r.addr(s)
	if err != nil {
		return command.Usage("write it as 255.255.0.0 or 0xffff0000, or say -prefixlen 16", "%s: bad netmask", s)
	}
	r.m.Addrs[netbsd.RTAX_NETMASK] = trim(sockaddr.Make(a))
	r.host = false
	return nil
}

// trim cuts the zeros behind a mask off. One of zeros alone is empty.
func trim(mask []byte) []byte {
	const header = 2
	n := len(mask)
	for n > header && mask[n-1] == 0 {
		n--
	}
	if n == header {
		return []byte{}
	}
	mask[0] = byte(n)
	return mask[:n]
}

// check refuses what lacks something.
func (r *request) check() error {
	switch {
	case r.dst == "":
		return command.Usage("write an address, a network as 10.1.0.0/16, or default behind "+r.name, "missing destination specification")
	case r.name == "add" && r.gateway == "":
		return command.Usage("write it behind "+r.dst+"; with -iface, an address of the interface", "missing gateway specification")
	case r.forceHost && r.forceNet && r.dst != "default":
		return command.Usage("say one of them", "-host and -net conflict")
	case r.name == "get" && r.gateway != "":
		return command.Usage("leave it out", "%s: get takes a destination only", r.gateway)
	}
	if r.forceHost {
		r.host = true
	} else if r.forceNet {
		r.host = false
	}
	return nil
}
