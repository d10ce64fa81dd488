// Package serve boots a kernel with the interfaces, routes and variables that a
// configuration says, and serves its system calls.
package serve

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/abigen/abigen/internal/strictyaml"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// A Config says what to boot and where to serve it. It is what a file has.
type Config struct {
	Listen     []string          `yaml:"listen"`     // URLs
	Kernel     string            `yaml:"kernel"`     // "embedded", or empty, or "rump"
	Rump       string            `yaml:"rump"`       // where that is installed; empty: where it is found
	Components []string          `yaml:"components"` // of that, besides those that the interfaces need
	Release    string            `yaml:"release"`    // the version of NetBSD; empty for the latest
	Hostname   string            `yaml:"hostname"`   // empty for the host's
	Sysctl     map[string]string `yaml:"sysctl"`
	Sockin     bool              `yaml:"sockin"` // the inet families are the host's sockets
	Interfaces []Interface       `yaml:"interfaces"`
	Routes     []Route           `yaml:"routes"`

	// SocketMode are the permissions of unix sockets, in octal; empty is
	// 0600.
	SocketMode string `yaml:"socket_mode"`

	// Public allows TCP addresses that other machines reach.
	Public bool `yaml:"public"`

	// Console gets what NetBSD's own kernel prints, line by line.
	Console hypercall.Console `yaml:"-"`

	// Set are variables, NAME=VALUE, that are set after those of Sysctl.
	Set []string `yaml:"-"`
}

// An Interface is one that the kernel is to have.
type Interface struct {
	Name      string    `yaml:"name"` // of virt or shmif, with a number
	Tap       string    `yaml:"tap"`  // of virt: the name of a tap, or fd:N
	Bus       string    `yaml:"bus"`  // of shmif: the path of the file
	Addresses []Address `yaml:"addresses"`
	MTU       int       `yaml:"mtu"`    // 0 for what the device has
	LLAddr    string    `yaml:"lladdr"` // the hardware address; empty for a random one
}

// interfaceForm is what to type.
const interfaceForm = "type virt0=tap:NAME[,ADDRESS/LEN...], shmif0=bus:FILE[,ADDRESS/LEN...] or sockin"

// AddInterface adds what --iface says: an interface, or sockin.
func (c *Config) AddInterface(s string) error {
	if s == "sockin" {
		c.Sockin = true
		return nil
	}
	var i Interface
	if err := i.UnmarshalText([]byte(s)); err != nil {
		return err
	}
	c.Interfaces = append(c.Interfaces, i)
	return nil
}

// UnmarshalText reads the short form: NAME=tap:TAP or NAME=bus:FILE, followed by
// addresses, mtu=N and lladdr=ADDRESS, each with a comma in front.
func (i *Interface) UnmarshalText(text []byte) error {
	name, rest, ok := strings.Cut(string(text), "=")
	device, rest, _ := strings.Cut(rest, ",")
	kind, where, ok2 := strings.Cut(device, ":")
	if !ok || !ok2 || where == "" {
		return fmt.Errorf("interface %q: %s", text, interfaceForm)
	}
	*i = Interface{Name: name}
	switch kind {
	case "tap":
		i.Tap = where
	case "bus":
		i.Bus = where
	default:
		return fmt.Errorf("interface %q: there are no devices of the kind %q; %s", text, kind, interfaceForm)
	}
	if rest == "" {
		return nil
	}
	for word := range strings.SplitSeq(rest, ",") {
		if err := i.parameter(word); err != nil {
			return fmt.Errorf("interface %s: %w", name, err)
		}
	}
	return nil
}

func (i *Interface) parameter(word string) error {
	key, value, ok := strings.Cut(word, "=")
	switch {
	case !ok:
		var a Address
		if err := a.UnmarshalText([]byte(word)); err != nil {
			return err
		}
		i.Addresses = append(i.Addresses, a)
		return nil
	case key == "mtu":
		mtu, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("MTU %q is no number", value)
		}
		i.MTU = mtu
		return nil
	case key == "lladdr":
		i.LLAddr = value
		return nil
	}
	return fmt.Errorf("%q: there are mtu=N and lladdr=ADDRESS, and addresses", word)
}

// An Address is one of an interface, with the length of its network's prefix.
type Address struct{ netip.Prefix }

// UnmarshalText reads ADDRESS/LEN.
func (a *Address) UnmarshalText(text []byte) error {
	p, err := netip.ParsePrefix(string(text))
	if err == nil {
		a.Prefix = p
		return nil
	}
	if addr, err := netip.ParseAddr(string(text)); err == nil {
		return fmt.Errorf("address %s: the length of its network's prefix is missing; type %s/%d for this network", addr, addr, addr.BitLen()*3/4)
	}
	return fmt.Errorf("%q is no address; type one as 10.0.0.1/24 or fd00::1/64", text)
}

// A Route is one that the kernel is to have.
type Route struct {
	To  string `yaml:"to"`  // a network, an address, or "default"
	Via string `yaml:"via"` // the address of a gateway, or an interface
}

// UnmarshalText reads the short form, TO=VIA.
func (r *Route) UnmarshalText(text []byte) error {
	to, via, ok := strings.Cut(string(text), "=")
	if !ok {
		return fmt.Errorf("route %q: type NETWORK/LEN=GATEWAY or default=GATEWAY", text)
	}
	*r = Route{to, via}
	return nil
}

