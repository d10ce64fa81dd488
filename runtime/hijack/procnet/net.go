package procnet

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// A Net tells of the network of one kernel. Its methods may be used by several
// goroutines at once.
type Net struct {
	cfg *netcfg.Client
}

// New starts a process of k to ask with. It must be closed.
func New(k kernel.Kernel) (*Net, error) {
	cfg, err := netcfg.Open(k)
	if err != nil {
		return nil, err
	}
	return &Net{cfg}, nil
}

// Close ends the process.
func (n *Net) Close() error { return n.cfg.Close() }

// files are those of /proc/net that there are.
var files = map[string]func(n *Net, ctx context.Context) ([]byte, error){
	"arp":        (*Net).arp,
	"dev":        (*Net).dev,
	"if_inet6":   (*Net).ifInet6,
	"ipv6_route": (*Net).ipv6Route,
	"raw":        sockets4(linux.IPPROTO_RAW),
	"raw6":       sockets6(linux.IPPROTO_RAW),
	"route":      (*Net).route,
	"tcp":        sockets4(linux.IPPROTO_TCP),
	"tcp6":       sockets6(linux.IPPROTO_TCP),
	"udp":        sockets4(linux.IPPROTO_UDP),
	"udp6":       sockets6(linux.IPPROTO_UDP),
}

// Names returns the names of the files, in order.
func Names() []string { return slices.Sorted(maps.Keys(files)) }

// Name returns the name in /proc/net that a path leads to: that of the file in
// /proc/net, /proc/self/net or that of another process or thread. It is false for
// other paths, which may have any form but are not followed.
func Name(file string) (string, bool) {
	if !strings.HasPrefix(file, "/proc/") {
		return "", false
	}
	dir, name := path.Split(path.Clean(file))
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	if parts[len(parts)-1] != "net" || name == "" {
		return "", false
	}
	switch parts = parts[1 : len(parts)-1]; {
	case len(parts) == 0:
	case len(parts) == 1 && isProcess(parts[0]):
	case len(parts) == 3 && isProcess(parts[0]) && parts[1] == "task" && isNumber(parts[2]):
	default:
		return "", false
	}
	return name, true
}

func isProcess(s string) bool { return s == "self" || s == "thread-self" || isNumber(s) }

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Read returns what the file of a name holds now. ENOENT: there is no such file
// that tells of the kernel.
func (n *Net) Read(ctx context.Context, name string) ([]byte, error) {
	read := files[name]
	if read == nil {
		return nil, linux.ENOENT
	}
	return read(n, ctx)
}

// names maps the indices of interfaces to their names.
func (n *Net) names(ctx context.Context) (map[uint32]string, []routing.Link, error) {
	list, err := n.cfg.Interfaces(ctx)
	names := map[uint32]string{}
	for _, l := range list {
		names[l.Index] = l.Name
	}
	return names, list, err
}
