package ndp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

var flagBits = []command.Bit{
	{Mask: netbsd.ND6_IFF_PERFORMNUD, Name: "nud"},
	{Mask: netbsd.ND6_IFF_IFDISABLED, Name: "disabled"},
	{Mask: netbsd.ND6_IFF_AUTO_LINKLOCAL, Name: "auto_linklocal"},
	{Mask: netbsd.ND6_IFF_PREFER_SOURCE, Name: "prefer_source"},
}

// An ifinfo is what --json says of an interface.
type ifinfo struct {
	Interface     string   `json:"interface"`
	HopLimit      uint8    `json:"curhlim"`
	BaseReachable uint32   `json:"basereachable"` // milliseconds
	Retrans       uint32   `json:"retrans"`       // milliseconds
	Flags         []string `json:"flags"`
}

// iface shows what neighbor discovery does on an interface, or changes it.
func (e *env) iface(ctx context.Context, name string, words []string) error {
	var r netbsd.In6Ndireq
	if len(name) >= len(r.Ifname) {
		return fmt.Errorf("%s: %w", name, netbsd.ENXIO)
	}
	copy(r.Ifname[:], name)
	err := e.Ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCGIFINFO_IN6, abi.AsBytes(&r))
	if err != nil {
		err = fmt.Errorf("SIOCGIFINFO_IN6 %s: %w", name, err)
		if errors.Is(err, netbsd.ENXIO) {
			err = command.Hint(err, "nbnet ifconfig -l lists the interfaces there are")
		}
		return err
	}
	for _, w := range words {
		if err := change(&r.Ndi, w); err != nil {
			return err
		}
	}
	if len(words) > 0 {
		set := r
		if err := e.Ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCSIFINFO_IN6, abi.AsBytes(&set)); err != nil {
			return fmt.Errorf("SIOCSIFINFO_IN6 %s: %w", name, err)
		}
		if err := e.Ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCGIFINFO_IN6, abi.AsBytes(&r)); err != nil {
			return fmt.Errorf("SIOCGIFINFO_IN6 %s: %w", name, err)
		}
	}
	n := &r.Ndi
	info := ifinfo{name, n.Chlim, n.Basereachable, n.Retrans, command.Names(uint64(n.Flags), flagBits)}
	if e.json {
		return command.WriteJSON(e.out, info)
	}
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "curhlim=%d, basereachable=%ds%dms, retrans=%ds%dms\n", n.Chlim, n.Basereachable/1000, n.Basereachable%1000, n.Retrans/1000, n.Retrans%1000)
	if len(info.Flags) > 0 {
		fmt.Fprintf(b, "Flags: %s\n", strings.Join(info.Flags, " "))
	}
	_, err = e.out.Write(b.Bytes())
	return err
}

// change does what a word asks for.
func change(n *netbsd.NdIfinfo, word string) error {
	name, value, isValue := strings.Cut(word, "=")
	if isValue {
		v, err := strconv.ParseUint(value, 0, 32)
		if err != nil {
			return command.Usage("write a number behind it", "syntax error in %s's value", name)
		}
		switch {
		case name == "basereachable":
			n.Basereachable = uint32(v)
		case name == "retrans":
			n.Retrans = uint32(v)
		case name == "curhlim" && v <= 255:
			n.Chlim = uint8(v)
		default:
			return command.Usage("the values are basereachable, retrans and curhlim, up to 255", "%s: bad value", word)
		}
		return nil
	}
	plain, minus := strings.CutPrefix(word, "-")
	for _, b := range flagBits {
		if b.Name != plain {
			continue
		}
		if n.Flags |= uint32(b.Mask); minus {
			n.Flags &^= uint32(b.Mask)
		}
		return nil
	}
	return command.Usage("the flags are nud, disabled, auto_linklocal and prefer_source, with a minus sign to clear one", "%s: no such flag", word)
}
