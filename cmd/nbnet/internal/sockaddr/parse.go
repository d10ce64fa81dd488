package sockaddr

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/netbsd"
)

// ParseAddr reads an address of a family: IPv4 ones in all the forms of
// inet_aton(3), and IPv6 ones with a zone, whose name is looked up.
func ParseAddr(s string, family uint8, index func(name string) (uint32, bool)) (netip.Addr, bool) {
	if !strings.Contains(s, ":") {
		if family == netbsd.AF_INET6 {
			return netip.Addr{}, false
		}
		return ParseIPv4(s)
	}
	a, err := netip.ParseAddr(s)
	if err != nil || family == netbsd.AF_INET {
		return netip.Addr{}, false
	}
	if a.Zone() != "" {
		i, ok := index(a.Zone())
		if !ok {
			return netip.Addr{}, false
		}
		a = a.WithZone(strconv.FormatUint(uint64(i), 10))
	}
	return a, true
}

// ParseIPv4 reads an address as inet_aton(3) does: up to four numbers, decimal,
// octal or hexadecimal, the last of which fills what is left.
func ParseIPv4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, p := range parts {
		last := i == len(parts)-1
		size := 8
		if last {
			size = 8 * (4 - i)
		}
		if strings.Trim(strings.ToLower(p), "0123456789abcdefx") != "" {
			return netip.Addr{}, false // ParseUint knows more forms
		}
		n, err := strconv.ParseUint(p, 0, size)
		if err != nil {
			return netip.Addr{}, false
		}
		if !last {
			b[i] = byte(n)
			continue
		}
		for j := 3; j >= i; j-- {
			b[j] = byte(n)
			n >>= 8
		}
	}
	return netip.AddrFrom4(b), true
}

// ParseHardware reads six bytes in hexadecimal, with colons between them.
func ParseHardware(s string) ([]byte, bool) {
	var b []byte
	for p := range strings.SplitSeq(s, ":") {
		if len(p) == 1 {
			p = "0" + p
		}
		one, err := hex.DecodeString(p)
		if err != nil || len(one) != 1 {
			return nil, false
		}
		b = append(b, one[0])
	}
	return b, len(b) == 6
}
