// Package arp is arp(8): it shows and changes the hardware addresses that a
// kernel has for IPv4 addresses.
package arp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/neighbor"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// Command is arp.
var Command = &command.Command{
	Name:    "arp",
	Summary: "show or change the table of ARP",
	Synopsis: []string{
		"[-n] address",
		"[-nv] -a",
		"[-v] -d address",
		"[-v] -d -a",
		"[-v] -s address ether_addr [temp] [pub]",
		"[-v] -f file",
	},
	Manual: `Addresses are numbers: names of hosts are not looked up. A file has the operands of -s, one entry a line; empty
lines and those that begin with # are skipped. Lines that cannot be carried out are reported, and the others are.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*neighbor.Table
	out, errs io.Writer
	json      bool
	set       map[byte]bool // the options that were given
	file      string        // of -f
}

func run(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) (err error) {
	args, asJSON := command.JSON(args)
	opts, operands, err := command.Getopt(args, "adf:nsv")
	if err != nil {
		return err
	}
	e := &env{out: out, errs: errs, json: asJSON, set: map[byte]bool{}}
	for _, o := range opts {
		if e.set[o.Letter] = true; o.Letter == 'f' {
			e.file = o.Value
		}
	}
	if err := e.check(operands); err != nil {
		return err
	}
	if e.Table, err = neighbor.Open(ctx, k, netbsd.AF_INET); err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	switch {
	case e.set['f']:
		return e.fromFile(ctx)
	case e.set['s']:
		return e.enter(ctx, operands)
	case e.set['d']:
		return e.delete(ctx, operands)
	}
	return e.show(ctx, operands)
}

func (e *env) check(operands []string) error {
	switch {
	case e.set['f'] && (e.set['a'] || e.set['d'] || e.set['s'] || len(operands) > 0):
		return command.Usage("say -f FILE and no more", "-f has its operands in the file")
	case e.set['f']:
		return nil
	case e.set['s'] && (e.set['a'] || e.set['d']):
		return command.Usage("say -s ADDRESS ETHER_ADDR, or -d ADDRESS", "-s goes with neither -a nor -d")
	case e.set['s'] && len(operands) < 2:
		return command.Usage("say -s ADDRESS ETHER_ADDR", "-s needs an address and a hardware address")
	case e.set['a'] && len(operands) > 0:
		return command.Usage("leave -a out", "%s: -a is for all entries", operands[0])
	case !e.set['a'] && !e.set['s'] && len(operands) != 1:
		return command.Usage("name one, or say -a for all", "no address")
	}
	return nil
}

// show writes the entries.
func (e *env) show(ctx context.Context, operands []string) error {
	var host netip.Addr
	if len(operands) > 0 {
		var err error
		if host, err = e.Parse(operands[0]); err != nil {
			return err
		}
	}
	list, err := e.List(ctx, host)
	if err != nil {
		return err
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	if host.IsValid() && len(list) == 0 {
		return fmt.Errorf("%s (%s) -- no entry", operands[0], host)
	}
	b := new(bytes.Buffer)
	for i := range list {
		write(b, &list[i])
	}
	_, err = e.out.Write(b.Bytes())
	return err
}

func write(b *bytes.Buffer, n *neighbor.Entry) {
	hw := n.Hardware
	if hw == "" {
		hw = "(incomplete)"
	}
	fmt.Fprintf(b, "? (%s) at %s on %s", n.Address, hw, n.Interface)
	if n.Permanent {
		b.WriteString(" permanent")
	}
	if n.Published {
		b.WriteString(" published")
	}
	b.WriteByte('\n')
}

// delete takes entries away.
func (e *env) delete(ctx context.Context, operands []string) error {
	var host netip.Addr
	if len(operands) > 0 {
		var err error
		if host, err = e.Parse(operands[0]); err != nil {
			return err
		}
	}
	list, err := e.List(ctx, host)
	if err != nil {
		return err
	}
	gone := []neighbor.Entry{}
	for i := range list {
		n := &list[i]
		if n.Local && !host.IsValid() {
			continue // the kernel would make it again
		}
		if err := e.Delete(ctx, n); err != nil {
			return err
		}
		gone = append(gone, *n)
		if e.set['v'] && !e.json {
			if _, err := fmt.Fprintf(e.out, "%s (%s) deleted\n", n.Address, n.Address); err != nil {
				return err
			}
		}
	}
	if e.json {
		return command.WriteJSON(e.out, gone)
	}
	if host.IsValid() && len(gone) == 0 {
		return fmt.Errorf("%s (%s) -- no entry", operands[0], host)
	}
	return nil
}

// enter makes an entry.
func (e *env) enter(ctx context.Context, operands []string) error {
	host, err := e.setOne(ctx, operands)
	if err != nil {
		return err
	}
	if e.json {
		list, err := e.List(ctx, host)
		if err != nil {
			return err
		}
		return command.WriteJSON(e.out, list)
	}
	return nil
}

// setOne makes the entry that the operands of -s describe.
func (e *env) setOne(ctx context.Context, operands []string) (netip.Addr, error) {
	host, err := e.Parse(operands[0])
	if err != nil {
		return host, err
	}
	hw, err := neighbor.Hardware(operands[1])
	if err != nil {
		return host, err
	}
	var flags int32
	var expires int64
	for _, w := range operands[2:] {
		switch {
		case strings.HasPrefix(w, "temp"):
			expires = time.Now().Add(neighbor.Reach).Unix()
		case strings.HasPrefix(w, "pub"):
			flags |= netbsd.RTF_ANNOUNCE
		default:
			return host, command.Usage("temp or pub can follow", "%s: bad value", w)
		}
	}
	if err := e.Set(ctx, host, hw, flags, expires); err != nil {
		return host, err
	}
	if e.set['v'] && !e.json {
		_, err = fmt.Fprintf(e.out, "%s (%s) added\n", operands[0], operands[1])
	}
	return host, err
}

// fromFile makes the entries of a file.
func (e *env) fromFile(ctx context.Context) error {
	f, err := os.Open(e.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	made, wrong := []neighbor.Entry{}, false
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		var host netip.Addr
		err := error(command.Usage("write an address and a hardware address", "bad line: %s", lines.Text()))
		if len(words) >= 2 {
			host, err = e.setOne(ctx, words)
		}
		if err != nil {
			wrong = true
			if _, err := fmt.Fprintf(e.errs, "%s:%d: %v\n", e.file, n, err); err != nil {
				return err
			}
			continue
		}
		list, err := e.List(ctx, host)
		if err != nil {
			return err
		}
		made = append(made, list...)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", e.file, err)
	}
	if e.json {
		if err := command.WriteJSON(e.out, made); err != nil {
			return err
		}
	}
	if wrong {
		return command.Status(1)
	}
	return nil
}
