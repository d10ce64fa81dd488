package tap

import "encoding/binary"

const (
	etherHeader = 14
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	ipv4Header  = 20
	ipv6Header  = 40
	tcpHeader   = 20

	protocolTCP, protocolUDP = 6, 17
)

// queueOf returns the queue that a frame is sent by.
func (d *Device) queueOf(frame []byte) *queue {
	if len(d.queues) == 1 {
		return d.queues[0]
	}
	return d.queues[flow(frame)%uint32(len(d.queues))]
}

// flow returns a number that the frames of a connection have in common, and those
// of others mostly have not.
func flow(frame []byte) uint32 {
	if len(frame) < etherHeader {
		return 0
	}
	ip := frame[etherHeader:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case etherIPv4:
		if len(ip) < ipv4Header {
			return 0
		}
		h := mix(0, ip[12:20])
		const fragment = 0x3fff // an offset, or more to come: the ports are not in all of them
		size := int(ip[0]&15) * 4
		if binary.BigEndian.Uint16(ip[6:])&fragment == 0 && hasPorts(ip[9]) && len(ip) >= size+4 {
			h = mix(h, ip[size:size+4])
		}
		return h
	case etherIPv6:
		if len(ip) < ipv6Header {
			return 0
		}
		h := mix(0, ip[8:40])
		if hasPorts(ip[6]) && len(ip) >= ipv6Header+4 {
			h = mix(h, ip[ipv6Header:ipv6Header+4])
		}
		return h
	}
	return 0
}

func hasPorts(protocol byte) bool { return protocol == protocolTCP || protocol == protocolUDP }

// mix adds words to a hash (FNV-1a, of 32 bits at a time).
func mix(h uint32, b []byte) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		h = (h ^ binary.BigEndian.Uint32(b)) * 16777619
	}
	return h ^ h>>16 ^ h>>8
}
