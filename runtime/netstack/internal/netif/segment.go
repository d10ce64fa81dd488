package netif

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A segment is an Ethernet frame with TCP over IP, and where its parts are.
type segment struct {
	frame    []byte
	tcp      int // where TCP's header begins
	data     int // where its data begin
	ipv6     bool
	dataSize int // how many bytes of it each frame gets
}

// parseSegment finds the parts of a frame that is to be cut up. ok is false when
// it cannot be.
func parseSegment(frame []byte, o hypercall.Offload) (s segment, ok bool) {
	s = segment{frame: frame, tcp: etherHeaderLen, dataSize: int(o.SegmentSize)}
	if len(frame) < etherHeaderLen+header.IPv4MinimumSize {
		return s, false
	}
	ip := frame[etherHeaderLen:]
	switch header.Ethernet(frame).Type() {
	case header.IPv4ProtocolNumber:
		h := header.IPv4(ip)
		if !h.IsValid(len(ip)) || h.TransportProtocol() != header.TCPProtocolNumber || int(h.TotalLength()) != len(ip) {
			return s, false
		}
		s.tcp += int(h.HeaderLength())
	case header.IPv6ProtocolNumber:
		h := header.IPv6(ip)
		if !h.IsValid(len(ip)) || header.IPv6MinimumSize+int(h.PayloadLength()) != len(ip) {
			return s, false
		}
		s.tcp += header.IPv6MinimumSize
		s.ipv6 = true
		switch {
		case h.NextHeader() == uint8(header.TCPProtocolNumber):
		case int(o.SumStart) > s.tcp: // there are extension headers
			s.tcp = int(o.SumStart)
		default:
			return s, false
		}
	default:
		return s, false
	}
	if len(frame) < s.tcp+header.TCPMinimumSize {
		return s, false
	}
	s.data = s.tcp + int(header.TCP(frame[s.tcp:]).DataOffset())
	return s, s.data >= s.tcp+header.TCPMinimumSize && s.data < len(frame) && s.dataSize > 0
}

// count returns how many frames it becomes.
func (s *segment) count() int { return (len(s.frame) - s.data + s.dataSize - 1) / s.dataSize }

// cut appends frame number i, as it is on the wire, to b, which is empty.
func (s *segment) cut(b []byte, i int) []byte {
	from := s.data + i*s.dataSize
	to := min(from+s.dataSize, len(s.frame))
	b = append(b, s.frame[:s.data]...)
	b = append(b, s.frame[from:to]...)
	tcp := header.TCP(b[s.tcp:])
	tcp.SetSequenceNumber(tcp.SequenceNumber() + uint32(i*s.dataSize))
	flags := tcp.Flags()
	if i > 0 {
		flags &^= 1 << 7 // CWR: said once
	}
	if to < len(s.frame) {
		flags &^= header.TCPFlagFin | header.TCPFlagPsh
	}
	tcp.SetFlags(uint8(flags))
	if ip := b[etherHeaderLen:]; s.ipv6 {
		header.IPv6(ip).SetPayloadLength(uint16(len(ip) - header.IPv6MinimumSize))
	} else {
		h := header.IPv4(ip)
		h.SetTotalLength(uint16(len(ip)))
		h.SetID(h.ID() + uint16(i))
		h.SetChecksum(0)
		h.SetChecksum(^h.CalculateChecksum())
	}
	tcp.SetChecksum(0)
	tcp.SetChecksum(^checksum.Checksum(tcp, s.pseudo(len(tcp))))
	return b
}

// pseudo returns the sum of the pseudo header with so many bytes of TCP.
func (s *segment) pseudo(size int) uint16 {
	ip := s.frame[etherHeaderLen:]
	if s.ipv6 {
		h := header.IPv6(ip)
		return header.PseudoHeaderChecksum(header.TCPProtocolNumber, h.SourceAddress(), h.DestinationAddress(), uint16(size))
	}
	h := header.IPv4(ip)
	return header.PseudoHeaderChecksum(header.TCPProtocolNumber, h.SourceAddress(), h.DestinationAddress(), uint16(size))
}

// completeSum makes the checksum of a frame that has only a part of it.
func completeSum(frame []byte, o hypercall.Offload) {
	start, at := int(o.SumStart), int(o.SumStart)+int(o.SumOffset)
	if !o.Partial() || at+2 > len(frame) {
		return
	}
	sum := ^checksum.Checksum(frame[start:], 0)
	if sum == 0 {
		sum = 0xffff // for UDP zero means that there is none; for TCP it is the same
	}
	binary.BigEndian.PutUint16(frame[at:], sum)
}
