package transcript

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/abigen/abigen/abi"
)

// unset is in every byte that a step says nothing of.
const unset = 0xa5

// A buffer is memory that a pointer of a call leads to.
type buffer struct {
	key    string
	addr   abi.Addr
	before []byte
	bytes  []byte
	beyond int // bytes that were written behind the end
}

// A memory holds the buffers of the calls under way, each with nothing but
// unset bytes between it and the next. Its methods may be used by several
// goroutines at once.
type memory struct {
	mu      sync.Mutex
	next    abi.Addr
	buffers map[abi.Addr]*buffer // by address / apart
}

// apart is how far the addresses of two buffers differ at least.
const apart = 1 << 24

func newMemory() *memory {
	return &memory{next: apart, buffers: map[abi.Addr]*buffer{}}
}

// add makes a buffer of size bytes, all unset.
func (m *memory) add(key string, size int) (*buffer, error) {
	if size < 0 || size > apart/2 {
		return nil, fmt.Errorf("%s: buffer of %d bytes", key, size)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := &buffer{key: key, addr: m.next, bytes: bytes.Repeat([]byte{unset}, size)}
	m.buffers[m.next/apart] = b
	m.next += apart
	return b, nil
}

// remove takes away the buffers of a call that has returned.
func (m *memory) remove(list []*buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range list {
		delete(m.buffers, b.addr/apart)
	}
}

// at returns the buffer that a belongs to, and how far behind its beginning.
func (m *memory) at(op string, a abi.Addr, n int) (*buffer, int, error) {
	b := m.buffers[a/apart]
	if b == nil || n > apart-int(a%apart) {
		return nil, 0, &abi.AddrError{Op: op, Addr: a, Len: n, Err: abi.ErrFault}
	}
	return b, int(a % apart), nil
}

// ReadAt implements [abi.Memory]. Behind a buffer there is more memory, as
// there is in a process.
func (m *memory) ReadAt(p []byte, a abi.Addr) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, off, err := m.at("read", a, len(p))
	if err != nil {
		return err
	}
	n := copy(p, b.bytes[min(off, len(b.bytes)):])
	for i := range p[n:] {
		p[n+i] = unset
	}
	return nil
}

// WriteAt implements [abi.Memory]. What is written behind a buffer is lost, but
// counts as a difference.
func (m *memory) WriteAt(p []byte, a abi.Addr) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, off, err := m.at("write", a, len(p))
	if err != nil {
		return err
	}
	n := copy(b.bytes[min(off, len(b.bytes)):], p)
	b.beyond += len(p) - n
	return nil
}
