package procnet

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/sockets"
)

// How long lines are, without the end; those of IPv6 have no such length.
const (
	tcpLine = 149
	udpLine = 127
)

// sockets4 returns what reads the list of the sockets of a protocol over IPv4.
func sockets4(protocol uint8) func(*Net, context.Context) ([]byte, error) {
	heading, length := "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops", udpLine
	if protocol == linux.IPPROTO_TCP {
		heading, length = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", tcpLine
	}
	if protocol == linux.IPPROTO_RAW {
		heading, length = heading[1:], 0
	}
	return func(n *Net, ctx context.Context) ([]byte, error) {
		return n.sockets(ctx, linux.AF_INET, protocol, heading, length)
	}
}

// sockets6 is sockets4 for IPv6.
func sockets6(protocol uint8) func(*Net, context.Context) ([]byte, error) {
	heading := "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
	if protocol != linux.IPPROTO_TCP {
		heading += " ref pointer drops"
	}
	return func(n *Net, ctx context.Context) ([]byte, error) {
		return n.sockets(ctx, linux.AF_INET6, protocol, heading, 0)
	}
}

func (n *Net) sockets(ctx context.Context, family uint16, protocol uint8, heading string, length int) ([]byte, error) {
	list, err := sockets.List(ctx, n.cfg, family, protocol)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	line(&b, length, "%s", heading)
	number, rest := "%4d", "1 %016x 100 0 0 10 0" // reference, address, and what TCP's timers have
	if protocol != linux.IPPROTO_TCP {
		number, rest = "%5d", "2 %016x 0" // reference, address, datagrams that were dropped
	}
	for i := range list {
		s := &list[i]
		local := s.Local
		if protocol == linux.IPPROTO_RAW {
			local = netip.AddrPortFrom(local.Addr(), uint16(s.Raw))
		}
		line(&b, length, number+": %s %s %02X %08X:%08X %02X:%08X %08X %5d %8d %d "+rest,
			i, endpoint(local), endpoint(s.Peer), s.State, s.SendQ, s.RecvQ, 0, 0, 0, 0, 0, 0, s.Kernel)
	}
	return b.Bytes(), nil
}

// endpoint returns an address, in words of the machine's byte order, and a port.
func endpoint(a netip.AddrPort) string {
	var s strings.Builder
	for b := a.Addr().AsSlice(); len(b) > 0; b = b[4:] {
		fmt.Fprintf(&s, "%08X", word(b))
	}
	fmt.Fprintf(&s, ":%04X", a.Port())
	return s.String()
}
