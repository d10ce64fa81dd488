package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/sysctl"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/rump"
)

// Boot boots a kernel, and configures it by system calls. Nil members of host are
// those of the machine.
func Boot(ctx context.Context, cfg *Config, host *hypercall.Host) (kernel.Kernel, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	boot := bootEmbedded
	if cfg.Kernel == "rump" {
		boot = bootRump
	}
	k, err := boot(cfg, host)
	if err != nil {
		return nil, err
	}
	if err := configure(ctx, cfg, k); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

func bootEmbedded(cfg *Config, host *hypercall.Host) (kernel.Kernel, error) {
	release, err := cfg.release()
	if err != nil {
		return nil, err
	}
	h := system.Complete(host)
	h.Network = cfg.network(h.Network)
	var sockets hypercall.Sockets
	if cfg.Sockin {
		sockets = new(sockin.Host)
	}
	return netstack.New(netstack.Config{Release: release, Hostname: cfg.Hostname, Host: h, Sockin: sockets})
}

// bootRump boots NetBSD's own kernel, which has a host of its own but for what is
// behind its virt interfaces.
func bootRump(cfg *Config, host *hypercall.Host) (kernel.Kernel, error) {
	components := []string{"local", "sockin"}
	if !cfg.Sockin {
		components = []string{"local", "netinet", "netinet6", "shmif", "virtif", "bpf"}
	}
	h := system.Complete(host)
	network := cfg.network(h.Network)
	k, err := rump.New(rump.Config{
		Prefix: cfg.Rump, Components: append(components, cfg.Components...), Console: cfg.Console,
		Network: hypercall.NetworkFunc(func(driver, linkstr string) (hypercall.NetworkDevice, error) {
			d, err := network.Open(driver, linkstr)
			if err != nil { // of which the kernel keeps no more than a number
				fmt.Fprintln(h.Console, err)
			}
			return d, err
		}),
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// network has the taps of the configuration, for the interfaces that are said to
// be on them. A kernel asks for what is behind virt by the number of the interface.
func (c *Config) network(all hypercall.Network) hypercall.Network {
	return hypercall.NetworkFunc(func(driver, linkstr string) (hypercall.NetworkDevice, error) {
		for _, i := range c.Interfaces {
			if driver == "virt" && i.Name == "virt"+linkstr {
				linkstr = i.Tap
				if _, err := strconv.Atoi(linkstr); err == nil {
					// All digits would be the number of an interface.
					return nil, fmt.Errorf("tap %q: its name is a number", linkstr)
				}
				break
			}
		}
		return all.Open(driver, linkstr)
	})
}

func configure(ctx context.Context, cfg *Config, k kernel.Kernel) (err error) {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if cfg.Kernel == "rump" && cfg.Hostname != "" {
		if err := setVariable(ctx, k, "kern.hostname="+cfg.Hostname); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Sysctl)) {
		if err := setVariable(ctx, k, name+"="+cfg.Sysctl[name]); err != nil {
			return err
		}
	}
	for _, s := range cfg.Set {
		if err := setVariable(ctx, k, s); err != nil {
			return err
		}
	}
	for i := range cfg.Interfaces {
		if err := cfg.Interfaces[i].configure(ctx, c); err != nil {
			return fmt.Errorf("interface %s: %w", cfg.Interfaces[i].Name, err)
		}
	}
	for i := range cfg.Routes {
		if err := cfg.Routes[i].add(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func setVariable(ctx context.Context, k kernel.Kernel, assignment string) error {
	var warnings strings.Builder
	if err := sysctl.Command.Run(ctx, k, []string{"-qw", assignment}, io.Discard, &warnings); err != nil {
		return fmt.Errorf("sysctl %s: %w%s", assignment, err, strings.TrimSpace(warnings.String()))
	}
	return nil
}

func (i *Interface) configure(ctx context.Context, c *netcfg.Client) error {
	mac, err := i.mac()
	if err != nil {
		return err
	}
	if err := c.CreateInterface(ctx, i.Name); err != nil {
		return err
	}
	if i.Bus != "" {
		if err := c.SetLinkString(ctx, i.Name, i.Bus); err != nil {
			return err
		}
	}
	if mac != nil {
		if err := c.SetLinkAddr(ctx, i.Name, mac); err != nil {
			return err
		}
	}
	if i.MTU != 0 {
		if err := c.SetMTU(ctx, i.Name, uint32(i.MTU)); err != nil {
			return err
		}
	}
	for _, a := range i.Addresses {
		if err := c.AddAddress(ctx, i.Name, a.Prefix); err != nil {
			return err
		}
	}
	return c.SetUp(ctx, i.Name, true)
}

func (r *Route) add(ctx context.Context, c *netcfg.Client) error {
	dst, err := r.prefix()
	if err != nil {
		return err
	}
	route := routing.Route{Dst: dst}
	link := r.Via
	if gw, err := netip.ParseAddr(r.Via); err == nil {
		route.Gateway, link = gw.WithZone(""), gw.Zone()
	}
	if link != "" {
		ifc, err := c.Interface(ctx, link)
		if err != nil {
			return fmt.Errorf("route %s=%s: there is no interface %s, and it is no address: %w", r.To, r.Via, link, err)
		}
		route.Index = ifc.Index
	}
	return c.AddRoute(ctx, route)
}
