package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// routing prints routing messages, which follow each other without a gap.
func routing(w io.Writer, t portable.Target, b []byte) error {
	order := byteOrder(t)
	for at := 0; at < len(b); {
		rest := b[at:]
		if len(rest) < 4 {
			return fmt.Errorf("at %d: %d bytes are no message", at, len(rest))
		}
		size := int(order.Uint16(rest))
		if size < 4 || size > len(rest) {
			return fmt.Errorf("at %d: a message of %d bytes in %d", at, size, len(rest))
		}
		if err := message(w, t, rest[:size]); err != nil {
			return fmt.Errorf("at %d: %s: %w", at, messageTypes.name(rest[3]), err)
		}
		at += size
	}
	return nil
}

// message prints one message. Its type tells which header it begins with, and
// the mask in that which addresses follow.
func message(w io.Writer, t portable.Target, b []byte) error {
	if b[2] != netbsd.RTM_VERSION {
		return fmt.Errorf("version %d; only %d is known", b[2], netbsd.RTM_VERSION)
	}
	name := messageTypes.name(b[3])
	switch b[3] {
	case netbsd.RTM_IFINFO:
		var m portable.IfMsghdr
		if err := m.Decode(t, b); err != nil {
			return err
		}
		fmt.Fprintf(w, "  %s interface %d, %s, MTU %d, %s\n", name, m.Index, interfaceFlags.names(uint32(m.Flags)&0xffff),
			m.Data.MTU, linkState(m.Data.LinkState))
		return addresses(w, t, uint32(m.Addrs), b[portable.SizeofIfMsghdr(t):])

	case netbsd.RTM_NEWADDR, netbsd.RTM_DELADDR, netbsd.RTM_CHGADDR:
		var m portable.IfaMsghdr
		if err := m.Decode(t, b); err != nil {
			return err
		}
		fmt.Fprintf(w, "  %s interface %d\n", name, m.Index)
		return addresses(w, t, uint32(m.Addrs), b[portable.SizeofIfaMsghdr(t):])

	case netbsd.RTM_ONEWADDR, netbsd.RTM_ODELADDR, netbsd.RTM_OCHGADDR:
		// Until NetBSD 8: the mask at 4, flags, a metric, and the index at
		// 16, in 24 bytes. Today's headers do not declare it.
		const size = 24
		if len(b) < size {
			return errors.New("truncated")
		}
		order := byteOrder(t)
		fmt.Fprintf(w, "  %s interface %d\n", name, order.Uint16(b[16:]))
		return addresses(w, t, order.Uint32(b[4:]), b[size:])

	case netbsd.RTM_IFANNOUNCE:
		var m portable.IfAnnouncemsghdr
		if err := m.Decode(t, b); err != nil {
			return err
		}
		what := "arrives"
		if m.What == netbsd.IFAN_DEPARTURE {
			what = "departs"
		}
		fmt.Fprintf(w, "  %s interface %d, %s, %s\n", name, m.Index, text(m.Name[:]), what)
		return nil
	}
	if !messageTypes.has(b[3]) {
		return errors.New("unknown type")
	}
	var m portable.RtMsghdr
	if err := m.Decode(t, b); err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s %s", name, routeFlags.names(uint32(m.Flags)))
	if m.Index != 0 {
		fmt.Fprintf(w, ", interface %d", m.Index)
	}
	if m.Rmx.MTU != 0 {
		fmt.Fprintf(w, ", MTU %d", m.Rmx.MTU)
	}
	if m.PID != 0 {
		fmt.Fprintf(w, ", process %d, request %d", m.PID, m.Seq)
	}
	if m.Errno != 0 {
		fmt.Fprintf(w, ", failed: %v", netbsd.Errno(m.Errno))
	}
	fmt.Fprintln(w)
	return addresses(w, t, uint32(m.Addrs), b[portable.SizeofRtMsghdr(t):])
}

// byteOrder returns the order of the target's integers.
func byteOrder(t portable.Target) binary.ByteOrder {
	if t.BigEndian() {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// text is a C string in an array.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

func linkState(s int32) string {
	switch s {
	case netbsd.LINK_STATE_UP:
		return "link up"
	case netbsd.LINK_STATE_DOWN:
		return "link down"
	}
	return "link state unknown"
}
