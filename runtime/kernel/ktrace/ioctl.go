package ktrace

import (
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

func command(c *call, i int, _ phase) string {
	v := uint32(c.value(i))
	if s, ok := ioctls[v]; ok {
		return s
	}
	return "0x" + strconv.FormatUint(uint64(v), 16)
}

// ioctlArgument shows the name of an interface and the addresses behind it, and
// a plain int. What the kernel reads is shown as it was before the call.
func ioctlArgument(c *call, i int, when phase) string {
	cmd := uint32(c.value(i - 1))
	if reads := cmd&netbsd.IOC_IN != 0 && !(cmd&netbsd.IOC_OUT != 0); reads != (when == in) {
		return ""
	}
	a, n := abi.Addr(c.value(i)), uint64(cmd>>netbsd.IOCPARM_SHIFT&netbsd.IOCPARM_MASK)
	b := c.read(a, n, 4096)
	switch {
	case n == 0 || b == nil:
		return plain(c, i, when)
	case n == 4:
		v, _ := c.int32(a)
		return "[" + strconv.Itoa(int(v)) + "]"
	case cmd>>8&0xff != 'i' || n < netbsd.IFNAMSIZ:
		return plain(c, i, when)
	}
	s := "{" + cstring(b[:netbsd.IFNAMSIZ])
	rest := b[netbsd.IFNAMSIZ:]
	switch ioctls[cmd] {
	case "SIOCSIFFLAGS", "SIOCGIFFLAGS":
		s += ", " + flagString(interfaceFlags, uint32(rest[0])|uint32(rest[1])<<8, "0")
	case "SIOCSLINKSTR":
		ptr := abi.Addr(0)
		if c.mem != nil {
			_ = c.mem.ReadAt(abi.AsBytes(&ptr), a+abi.Addr(netbsd.SizeofIfdrv)-abi.Addr(len(abi.AsBytes(&ptr))))
		}
		s += ", " + c.text(ptr, 64)
	default:
		s += addresses(rest)
	}
	return s + "}"
}

// addresses shows the sockaddrs that follow one another in an ifreq or one of
// the requests that add or delete an address.
func addresses(b []byte) string {
	var parts []string
	for len(b) >= 16 && (b[1] == netbsd.AF_INET || b[1] == netbsd.AF_INET6) {
		n := 16
		if b[1] == netbsd.AF_INET6 {
			n = 28
		}
		if len(b) < n {
			break
		}
		s := strings.TrimSuffix(sockaddr(b[:n]), ":0")
		parts = append(parts, strings.Trim(s, "[]"))
		b = b[n:]
	}
	if parts == nil {
		return ""
	}
	return ", " + strings.Join(parts, ", ")
}
