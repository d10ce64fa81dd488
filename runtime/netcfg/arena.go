package netcfg

import (
	"sync/atomic"

	"github.com/abigen/abigen/abi"
)

// An arena is the memory of a thread: what a call is given pointers to. It is
// emptied before each operation, and grows as needed; addresses stay good, slices
// do not.
type arena struct{ abi.Bytes }

// arenas counts them: each is in another place, since those of the threads of a
// process are parts of one address space. There is room for 255, before one is where
// another was.
var arenas atomic.Uint32

func newArena() *arena {
	const size = 1 << 24
	return &arena{abi.Bytes{Base: abi.Addr(arenas.Add(1)%255+1) * size}}
}

func (m *arena) reset() { m.Data = m.Data[:0] }

// room returns the address of n zero bytes.
func (m *arena) room(n int) abi.Addr {
	const align = 16
	at := (len(m.Data) + align - 1) &^ (align - 1)
	m.Data = append(m.Data, make([]byte, at+n-len(m.Data))...)
	return m.Base + abi.Addr(at)
}

// put returns the address of a copy of b.
func (m *arena) put(b []byte) abi.Addr {
	a := m.room(len(b))
	copy(m.at(a, len(b)), b)
	return a
}

// at returns the n bytes at an address that room or put returned.
func (m *arena) at(a abi.Addr, n int) []byte { return m.Data[a-m.Base:][:n] }
