package ktrace

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// address shows a sockaddr as people write one.
func (c *call) address(a abi.Addr, n uint64) string {
	if a == 0 {
		return "NULL"
	}
	b := c.read(a, n, 256)
	if b == nil {
		return a.String()
	}
	return sockaddr(b)
}

func sockaddr(b []byte) string {
	if len(b) < 2 {
		return strconv.QuoteToASCII(string(b))
	}
	switch family := b[1]; {
	case family == netbsd.AF_INET && len(b) >= 8:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:])).String()
	case family == netbsd.AF_INET6 && len(b) >= 24:
		ip := netip.AddrFrom16([16]byte(b[8:24]))
		if len(b) >= 28 {
			if zone := binary.NativeEndian.Uint32(b[24:]); zone != 0 {
				ip = ip.WithZone(strconv.Itoa(int(zone)))
			}
		}
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[2:])).String()
	case family == netbsd.AF_LOCAL:
		return strconv.Quote(cstring(b[2:]))
	case family == netbsd.AF_LINK && len(b) >= 8:
		end := min(8+int(b[5]), len(b))
		s := "link" + strconv.Itoa(int(binary.NativeEndian.Uint16(b[2:])))
		if end > 8 {
			s = string(b[8:end])
		}
		if mac := b[end:min(end+int(b[6]), len(b))]; len(mac) > 0 {
			s += " " + macString(mac)
		}
		return s
	}
	return "{" + name(families, int64(b[1])) + "}"
}

func macString(mac []byte) string {
	var s []string
	for _, x := range mac {
		s = append(s, string([]byte{"0123456789abcdef"[x>>4], "0123456789abcdef"[x&15]}))
	}
	return strings.Join(s, ":")
}

func cstring(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// routingMessage shows a routing message; "" when b is none. Messages are told
// from other data by their version, length and type.
func (c *call) routingMessage(b []byte) string {
	if len(b) < 8 || int(binary.NativeEndian.Uint16(b)) != len(b) || b[2] != netbsd.RTM_VERSION {
		return ""
	}
	m, rest, err := rtsock.Parse(c.routing, b)
	if err != nil || len(rest) > 0 {
		return ""
	}
	s := name(routingTypes, int64(m.Type))
	for i, a := range m.Addrs {
		if a == nil {
			continue
		}
		s += " " + addressKinds[i] + " "
		if i == netbsd.RTAX_NETMASK {
			s += mask(a)
		} else {
			s += strings.TrimSuffix(sockaddr(a), ":0")
		}
	}
	return "{" + s + "}"
}

// mask shows a netmask, of which trailing zero bytes may have been cut off.
func mask(b []byte) string {
	if len(b) < 4 {
		return "/0"
	}
	bytes := b[4:]
	if len(b) > 16 {
		bytes = b[min(8, len(b)):]
	}
	ones := 0
	for _, x := range bytes {
		for ; x&0x80 != 0; x <<= 1 {
			ones++
		}
	}
	return "/" + strconv.Itoa(ones)
}
