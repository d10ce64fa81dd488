// Package ndp is ndp(8): it shows and changes the hardware addresses that a
// kernel has for IPv6 addresses, and what neighbor discovery does on an
// interface.
package ndp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/neighbor"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// Command is ndp.
var Command = &command.Command{
	Name:    "ndp",
	Summary: "show or change the table of neighbor discovery",
	Synopsis: []string{
		"[-n] address",
		"[-n] -a",
		"-c",
		"-d address",
		"-i interface [[-]flag ...] [value=n ...]",
		"-s address ether_addr [temp] [proxy]",
	},
	Manual: `The flags of an interface are nud, disabled, auto_linklocal and prefer_source; its values
are basereachable, retrans and curhlim. Addresses are numbers: names of hosts are not looked up.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*neighbor.Table
	out  io.Writer
	json bool
}

// elsewhere are options that this ndp does not have, and what there is.
var elsewhere = map[byte]string{
	'p': "nbnet netstat -rn -f inet6 shows the prefixes", 'P': "nbnet route flush -inet6 takes the routes away", 'r': "nbnet netstat -rn -f inet6 shows the default router",
	'R': "nbnet route delete -inet6 default takes it away", 'A': "run it again", 'f': "give the entries one by one, with -s", 'H': "the kernel keeps them in step", 'I': "write %INTERFACE behind the address", 't': "the entries have no times",
}

func run(ctx context.Context, k kernel.Kernel, args []string, out, _ io.Writer) (err error) {
	args, asJSON := command.JSON(args)
	var words []string // behind -i, where flags have minus signs
	if i := slices.Index(args, "-i"); i >= 0 && i+2 < len(args) {
		args, words = args[:i+2], args[i+2:]
	}
	opts, operands, err := command.Getopt(args, "A:acdf:HI:i:nPpRrst")
	if err != nil {
		return err
	}
	operands = append(operands, words...)
	e := &env{out: out, json: asJSON}
	var what byte
	var ifname string
	for _, o := range opts {
		if instead, ok := elsewhere[o.Letter]; ok {
			return command.Usage(instead, "-%c: not here", o.Letter)
		}
		if o.Letter == 'i' {
			ifname = o.Value
		}
		if o.Letter == 'n' {
			continue
		}
		if what != 0 && what != o.Letter {
			return command.Usage("say one of them", "-%c and -%c", what, o.Letter)
		}
		what = o.Letter
	}
	if err := check(what, operands); err != nil {
		return err
	}
	if e.Table, err = neighbor.Open(ctx, k, netbsd.AF_INET6); err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	switch what {
	case 'i':
		return e.iface(ctx, ifname, operands)
	case 's':
		return e.enter(ctx, operands)
	case 'd', 'c':
		return e.delete(ctx, operands)
	}
	return e.show(ctx, operands)
}

func check(what byte, operands []string) error {
	switch {
	case (what == 'a' || what == 'c') && len(operands) > 0:
		return command.Usage("leave it out", "%s: -%c is about all entries", operands[0], what)
	case (what == 0 || what == 'd') && len(operands) != 1:
		return command.Usage("name one, or say -a to see all", "no address")
	case what == 's' && len(operands) < 2:
		return command.Usage("say -s ADDRESS ETHER_ADDR", "-s needs an address and a hardware address")
	}
	return nil
}

// entries lists the table, or the entries of a host, with their states.
func (e *env) entries(ctx context.Context, operands []string) ([]neighbor.Entry, error) {
	var host netip.Addr
	if len(operands) > 0 {
		var err error
		if host, err = e.Parse(operands[0]); err != nil {
			return nil, err
		}
	}
	list, err := e.List(ctx, host)
	if err != nil {
		return nil, err
	}
	shown := []neighbor.Entry{}
	for i := range list {
		n := &list[i]
		if n.Addr.IsMulticast() && !host.IsValid() {
			continue
		}
		e.state(ctx, n)
		shown = append(shown, *n)
	}
	if host.IsValid() && len(shown) == 0 {
		return nil, fmt.Errorf("%s (%s) -- no entry", operands[0], operands[0])
	}
	return shown, nil
}

// states are the letters of the states of neighbors (ND6_LLINFO_*).
var states = map[int32]string{
	netbsd.ND6_LLINFO_NOSTATE: "N", netbsd.ND6_LLINFO_INCOMPLETE: "I", netbsd.ND6_LLINFO_REACHABLE: "R",
	netbsd.ND6_LLINFO_STALE: "S", netbsd.ND6_LLINFO_DELAY: "D", netbsd.ND6_LLINFO_PROBE: "P",
}

// state asks what neighbor discovery knows of a neighbor. Not all kernels tell.
func (e *env) state(ctx context.Context, n *neighbor.Entry) {
	var r netbsd.In6Nbrinfo
	copy(r.Ifname[:], n.Interface)
	copy(abi.AsBytes(&r.Addr), n.Addr.AsSlice())
	if e.Ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCGNBRINFO_IN6, abi.AsBytes(&r)) != nil {
		return
	}
	n.State, n.Router, n.Asked = states[r.State], r.Isrouter != 0, int(r.Asked)
	n.Permanent = r.Expire == 0
	n.Expires = max(0, int64(r.Expire)-time.Now().Unix())
	if r.Expire == 0 {
		n.Expires = 0
	}
}

// The widths of the columns.
const (
	addrWidth = 31
	linkWidth = 17
	nameWidth = 6
)

func (e *env) show(ctx context.Context, operands []string) error {
	list, err := e.entries(ctx, operands)
	if err != nil {
		return err
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "%-*.*s %-*.*s %*.*s %-9.9s %1s %5s\n", addrWidth, addrWidth, "Neighbor", linkWidth, linkWidth, "Linklayer Address",
		nameWidth, nameWidth, "Netif", "Expire", "S", "Flags")
	for i := range list {
		write(b, &list[i])
	}
	_, err = e.out.Write(b.Bytes())
	return err
}

// write writes a line. A column that is too long takes from those behind it.
func write(b *bytes.Buffer, n *neighbor.Entry) {
	hw := n.Hardware
	if hw == "" {
		hw = "(incomplete)"
	}
	aw := max(len(n.Address), addrWidth)
	lw := max(len(hw), addrWidth+linkWidth-aw)
	iw := max(len(n.Interface), addrWidth+linkWidth+nameWidth-aw-lw)
	state := n.State
	if state == "" {
		state = " "
	}
	fmt.Fprintf(b, "%-*s %-*s %*s %-9.9s %s %s", aw, n.Address, lw, hw, iw, n.Interface, expiry(n), state, flags(n))
	if n.Asked > 0 {
		fmt.Fprintf(b, " %d", n.Asked)
	}
	b.WriteByte('\n')
}

// expiry says when the entry ends: "permanent", "1m20s", "expired".
func expiry(n *neighbor.Entry) string {
	switch {
	case n.Permanent:
		return "permanent"
	case n.Expires > 0:
		return duration(n.Expires)
	}
	return "expired"
}

// duration returns seconds as "1d2h3m4s", without units that are not needed.
func duration(s int64) string {
	var b strings.Builder
	for _, u := range []struct {
		size int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := s / u.size; n > 0 || b.Len() > 0 || u.size == 1 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
		}
		s %= u.size
	}
	return b.String()
}

func flags(n *neighbor.Entry) string {
	s := ""
	if n.Local {
		s += "l"
	}
	if n.Router {
		s += "R"
	}
	if n.Published {
		s += "p"
	}
	return s
}

// delete takes the entry of a host away, or all that were found out.
func (e *env) delete(ctx context.Context, operands []string) error {
	list, err := e.entries(ctx, operands)
	if err != nil {
		return err
	}
	gone := []neighbor.Entry{}
	for i := range list {
		n := &list[i]
		if len(operands) == 0 && (n.Local || n.Permanent) {
			continue
		}
		if err := e.Delete(ctx, n); err != nil {
			return err
		}
		gone = append(gone, *n)
		if !e.json {
			if _, err := fmt.Fprintf(e.out, "%s (%s) deleted\n", n.Address, n.Address); err != nil {
				return err
			}
		}
	}
	if e.json {
		return command.WriteJSON(e.out, gone)
	}
	return nil
}

// enter makes an entry.
func (e *env) enter(ctx context.Context, operands []string) error {
	host, err := e.Parse(operands[0])
	if err != nil {
		return err
	}
	hw, err := neighbor.Hardware(operands[1])
	if err != nil {
		return err
	}
	var flags int32
	var expires int64
	for _, w := range operands[2:] {
		switch {
		case strings.HasPrefix(w, "temp"):
			expires = time.Now().Add(neighbor.Reach).Unix()
		case strings.HasPrefix(w, "proxy"):
			flags |= netbsd.RTF_ANNOUNCE
		default:
			return command.Usage("temp or proxy can follow", "%s: bad value", w)
		}
	}
	if err := e.Set(ctx, host, hw, flags, expires); err != nil || !e.json {
		return err
	}
	list, err := e.entries(ctx, operands[:1])
	if err != nil {
		return err
	}
	return command.WriteJSON(e.out, list)
}
