// Package netstat is netstat(1): it shows the sockets, interfaces, routes and
// counters of a kernel.
package netstat

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Command is netstat.
var Command = &command.Command{
	Name:    "netstat",
	Summary: "show sockets, interfaces, routes and counters",
	Synopsis: []string{
		"[-anv] [-f family | -p protocol]",
		"-i [-bhnv] [-I interface]",
		"-r [-Lnv] [-f family]",
		"-s [-s] [-f family | -p protocol]",
		"[-I interface] [-bdh] -w wait",
		"-B [-s] [-I interface]",
		"-g | -q [-f family]",
		"-m",
	},
	Manual: `The families are inet, inet6 and local; the protocols are tcp, udp, ip, icmp, igmp, arp, ip6, icmp6 and udp6. With -s
given twice, counters that are zero are left out. With -w, a line follows every so many seconds, until
netstat is interrupted; the first has all that was counted so far. Names of hosts are never looked up; without -n, usual ports have names.
With -v, addresses are not cut to fit their columns.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*netcfg.Client
	out    io.Writer
	json   bool
	set    map[byte]int // how often each option was given
	family uint8        // AF_UNSPEC: all
	proto  string       // "": all
	ifname string       // "": all
	wait   int          // seconds between lines; 0: no lines
	links  rtprint.Links
}

var families = map[string]uint8{"inet": netbsd.AF_INET, "inet6": netbsd.AF_INET6, "local": netbsd.AF_LOCAL, "unix": netbsd.AF_LOCAL}

// elsewhere are options that this netstat does not have, and what there is.
var elsewhere = map[byte]string{
	't': "interfaces here have no timers; sockets of TCP are chosen with -p tcp", 'l': "-a shows the sockets that listen, too",
	'M': "it asks a kernel that runs", 'N': "it asks a kernel that runs", 'A': "the kernel's addresses are its own affair", 'P': "the kernel's memory is its own affair",
}

func run(ctx context.Context, k kernel.Kernel, args []string, out, _ io.Writer) error {
	args, asJSON := command.JSON(args)
	opts, operands, err := command.Getopt(args, "Aabdf:ghI:iLlM:mN:nP:p:qrstuvw:B")
	if err != nil {
		return err
	}
	e := &env{out: out, json: asJSON, set: map[byte]int{}}
	for _, o := range opts {
		if instead, ok := elsewhere[o.Letter]; ok {
			return command.Usage(instead, "-%c: not here", o.Letter)
		}
		e.set[o.Letter]++
		switch o.Letter {
		case 'f':
			if e.family = families[o.Value]; e.family == 0 {
				return command.Usage("the families are inet, inet6 and local", "%s: unknown address family", o.Value)
			}
		case 'p':
			if e.proto = o.Value; !slices.ContainsFunc(protocols, func(p protocol) bool { return p.name == o.Value }) {
				return command.Usage("see nbnet netstat --help for those there are", "%s: unknown or uninstrumented protocol", o.Value)
			}
		case 'u':
			e.family = netbsd.AF_LOCAL
		case 'I':
			e.ifname = o.Value
			e.set['i']++
		case 'w':
			if e.wait, err = strconv.Atoi(o.Value); err != nil || e.wait < 1 || e.wait > maxWait {
				return command.Usage("write a number of seconds behind -w", "%s: bad interval", o.Value)
			}
		}
	}
	if len(operands) > 0 {
		return command.Usage("it is -I for an interface, -p for a protocol and -f for a family", "%s: bad value", operands[0])
	}
	if e.Client, err = netcfg.Open(k); err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	list, err := e.Interfaces(ctx)
	if err != nil {
		return err
	}
	e.links = rtprint.NewLinks(list)
	switch {
	case e.set['m'] > 0:
		return e.buffers(ctx)
	case e.set['B'] > 0:
		return e.captures(ctx)
	case e.wait > 0:
		return e.watch(ctx)
	case e.set['q'] > 0 && e.set['i'] == 0:
		return e.queues(ctx)
	case e.set['g'] > 0:
		return e.multicastRouting(ctx)
	case e.set['r'] > 0 && e.set['s'] > 0:
		return command.Usage("leave -s out", "routes are not counted")
	case e.set['r'] > 0:
		return e.routes(ctx)
	case e.set['i'] > 0:
		return e.interfaces(ctx)
	case e.set['s'] > 0:
		return e.counters(ctx)
	}
	return e.sockets(ctx)
}

// maxWait is a day: who waits longer does not look.
const maxWait = 24 * 60 * 60

// routes does -r.
func (e *env) routes(ctx context.Context) error {
	o := rtprint.Options{Family: e.family, Numeric: e.set['n'] > 0, Verbose: e.set['v'] > 0, NoLinks: e.set['L'] > 0}
	messages, err := e.Messages(ctx, rtsock.Routes(e.family))
	if err != nil {
		return fmt.Errorf("sysctl of routing table: %w", err)
	}
	list := e.links.Routes(messages, o)
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	b := new(bytes.Buffer)
	rtprint.WriteTable(b, list, o)
	_, err = e.out.Write(b.Bytes())
	return err
}

// cut returns s as a column of a width, which with -v may be wider.
func (e *env) cut(s string, width int) string {
	if e.set['v'] == 0 && len(s) > width {
		s = s[:width]
	}
	return fmt.Sprintf("%-*s", width, s)
}
