package tap

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hypercall"
)

const large = 3000 // bytes of a frame

// read makes what is read from a tap.
func read(h linux.VirtioNetHdr) []byte {
	return append(append([]byte(nil), abi.AsBytes(&h)...), make([]byte, large)...)
}

func TestDecode(t *testing.T) {
	const sum, v4, v6, ecn = linux.VIRTIO_NET_HDR_F_NEEDS_CSUM, linux.VIRTIO_NET_HDR_GSO_TCPV4, linux.VIRTIO_NET_HDR_GSO_TCPV6, linux.VIRTIO_NET_HDR_GSO_ECN
	for name, tt := range map[string]struct {
		h    linux.VirtioNetHdr
		want hypercall.Offload
		bad  bool
	}{
		"as on the wire":   {},
		"verified":         {h: linux.VirtioNetHdr{Flags: linux.VIRTIO_NET_HDR_F_DATA_VALID}, want: hypercall.Offload{SumGood: true}},
		"without a sum":    {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 34, CsumOffset: 6}, want: hypercall.Offload{SumStart: 34, SumOffset: 6}},
		"sum at the end":   {h: linux.VirtioNetHdr{Flags: sum, CsumStart: large - 8, CsumOffset: 6}, want: hypercall.Offload{SumStart: large - 8, SumOffset: 6}},
		"sum behind it":    {h: linux.VirtioNetHdr{Flags: sum, CsumStart: large - 8, CsumOffset: 7}, bad: true},
		"sum far away":     {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 0xffff, CsumOffset: 0xffff}, bad: true},
		"sum in Ethernet":  {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 10}, bad: true},
		"large":            {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 34, CsumOffset: 16, GsoType: v4, GsoSize: 1448}, want: hypercall.Offload{SumStart: 34, SumOffset: 16, SegmentSize: 1448}},
		"large, IPv6, ECN": {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 54, CsumOffset: 16, GsoType: v6 | ecn, GsoSize: 1}, want: hypercall.Offload{SumStart: 54, SumOffset: 16, SegmentSize: 1}},
		"of no size":       {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 34, CsumOffset: 16, GsoType: v4}, bad: true},
		"with a sum":       {h: linux.VirtioNetHdr{GsoType: v4, GsoSize: 1448}, bad: true},
		"UDP":              {h: linux.VirtioNetHdr{Flags: sum, CsumStart: 34, CsumOffset: 6, GsoType: linux.VIRTIO_NET_HDR_GSO_UDP_L4, GsoSize: 1448}, bad: true},
		"something else":   {h: linux.VirtioNetHdr{GsoType: 77}, bad: true},
	} {
		frame, got, ok := decode(read(tt.h), linux.SizeofVirtioNetHdr)
		if ok == tt.bad || ok && (len(frame) != large || got != tt.want) {
			t.Errorf("%s: %d bytes, %+v, %v", name, len(frame), got, ok)
		}
	}
	if _, _, ok := decode(make([]byte, 9), linux.SizeofVirtioNetHdr); ok {
		t.Error("half a header is one")
	}
}

// What Linux is told of a frame is what it tells of one.
func TestEncode(t *testing.T) {
	for _, ethertype := range []uint16{etherIPv4, etherIPv6} {
		frame := make([]byte, large)
		binary.BigEndian.PutUint16(frame[12:], ethertype)
		frame[54+12] = 8 << 4
		for _, want := range []hypercall.Offload{{}, {SumStart: 54, SumOffset: 6}, {SumStart: 54, SumOffset: 16, SegmentSize: 1448}} {
			header := make([]byte, linux.SizeofVirtioNetHdr)
			encode(header, &hypercall.Frame{Parts: [][]byte{frame}, Offload: want})
			_, got, ok := decode(append(header, frame...), len(header))
			if !ok {
				t.Errorf("%+v is not taken", want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if size := binary.NativeEndian.Uint16(header[2:]); want.SegmentSize != 0 && size != 54+32 {
				t.Errorf("%d bytes of headers", size)
			}
		}
	}
	header := make([]byte, linux.SizeofVirtioNetHdr)
	for _, short := range [][]byte{nil, make([]byte, 60)} {
		encode(header, &hypercall.Frame{Parts: [][]byte{short}, Offload: hypercall.Offload{SumStart: 54, SumOffset: 16, SegmentSize: 9}})
		if header[1] != linux.VIRTIO_NET_HDR_GSO_NONE {
			t.Error("a frame without TCP's header is a segment")
		}
	}
}

// Frames of a connection go by one queue, whichever part of them.
func TestFlow(t *testing.T) {
	frame := func(ethertype uint16, port uint16) []byte {
		f := make([]byte, 100)
		binary.BigEndian.PutUint16(f[12:], ethertype)
		f[14], f[23], f[20] = 0x45, protocolTCP, protocolTCP // both versions' protocol
		if ethertype == etherIPv4 {
			f[20] = 0
		}
		binary.BigEndian.PutUint16(f[34:], port)
		binary.BigEndian.PutUint16(f[54:], port)
		return f
	}
	for _, ethertype := range []uint16{etherIPv4, etherIPv6} {
		queues := map[uint32]bool{}
		for port := range uint16(64) {
			f := frame(ethertype, port)
			h := flow(f)
			f[90] = 1
			if flow(f) != h {
				t.Error("the data decide about the queue")
			}
			queues[h%4] = true
		}
		if len(queues) != 4 {
			t.Errorf("64 connections use %d of 4 queues", len(queues))
		}
	}
	first, next := frame(etherIPv4, 1), frame(etherIPv4, 2)
	first[20], next[21] = 0x20, 1 // fragments
	if flow(first) != flow(next) {
		t.Error("fragments of a packet go by two queues")
	}
	for n := range 60 { // shorter than its headers say
		flow(frame(etherIPv4, 1)[:n])
		flow(frame(etherIPv6, 1)[:n])
	}
}
