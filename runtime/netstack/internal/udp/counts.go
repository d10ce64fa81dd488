package udp

import (
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
)

// Counts are what UDP counts over one of the versions of IP.
type Counts struct {
	received, sent      atomic.Uint64
	header, length, sum atomic.Uint64 // that were wrong
	noPort, noPortMulti atomic.Uint64 // nobody wanted them
	full                atomic.Uint64 // there was no room for them
}

// counts returns the ones that a packet belongs to.
func (p *Protocol) counts(in *inet.Packet) *Counts {
	if in.Dst.Is4() {
		return &p.Counts[0]
	}
	return &p.Counts[1]
}

// Fill4 enters the counts of IPv4 where NetBSD has them (UDP_STAT_*).
func (p *Protocol) Fill4(to []uint64) {
	c := &p.Counts[0]
	for i, v := range map[int]*atomic.Uint64{
		netbsd.UDP_STAT_IPACKETS: &c.received, netbsd.UDP_STAT_HDROPS: &c.header, netbsd.UDP_STAT_BADSUM: &c.sum,
		netbsd.UDP_STAT_BADLEN: &c.length, netbsd.UDP_STAT_NOPORT: &c.noPort, netbsd.UDP_STAT_NOPORTBCAST: &c.noPortMulti,
		netbsd.UDP_STAT_FULLSOCK: &c.full, netbsd.UDP_STAT_OPACKETS: &c.sent,
	} {
		to[i] = v.Load()
	}
	to[netbsd.UDP_STAT_HDROPS] += p.net.Inputs.ShortUDP[0].Load()
}

// Where netinet6/udp6_var.h has them (UDP6_STAT_*).
const (
	received6 = iota
	header6
	sum6
	_ // without a checksum, which is counted as a wrong one
	length6
	noPort6
	noPortMulti6
	full6
	_ // not found at once
	sent6
)

// Fill6 enters the counts of IPv6.
func (p *Protocol) Fill6(to []uint64) {
	c := &p.Counts[1]
	for i, v := range map[int]*atomic.Uint64{
		received6: &c.received, header6: &c.header, sum6: &c.sum, length6: &c.length,
		noPort6: &c.noPort, noPortMulti6: &c.noPortMulti, full6: &c.full, sent6: &c.sent,
	} {
		to[i] = v.Load()
	}
	to[header6] += p.net.Inputs.ShortUDP[1].Load()
}
