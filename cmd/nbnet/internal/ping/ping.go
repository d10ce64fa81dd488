// Package ping is ping(8) and ping6(8): it sends echo requests from a kernel,
// and shows what comes back.
package ping

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Command is ping, for IPv4.
var Command = &command.Command{
	Name:     "ping",
	Summary:  "send ICMP echo requests to a host",
	Synopsis: []string{"[-fLnoqr] [-c count] [-I source] [-i interval] [-p pattern] [-s size] [-T ttl] [-t tos] [-w seconds] host"},
	Manual: `The host is an address in numbers. The exit status is 1 when nothing came back. An interval is in seconds, and may be
a fraction.`,
	Run: func(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error {
		return run(ctx, k, netbsd.AF_INET, args, out, errs)
	},
}

// Command6 is ping6.
var Command6 = &command.Command{
	Name:     "ping6",
	Summary:  "send ICMPv6 echo requests to a host",
	Synopsis: []string{"[-fnoq] [-c count] [-h hoplimit] [-I interface] [-i interval] [-p pattern] [-S source] [-s size] [-X seconds] host"},
	Manual: `The host is an address in numbers, with %interface behind a link-local one. The exit status is 1 when nothing came
back. An interval is in seconds, and may be a fraction.`,
	Run: func(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error {
		return run(ctx, k, netbsd.AF_INET6, args, out, errs)
	},
}

// A pinger is what a command line asks for, and what became of it.
type pinger struct {
	out, errs io.Writer
	json      bool
	set       map[byte]bool // the options that were given

	family   uint8
	host     string // as it was typed
	to       netip.Addr
	source   netip.Addr // not valid: what the kernel chooses
	ifname   string     // of packets to groups and link-local addresses
	count    int        // 0 is for ever
	size     int        // of the data
	interval time.Duration
	deadline time.Duration // 0: none
	ttl, tos int           // -1: what the kernel has
	pattern  []byte
	links    rtprint.Links

	s       *socket
	id      uint16
	sent    []time.Time // by sequence number
	replies []reply
	seen    map[uint16]bool
	dups    int
}

// A reply is one that came back. Its JSON form is that of the command.
type reply struct {
	Seq       uint16        `json:"seq"`
	Bytes     int           `json:"bytes"`
	From      string        `json:"from"`
	Hops      int           `json:"ttl"`
	Time      time.Duration `json:"-"`
	Ms        float64       `json:"ms"`
	Duplicate bool          `json:"duplicate,omitempty"`
}

func run(ctx context.Context, k kernel.Kernel, family uint8, args []string, out, errs io.Writer) error {
	p := &pinger{out: out, errs: errs, set: map[byte]bool{}, family: family, interval: time.Second, ttl: -1, tos: -1, size: 56, seen: map[uint16]bool{}}
	spec := "c:fI:i:Lnop:qrs:T:t:vw:"
	if family == netbsd.AF_INET6 {
		spec, p.size = "c:fh:I:i:nop:qS:s:vX:", 8
	}
	args, p.json = command.JSON(args)
	opts, operands, err := command.Getopt(args, spec)
	if err != nil {
		return err
	}
	for _, o := range opts {
		p.set[o.Letter] = true
		if err := p.option(o); err != nil {
			return err
		}
	}
	if len(operands) != 1 {
		return command.Usage("write one, behind the options", "no host, or more than one")
	}
	if err := p.prepare(ctx, k, operands[0]); err != nil {
		return err
	}
	defer p.s.close()
	return p.ping(ctx)
}

func (p *pinger) option(o command.Option) (err error) {
	number := func(to *int, least, most int) error {
		n, err := strconv.Atoi(o.Value)
		if err != nil || n < least || n > most {
			return command.Usage(fmt.Sprintf("it is a number from %d to %d", least, most), "-%c %s: bad value", o.Letter, o.Value)
		}
		*to = n
		return nil
	}
	seconds := func(to *time.Duration) error {
		v, err := strconv.ParseFloat(o.Value, 64)
		const most = 1 << 30
		if err != nil || !(v > 0 && v < most) {
			return command.Usage("it is a number of seconds, such as 0.5", "-%c %s: bad value", o.Letter, o.Value)
		}
		*to = time.Duration(v * float64(time.Second))
		return nil
	}
	switch o.Letter {
	case 'c':
		return number(&p.count, 1, 1<<30)
	case 's':
		const header, most = 28, 65535
		return number(&p.size, 0, most-header)
	case 'T', 'h':
		return number(&p.ttl, 0, 255)
	case 't':
		return number(&p.tos, 0, 255)
	case 'i':
		return seconds(&p.interval)
	case 'w', 'X':
		return seconds(&p.deadline)
	case 'f':
		p.interval = 10 * time.Millisecond
	case 'p':
		if p.pattern, err = hex.DecodeString(o.Value); err != nil || len(p.pattern) == 0 || len(p.pattern) > 16 {
			return command.Usage("up to 16 bytes in hexadecimal, two digits each", "-p %s: bad value", o.Value)
		}
	case 'S':
		p.ifname = "" // after -I, which is about something else
		return p.from(o.Value)
	case 'I':
		if p.family == netbsd.AF_INET6 {
			p.ifname = o.Value
			return nil
		}
		return p.from(o.Value)
	}
	return nil
}

func (p *pinger) from(s string) error {
	a, ok := sockaddr.ParseAddr(s, p.family, func(string) (uint32, bool) { return 0, false })
	if !ok {
		return command.Usage("it is an address of this kernel's", "%s: bad value", s)
	}
	p.source = a
	return nil
}

// prepare finds the host, and opens the socket.
func (p *pinger) prepare(ctx context.Context, k kernel.Kernel, host string) error {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	list, err := c.Interfaces(ctx)
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	p.links = rtprint.NewLinks(list)
	if err := p.find(host); err != nil {
		return err
	}
	if p.s, err = open(ctx, k, int32(p.family)); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	p.id = uint16(p.s.process.PID())
	if err := p.options(ctx); err != nil {
		p.s.close()
		return err
	}
	return nil
}

func (p *pinger) index(name string) (uint32, bool) {
	for i, n := range p.links {
		if n == name {
			return i, true
		}
	}
	n, err := strconv.ParseUint(name, 10, 16)
	return uint32(n), err == nil
}

func (p *pinger) find(host string) error {
	p.host = host
	if p.ifname != "" {
		if _, ok := p.index(p.ifname); !ok {
			return command.Usage("nbnet ifconfig -l lists those there are", "%s: invalid interface name", p.ifname)
		}
		if !strings.Contains(host, "%") && strings.HasPrefix(host, "f") {
			host += "%" + p.ifname
		}
	}
	a, ok := sockaddr.ParseAddr(host, p.family, p.index)
	if ok {
		p.to = a
		return nil
	}
	if _, other := sockaddr.ParseAddr(host, p.family^netbsd.AF_INET^netbsd.AF_INET6, p.index); other {
		if p.family == netbsd.AF_INET {
			return command.Usage("type nbnet ping6 "+host, "%s: an IPv6 address", host)
		}
		return command.Usage("type nbnet ping "+host, "%s: an IPv4 address", host)
	}
	return command.Usage("write the address in numbers", "Cannot resolve \"%s\" (Host name lookup failure)", host)
}

// options sets those of the socket.
func (p *pinger) options(ctx context.Context) error {
	set := func(level, name int32, v int) error {
		if v < 0 {
			return nil
		}
		return p.s.option(ctx, level, name, int32(v))
	}
	var err error
	if p.family == netbsd.AF_INET6 {
		err = errors.Join(
			set(netbsd.IPPROTO_IPV6, netbsd.IPV6_RECVHOPLIMIT, 1),
			set(netbsd.IPPROTO_IPV6, netbsd.IPV6_UNICAST_HOPS, p.ttl),
			set(netbsd.IPPROTO_IPV6, netbsd.IPV6_MULTICAST_HOPS, p.ttl),
		)
	} else {
		err = errors.Join(
			set(netbsd.IPPROTO_IP, netbsd.IP_TTL, p.ttl),
			set(netbsd.IPPROTO_IP, netbsd.IP_TOS, p.tos),
		)
		if p.set['L'] {
			err = errors.Join(err, set(netbsd.IPPROTO_IP, netbsd.IP_MULTICAST_LOOP, 0))
		}
		if p.set['r'] {
			err = errors.Join(err, set(netbsd.SOL_SOCKET, netbsd.SO_DONTROUTE, 1))
		}
	}
	err = errors.Join(err, set(netbsd.SOL_SOCKET, netbsd.SO_RCVBUF, 48<<10))
	if err == nil && p.source.IsValid() {
		if err = p.s.bind(ctx, p.source); err != nil {
			return fmt.Errorf("bind %s: %w", p.source, err)
		}
	}
	return err
}
