package sysproxy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A URL says where a kernel is.
type URL struct {
	Network string // "unix" or "tcp4"
	Address string // as for net.Dial; a server's may have no host, for all addresses
}

// maxPath is the longest path of a socket, without the zero byte behind it.
const maxPath = 107

// ParseURL reads a URL: unix://PATH, or tcp://ADDRESS:PORT with an IPv4 address in
// digits, of which "0" and "*" mean all of them. Behind the port there may be a slash, and
// what follows it is ignored.
func ParseURL(s string) (URL, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return URL{}, fmt.Errorf("%q is no URL of a kernel: want unix://PATH or tcp://ADDRESS:PORT", s)
	}
	switch scheme {
	case "unix":
		if rest == "" || len(rest) > maxPath {
			return URL{}, fmt.Errorf("%q: a path has 1 to %d bytes", s, maxPath)
		}
		return URL{"unix", rest}, nil
	case "tcp":
		rest, _, _ = strings.Cut(rest, "/")
		host, port, _ := strings.Cut(rest, ":")
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return URL{}, fmt.Errorf("%q: %q is no port", s, port)
		}
		if host == "0" || host == "*" {
			return URL{"tcp4", ":" + port}, nil
		}
		if a, err := netip.ParseAddr(host); err != nil || !a.Is4() {
			return URL{}, fmt.Errorf("%q: %q is no IPv4 address", s, host)
		}
		return URL{"tcp4", host + ":" + port}, nil
	}
	return URL{}, fmt.Errorf("%q: scheme %q is neither unix nor tcp", s, scheme)
}

// String returns the URL as ParseURL reads it.
func (u URL) String() string {
	switch {
	case u.Network == "unix":
		return "unix://" + u.Address
	case strings.HasPrefix(u.Address, ":"):
		return "tcp://*" + u.Address
	}
	return "tcp://" + u.Address
}
