package netstat

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// What struct mbstat of sys/mbuf.h has: long integers, of which the last counts
// drains, and behind them the mbufs in use by type (MT_*).
const (
	mbstatLongs = 7
	mbstatTypes = 256
)

// mbufTypes are the types of mbufs by number. That of free ones is 0.
var mbufTypes = [...]string{
	1: "data", 2: "packet headers", 3: "socket names and addresses", 4: "socket options",
	5: "fragment reassembly queue headers", 6: "ancillary data", 7: "oob data",
}

// An mbufs is what --json says of -m.
type mbufs struct {
	InUse  uint64            `json:"inUse"`
	Types  map[string]uint64 `json:"types"`
	Drains uint64            `json:"drains"`
}

// buffers does -m.
func (e *env) buffers(ctx context.Context) error {
	raw, err := e.Bytes(ctx, "kern.mbuf.stats")
	if err != nil {
		return err
	}
	const counts = 2 * mbstatTypes
	size := (len(raw) - counts) / mbstatLongs
	if size != 4 && size != 8 {
		return fmt.Errorf("kern.mbuf.stats has %d bytes: %w", len(raw), netbsd.EFTYPE)
	}
	m := mbufs{Types: map[string]uint64{}}
	drain := raw[(mbstatLongs-1)*size:]
	if size == 4 {
		m.Drains = uint64(binary.NativeEndian.Uint32(drain))
	} else {
		m.Drains = binary.NativeEndian.Uint64(drain)
	}
	b := new(bytes.Buffer)
	for i := 1; i < mbstatTypes; i++ {
		n := uint64(binary.NativeEndian.Uint16(raw[mbstatLongs*size+2*i:]))
		if n == 0 {
			continue
		}
		name := fmt.Sprintf("<mbuf type %d>", i)
		if i < len(mbufTypes) {
			name = mbufTypes[i]
		}
		m.InUse += n
		m.Types[name] = n
		fmt.Fprintf(b, "\t%d mbufs allocated to %s\n", n, name)
	}
	if e.json {
		return command.WriteJSON(e.out, m)
	}
	_, err = fmt.Fprintf(e.out, "%d mbufs in use:\n%s%d calls to protocol drain routines\n", m.InUse, b, m.Drains)
	return err
}
