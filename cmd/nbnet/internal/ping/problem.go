package ping

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// A kind is a type and a code of an ICMP error.
type kind struct{ typ, code uint8 }

var problems4 = map[kind]string{
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_NET}:            "Destination Net Unreachable",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_HOST}:           "Destination Host Unreachable",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_PROTOCOL}:       "Destination Protocol Unreachable",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_PORT}:           "Destination Port Unreachable",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_NEEDFRAG}:       "frag needed and DF set",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_SRCFAIL}:        "Source Route Failed",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_NET_PROHIB}:     "Net Administratively Prohibited",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_HOST_PROHIB}:    "Host Administratively Prohibited",
	{netbsd.ICMP_TIMXCEED, netbsd.ICMP_TIMXCEED_INTRANS}:      "Time To Live exceeded",
	{netbsd.ICMP_TIMXCEED, netbsd.ICMP_TIMXCEED_REASS}:        "Frag reassembly time exceeded",
	{netbsd.ICMP_UNREACH, netbsd.ICMP_UNREACH_ADMIN_PROHIBIT}: "Communication Administratively Prohibited",
	{netbsd.ICMP_SOURCEQUENCH, 0}:                             "Source Quench",
}

var problems6 = map[kind]string{
	{netbsd.ICMP6_DST_UNREACH, netbsd.ICMP6_DST_UNREACH_NOROUTE}:      "No Route to Destination",
	{netbsd.ICMP6_DST_UNREACH, netbsd.ICMP6_DST_UNREACH_ADMIN}:        "Destination Administratively Unreachable",
	{netbsd.ICMP6_DST_UNREACH, netbsd.ICMP6_DST_UNREACH_BEYONDSCOPE}:  "Destination Unreachable Beyond Scope",
	{netbsd.ICMP6_DST_UNREACH, netbsd.ICMP6_DST_UNREACH_ADDR}:         "Destination Host Unreachable",
	{netbsd.ICMP6_DST_UNREACH, netbsd.ICMP6_DST_UNREACH_NOPORT}:       "Destination Port Unreachable",
	{netbsd.ICMP6_PACKET_TOO_BIG, 0}:                                  "Packet too big",
	{netbsd.ICMP6_TIME_EXCEEDED, netbsd.ICMP6_TIME_EXCEED_TRANSIT}:    "Time to live exceeded",
	{netbsd.ICMP6_TIME_EXCEEDED, netbsd.ICMP6_TIME_EXCEED_REASSEMBLY}: "Frag reassembly time exceeded",
}

// problem shows an error that tells of one of our requests.
func (p *pinger) problem(b []byte, from netip.Addr) error {
	names, inner := problems6, 40
	if p.family == netbsd.AF_INET {
		if len(b) < headerLen+20 {
			return nil
		}
		names, inner = problems4, int(b[headerLen]&0xf)*4
	}
	text, ok := names[kind{b[0], b[1]}]
	if !ok || len(b) < headerLen+inner+headerLen {
		return nil
	}
	request := b[headerLen+inner:]
	if binary.BigEndian.Uint16(request[4:]) != p.id || p.json || p.set['q'] {
		return nil
	}
	_, err := fmt.Fprintf(p.out, "%d bytes from %s: %s for icmp_seq=%d\n", len(b), p.format(from), text, binary.BigEndian.Uint16(request[6:]))
	return err
}
