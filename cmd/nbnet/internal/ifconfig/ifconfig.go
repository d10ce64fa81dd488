// Package ifconfig is ifconfig(8): it shows and configures the interfaces of a
// kernel.
package ifconfig

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Command is ifconfig.
var Command = &command.Command{
	Name:    "ifconfig",
	Summary: "show or configure network interfaces",
	Synopsis: []string{
		"[-hLvz] interface [family]",
		"interface [create] [family [address[/length] [destination]]] [parameters]",
		"interface destroy",
		"-a [-bdhLsuvz] [family]",
		"-l [-bdsu]",
		"-C",
		"-s interface",
		"-w seconds",
	},
	Manual: `The parameters are alias, -alias, netmask mask, prefixlen n, broadcast address, up, down, arp, -arp,
debug, -debug, link0 to link2, -link0 to -link2, metric n, mtu n, preference n, linkstr string and -linkstr; for the
family inet6 also anycast, deprecated, pltime n, vltime n and eui64; for the family link also active.

Addresses are numbers: names of hosts are not looked up.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*netcfg.Client
	out, errs io.Writer
	json      bool
	set       map[byte]bool // the options that were given
	family    uint8         // AF_UNSPEC: all
}

const options = "abCdhLlmsuvw:z"

func run(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error {
	args, asJSON := command.JSON(args)
	opts, operands, err := command.Getopt(args, options)
	if err != nil {
		return err
	}
	e := &env{out: out, errs: errs, json: asJSON, set: map[byte]bool{}}
	var wait string
	for _, o := range opts {
		e.set[o.Letter] = true
		if o.Letter == 'w' {
			wait = o.Value
		}
	}
	if len(args) == 0 {
		e.set['a'] = true
	}
	if err := e.check(operands); err != nil {
		return err
	}
	e.Client, err = netcfg.Open(k)
	if err != nil {
		return err
	}
	defer func() { err = closing(e.Client, err) }()
	switch {
	case e.set['w']:
		return e.wait(ctx, wait)
	case e.set['C']:
		return e.cloners(ctx)
	case e.set['l'], e.set['a']:
		return e.all(ctx, operands)
	case e.set['s']:
		return e.carrier(ctx, operands)
	}
	return e.one(ctx, operands)
}

func closing(c *netcfg.Client, err error) error {
	if e := c.Close(); err == nil {
		err = e
	}
	return err
}

// check refuses options that exclude each other.
func (e *env) check(operands []string) error {
	alone := 0
	for _, o := range []byte("Clw") {
		if e.set[o] {
			alone++
		}
	}
	if alone > 1 || alone == 1 && (e.set['a'] || e.set['m'] || e.set['v'] || e.set['z'] || e.set['L']) {
		return command.Usage("give one of them, without -a, -L, -m, -v and -z", "-C, -l and -w are for themselves")
	}
	if alone == 1 && len(operands) > 0 && !e.set['l'] {
		return command.Usage("leave it out", "%s: -C and -w are about all interfaces", operands[0])
	}
	if len(operands) == 0 && alone == 0 && !e.set['a'] {
		return command.Usage("name one, or give -a for all", "no interface")
	}
	return nil
}

// wait does -w: it waits until addresses can be used.
func (e *env) wait(ctx context.Context, seconds string) error {
	n, err := strconv.ParseInt(seconds, 10, 32)
	if err != nil || n < 0 {
		return command.Usage("-w takes seconds, 0 for no limit", "%s: not a number", seconds)
	}
	if n > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(n)*time.Second, errTimedOut)
		defer cancel()
	}
	err = e.WaitAddresses(ctx, "")
	if err != nil && context.Cause(ctx) == errTimedOut { //nolint:errorlint // identity is meant
		return errTimedOut
	}
	return err
}

type timedOut struct{}

func (timedOut) Error() string { return "timed out" }

var errTimedOut error = timedOut{}

// cloners does -C.
func (e *env) cloners(ctx context.Context) error {
	names, err := e.Cloners(ctx)
	if err != nil {
		return fmt.Errorf("SIOCIFGCLONERS: %w", err)
	}
	if e.json {
		return command.WriteJSON(e.out, names)
	}
	_, err = fmt.Fprintln(e.out, strings.Join(names, " "))
	return err
}

var families = map[string]uint8{"inet": netbsd.AF_INET, "inet6": netbsd.AF_INET6, "link": netbsd.AF_LINK}

// all does -a and -l.
func (e *env) all(ctx context.Context, operands []string) error {
	if len(operands) > 0 {
		family, ok := families[operands[0]]
		if !ok || len(operands) > 1 {
			return command.Usage("the families are inet, inet6 and link; leave -a out to configure an interface",
				"%s: no address family", strings.Join(operands, " "))
		}
		e.family = family
	}
	return e.show(ctx, "")
}

// carrier does -s: the exit status tells.
func (e *env) carrier(ctx context.Context, operands []string) error {
	if len(operands) != 1 {
		return command.Usage("name one", "-s is about one interface")
	}
	d, err := e.data(ctx, operands[0])
	if err != nil {
		return err
	}
	if d.LinkState == netbsd.LINK_STATE_DOWN {
		return command.Status(1)
	}
	return nil
}

// one shows an interface, or configures it.
func (e *env) one(ctx context.Context, operands []string) error {
	name, words := operands[0], operands[1:]
	if len(words) == 1 && families[words[0]] != 0 {
		e.family, words = families[words[0]], nil
	}
	if len(words) == 0 {
		if _, err := e.flags(ctx, name); err != nil {
			return err
		}
		return e.show(ctx, name)
	}
	for _, o := range []byte("Lmvz") {
		if e.set[o] {
			return command.Usage("leave it out", "-%c is for showing an interface", o)
		}
	}
	p, err := e.parse(ctx, name, words)
	if err != nil {
		return err
	}
	return p.execute(ctx)
}