// prefix returns what a route leads to. That of "default" is the family of the
// gateway's.
func (r *Route) prefix() (netip.Prefix, error) {
	if r.To == "default" {
		gw, err := netip.ParseAddr(r.Via)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("route default=%s: that is no address; type 0.0.0.0/0=%[1]s or ::/0=%[1]s if it is an interface", r.Via)
		}
		return netip.PrefixFrom(gw.WithZone(""), 0).Masked(), nil
	}
	if p, err := netip.ParsePrefix(r.To); err == nil {
		if p != p.Masked() {
			return p, fmt.Errorf("route to %s: the address has bits behind its prefix; type %s", p, p.Masked())
		}
		return p, nil
	}
	if a, err := netip.ParseAddr(r.To); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, fmt.Errorf("route to %q: type a network, as 10.0.0.0/8, an address, or default", r.To)
}

// ReadFile reads a configuration.
func ReadFile(name string) (*Config, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := new(Config)
	return c, strictyaml.Decode(name, b, c)
}

// CheckListen finds what cannot be of where to serve.
func (c *Config) CheckListen() error {
	if len(c.Listen) == 0 {
		return fmt.Errorf("nowhere to serve; type a URL, as unix:///tmp/kernel")
	}
	for _, u := range c.Listen {
		if _, err := sysproxy.ParseURL(u); err != nil {
			return err
		}
	}
	return nil
}

// Check finds what cannot be of the kernel, before anything is done.
func (c *Config) Check() error {
	switch c.Kernel {
	case "", "embedded":
		switch {
		case c.Rump != "":
			return fmt.Errorf("rump directory %s: it is NetBSD's own kernel that is there; that takes --kernel rump, or kernel: rump in the file", c.Rump)
		case len(c.Components) > 0:
			return fmt.Errorf("component %s: it is NetBSD's own kernel that has components; that takes --kernel rump, or kernel: rump in the file", c.Components[0])
		}
	case "rump":
		if c.Release != "" {
			return fmt.Errorf("release %q: NetBSD's own kernel is of the version that is installed; leave the release out", c.Release)
		}
	default:
		return fmt.Errorf("kernel %q: there are embedded and rump", c.Kernel)
	}
	if _, err := c.release(); err != nil {
		return err
	}
	if _, err := c.mode(); err != nil {
		return err
	}
	if c.Sockin && len(c.Interfaces)+len(c.Routes) > 0 {
		return fmt.Errorf("sockin: the network is the host's then; leave out interfaces and routes")
	}
	names := map[string]bool{}
	for i := range c.Interfaces {
		ifc := &c.Interfaces[i]
		if err := ifc.check(); err != nil {
			return err
		}
		if names[ifc.Name] {
			return fmt.Errorf("interface %s: it is there twice; addresses go behind one another, with commas", ifc.Name)
		}
		names[ifc.Name] = true
	}
	for i := range c.Routes {
		if _, err := c.Routes[i].prefix(); err != nil {
			return err
		}
	}
	for _, s := range c.Set {
		if name, _, ok := strings.Cut(s, "="); !ok || name == "" {
			return fmt.Errorf("variable %q: type NAME=VALUE", s)
		}
	}
	return nil
}

func (i *Interface) check() error {
	driver := strings.TrimRight(i.Name, "0123456789")
	switch {
	case driver == i.Name:
		return fmt.Errorf("interface %q: the name has no number, as that of virt0", i.Name)
	case i.Tap != "" && i.Bus != "":
		return fmt.Errorf("interface %s: a tap or a bus, not both", i.Name)
	case i.Tap != "" && driver != "virt":
		return fmt.Errorf("interface %s: those on a tap are called virt0, virt1, ...", i.Name)
	case i.Bus != "" && driver != "shmif":
		return fmt.Errorf("interface %s: those on a bus are called shmif0, shmif1, ...", i.Name)
	case i.Tap == "" && i.Bus == "":
		return fmt.Errorf("interface %s: no device; %s", i.Name, interfaceForm)
	case i.MTU < 0:
		return fmt.Errorf("interface %s: MTU %d", i.Name, i.MTU)
	}
	_, err := i.mac()
	return err
}

// mac returns the hardware address, nil for a random one.
func (i *Interface) mac() ([]byte, error) {
	if i.LLAddr == "" {
		return nil, nil
	}
	mac, err := net.ParseMAC(i.LLAddr)
	switch {
	case err != nil || len(mac) != 6:
		return nil, fmt.Errorf("interface %s: %q is no hardware address; type one as b2:a0:00:00:00:01", i.Name, i.LLAddr)
	case mac[0]&1 != 0:
		return nil, fmt.Errorf("interface %s: %s is the address of a group; that of an interface has an even first byte", i.Name, mac)
	}
	return mac, nil
}

// releases are the versions of NetBSD that a kernel can be.
var releases = []*kernel.Release{kernel.NetBSD10, kernel.NetBSD79934}

func (c *Config) release() (*kernel.Release, error) {
	if c.Release == "" {
		return releases[0], nil
	}
	var known []string
	for _, r := range releases {
		if r.Version == c.Release {
			return r, nil
		}
		known = append(known, r.Version)
	}
	return nil, fmt.Errorf("release %q: there are %s", c.Release, strings.Join(known, " and "))
}

func (c *Config) mode() (os.FileMode, error) {
	if c.SocketMode == "" {
		return 0, nil
	}
	m, err := strconv.ParseUint(c.SocketMode, 8, 32)
	if err != nil || m > 0o777 || m == 0 {
		return 0, fmt.Errorf("permissions %q of the socket: type an octal number, as 0660", c.SocketMode)
	}
	return os.FileMode(m), nil
}
