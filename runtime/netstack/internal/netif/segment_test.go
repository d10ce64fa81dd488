package netif

import (
	"bytes"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/runtime/hypercall"
)

// largeSegment makes a frame with TCP that has so many bytes of data, options in
// its headers, and the sum of the pseudo header for a checksum.
func largeSegment(ipv6 bool, size int) (frame []byte, o hypercall.Offload) {
	const tcpSize = header.TCPMinimumSize + 12
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i * i >> 4)
	}
	ipSize := header.IPv4MinimumSize + 4
	if ipv6 {
		ipSize = header.IPv6MinimumSize
	}
	frame = append(make([]byte, etherHeaderLen+ipSize+tcpSize), data...)
	ip := frame[etherHeaderLen:]
	tcp := header.TCP(ip[ipSize:])
	tcp.Encode(&header.TCPFields{
		SrcPort: 1, DstPort: 2, SeqNum: 0xfffffff0, AckNum: 7, DataOffset: tcpSize, WindowSize: 99,
		Flags: header.TCPFlagAck | header.TCPFlagPsh | header.TCPFlagFin | 1<<7,
	})
	eth := &header.EthernetFields{SrcAddr: "\x02\x00\x00\x00\x00\x01", DstAddr: "\x02\x00\x00\x00\x00\x02", Type: header.IPv4ProtocolNumber}
	if ipv6 {
		eth.Type = header.IPv6ProtocolNumber
		header.IPv6(ip).Encode(&header.IPv6Fields{
			PayloadLength: uint16(tcpSize + size), TransportProtocol: header.TCPProtocolNumber, HopLimit: 64,
			SrcAddr: tcpip.AddrFrom16([16]byte{0: 0xfd, 15: 1}), DstAddr: tcpip.AddrFrom16([16]byte{0: 0xfd, 15: 2}),
		})
	} else {
		h := header.IPv4(ip)
		h.Encode(&header.IPv4Fields{
			TotalLength: uint16(len(ip)), ID: 0xfffe, TTL: 64, Protocol: uint8(header.TCPProtocolNumber),
			SrcAddr: tcpip.AddrFrom4([4]byte{10, 0, 0, 1}), DstAddr: tcpip.AddrFrom4([4]byte{10, 0, 0, 2}),
			Options: header.IPv4OptionsSerializer{&header.IPv4SerializableRouterAlertOption{}},
		})
		h.SetChecksum(^h.CalculateChecksum())
	}
	header.Ethernet(frame).Encode(eth)
	o = hypercall.Offload{SumStart: uint16(etherHeaderLen + ipSize), SumOffset: header.TCPChecksumOffset, SegmentSize: 1000}
	s, _ := parseSegment(frame, o)
	tcp.SetChecksum(s.pseudo(len(tcp)))
	return frame, o
}

// good tells whether the checksums of a frame are.
func good(frame []byte) bool {
	s, ok := parseSegment(frame, hypercall.Offload{SegmentSize: 1})
	if !ok || !s.ipv6 && !header.IPv4(frame[etherHeaderLen:]).IsChecksumValid() {
		return false
	}
	return checksum.Checksum(frame[s.tcp:], s.pseudo(len(frame)-s.tcp)) == 0xffff
}

func TestCut(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		for _, size := range []int{1, 1000, 1001, 30000, 65000} {
			frame, o := largeSegment(ipv6, size)
			s, ok := parseSegment(frame, o)
			if !ok {
				t.Fatal("is not taken")
			}
			var data []byte
			n := s.count()
			if n != (size+999)/1000 {
				t.Errorf("%d bytes become %d frames", size, n)
			}
			for i := range n {
				f := s.cut(nil, i)
				tcp := header.TCP(f[s.tcp:])
				first, last := i == 0, i == n-1
				if !good(f) || len(f) > s.data+1000 {
					t.Fatalf("frame %d of %d is not good", i, n)
				}
				if tcp.SequenceNumber() != 0xfffffff0+uint32(i*1000) || tcp.AckNumber() != 7 || tcp.Flags()&header.TCPFlagAck == 0 {
					t.Errorf("frame %d of %d: %+v", i, n, tcp)
				}
				if tcp.Flags()&(1<<7) != 0 != first || tcp.Flags()&header.TCPFlagFin != 0 != last || tcp.Flags()&header.TCPFlagPsh != 0 != last {
					t.Errorf("frame %d of %d: flags %v", i, n, tcp.Flags())
				}
				data = append(data, f[s.data:]...)
			}
			if !bytes.Equal(data, frame[s.data:]) {
				t.Errorf("the data of %d bytes are other ones", size)
			}
			o.SegmentSize = 0
			if completeSum(frame, o); !good(frame) {
				t.Error("the checksum is not completed")
			}
		}
	}
}

// Whatever a device passes on is taken, or counted.
func FuzzOffload(f *testing.F) {
	for _, ipv6 := range []bool{false, true} {
		frame, o := largeSegment(ipv6, 3000)
		f.Add(frame, o.SumStart, o.SumOffset, o.SegmentSize)
		f.Add(frame[:60], o.SumStart, o.SumOffset, uint16(1))
		f.Add(frame, uint16(0), uint16(0xffff), uint16(0))
	}
	f.Fuzz(func(t *testing.T, frame []byte, start, offset, size uint16) {
		o := hypercall.Offload{SumStart: start, SumOffset: offset, SegmentSize: size}
		e := new(ether)
		total, n := 0, 0
		ok := e.wire(bytes.Clone(frame), o, func(b []byte) {
			total += len(b)
			n++
		})
		if s, taken := parseSegment(frame, o); taken && size != 0 {
			if want := len(frame) + (n-1)*s.data; !ok || total != want || n != s.count() {
				t.Errorf("%d bytes in %d frames, want %d in %d", total, n, want, s.count())
			}
		}
		if len(frame) >= etherHeaderLen {
			keepSum(frame)
			fragment(frame)
		}
	})
}
