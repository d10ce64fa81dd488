// Package route is route(8): it shows and changes the routing tables of a
// kernel.
package route

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Command is route.
var Command = &command.Command{
	Name:    "route",
	Summary: "show or change the routing tables",
	Synopsis: []string{
		"[-nqv] add [-inet | -inet6] [-net | -host] destination gateway [modifiers]",
		"[-nqv] change [-inet | -inet6] [-net | -host] destination gateway [modifiers]",
		"[-nqv] delete [-inet | -inet6] [-net | -host] destination [gateway]",
		"[-nsv] get [-inet | -inet6] destination",
		"[-Lnv] show [-inet | -inet6]",
		"[-nq] flush [-inet | -inet6]",
		"[-n] [-c count] monitor",
	},
	Manual: `The modifiers are -netmask mask, -prefixlen n, -iface, -ifa address, -ifp interface, -static, -nostatic,
-reject, -blackhole, -proxy, -proto1, -proto2, -mtu n, -hopcount n, -expire n, -recvpipe n, -sendpipe n, -ssthresh n,
-rtt n, -rttvar n, -lock and -lockrest.

Addresses are numbers: names of hosts and networks are not looked up.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*netcfg.Client
	out, errs io.Writer
	json      bool
	set       map[byte]bool // the options that were given
	count     int           // of messages to monitor; 0 is no limit
	links     rtprint.Links
}

var commands = map[string]func(*env, context.Context, []string) error{
	"add": (*env).change, "change": (*env).change, "delete": (*env).change, "get": (*env).change,
	"show": (*env).show, "flush": (*env).flush, "monitor": (*env).monitor,
}

// elsewhere are commands of other systems' route, and what they are here.
var elsewhere = map[string]string{
	"del": "delete", "list": "show", "print": "show", "replace": "change", "append": "add", "-p": "add",
}

func run(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error {
	args, asJSON := command.JSON(args)
	opts, words, err := command.Getopt(args, "c:fLnqsv")
	if err != nil {
		return err
	}
	e := &env{out: out, errs: errs, json: asJSON, set: map[byte]bool{}}
	for _, o := range opts {
		e.set[o.Letter] = true
		if o.Letter != 'c' {
			continue
		}
		if e.count, err = strconv.Atoi(o.Value); err != nil || e.count < 1 {
			return command.Usage("-c takes the number of messages to wait for", "%s: not a number", o.Value)
		}
	}
	if len(words) == 0 && e.set['f'] {
		words = []string{"flush"}
	}
	if len(words) == 0 {
		return command.Usage("say add, change, delete, get, show, flush or monitor", "no command")
	}
	do := commands[words[0]]
	if do == nil {
		instead := "say add, change, delete, get, show, flush or monitor"
		if w, ok := elsewhere[words[0]]; ok {
			instead = "say " + w
		}
		return command.Usage(instead, "%s: no such command", words[0])
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
	if e.set['f'] && words[0] != "flush" {
		if err := e.flush(ctx, []string{"flush"}); err != nil {
			return err
		}
	}
	return do(e, ctx, words)
}

// family understands the operands of commands that take a family only.
func family(words []string) (uint8, error) {
	f := uint8(netbsd.AF_UNSPEC)
	for _, w := range words[1:] {
		switch strings.TrimPrefix(w, "-") {
		case "inet":
			f = netbsd.AF_INET
		case "inet6":
			f = netbsd.AF_INET6
		default:
			return 0, command.Usage("only -inet or -inet6 can be behind "+words[0], "%s: bad value", w)
		}
	}
	return f, nil
}

// show writes the tables.
func (e *env) show(ctx context.Context, words []string) error {
	o := rtprint.Options{Numeric: e.set['n'], Verbose: e.set['v'], NoLinks: e.set['L']}
	var err error
	if o.Family, err = family(words); err != nil {
		return err
	}
	messages, err := e.Messages(ctx, rtsock.Routes(o.Family))
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

// flush deletes the routes to gateways and those that somebody added.
func (e *env) flush(ctx context.Context, words []string) error {
	f, err := family(words)
	if err != nil {
		return err
	}
	messages, err := e.Messages(ctx, rtsock.Routes(f))
	if err != nil {
		return fmt.Errorf("sysctl of routing table: %w", err)
	}
	gone := []result{}
	for _, m := range messages {
		h, ok := m.Header.(*netbsd.RtMsghdr)
		if !ok || h.Flags&(netbsd.RTF_GATEWAY|netbsd.RTF_STATIC) == 0 || h.Flags&netbsd.RTF_LLDATA != 0 {
			continue
		}
		r := result{Command: "delete", Kind: kind(h.Flags), Destination: e.links.Destination(m, h.Flags), Gateway: e.links.Host(m.Addrs[netbsd.RTAX_GATEWAY])}
		m.Type = netbsd.RTM_DELETE
		if _, err := e.Request(ctx, m); err != nil {
			return fmt.Errorf("delete %s: %w", r.Destination, because(err))
		}
		gone = append(gone, r)
		if !e.json && !e.set['q'] {
			if _, err := fmt.Fprintf(e.out, "%-20.20s %-20.20s done\n", r.Destination, r.Gateway); err != nil {
				return err
			}
		}
	}
	if e.json {
		return command.WriteJSON(e.out, gone)
	}
	return nil
}

func kind(flags int32) string {
	if flags&netbsd.RTF_HOST != 0 {
		return "host"
	}
	return "net"
}
