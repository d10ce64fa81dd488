// Package pcap writes packets into files that tcpdump and Wireshark read.
package pcap

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// Kinds of packets, with the numbers that files have for them.
const (
	Null     = 0 // a family, in the byte order of who wrote it, and a packet
	Ethernet = 1
)

// MaxPacket is the size of packets up to which a file is said to have all of
// them.
const MaxPacket = 1 << 18

// A Writer writes a file.
type Writer struct{ w *bufio.Writer }

// NewWriter begins a file with packets of a kind.
func NewWriter(w io.Writer, kind uint32) (*Writer, error) {
	order := binary.NativeEndian
	b := order.AppendUint32(nil, 0xa1b23c4d) // with nanoseconds
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint64(b, 0)
	b = order.AppendUint32(b, MaxPacket)
	b = order.AppendUint32(b, kind)
	p := &Writer{bufio.NewWriter(w)}
	_, err := p.w.Write(b)
	return p, err
}

// Write adds a packet, of which data is all or the beginning, and size how long
// it was.
func (p *Writer) Write(at time.Time, data []byte, size int) error {
	order := binary.NativeEndian
	var b [16]byte
	order.PutUint32(b[0:], uint32(at.Unix()))
	order.PutUint32(b[4:], uint32(at.Nanosecond()))
	order.PutUint32(b[8:], uint32(len(data)))
	order.PutUint32(b[12:], uint32(size))
	if _, err := p.w.Write(b[:]); err != nil {
		return err
	}
	_, err := p.w.Write(data)
	return err
}

// Flush writes what is still in memory.
func (p *Writer) Flush() error { return p.w.Flush() }
