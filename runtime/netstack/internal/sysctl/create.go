package sysctl

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// What callers may add to a tree, so that it stays of a reasonable size.
const (
	maxCreated = 1024     // nodes
	maxOwned   = 64 << 10 // bytes of a value
)

// create makes a child of p, as a struct sysctlnode in the request says, and
// answers with what it made, or with what has the name or number already.
func (t *Tree) create(r *Request, p *node) error {
	if r.New == 0 {
		return netbsd.EINVAL
	}
	if !r.Superuser() || p.flags&netbsd.CTLFLAG_READWRITE == 0 {
		return netbsd.EPERM
	}
	var q netbsd.Sysctlnode
	if err := r.argument(&q); err != nil {
		return err
	}
	if pointer(&q.Parent) != 0 || q.Num < 0 && q.Num != netbsd.CTL_CREATE && q.Num != netbsd.CTL_CREATESYM || !goodName(&q) {
		return netbsd.EINVAL
	}
	if other, ok := t.collides(p, &q); ok {
		_ = r.portrait(&other) // that it exists is the error to tell of
		return netbsd.EEXIST
	}
	t.mu.RLock()
	stale := q.Ver != 0 && q.Ver != p.version && q.Ver != t.root.version
	t.mu.RUnlock()
	if stale {
		return netbsd.EINVAL
	}
	n, err := r.newNode(&q)
	if err != nil {
		return err
	}
	t.mu.Lock()
	if t.created >= maxCreated || p.named(n.name) != nil || n.number >= 0 && p.numbered(n.number) != nil {
		t.mu.Unlock()
		return netbsd.ENOMEM // or somebody else was quicker
	}
	t.created++
	t.insert(p, n)
	made := n.portray()
	t.mu.Unlock()
	return r.portrait(&made)
}

// goodName tells whether the name of q is made of letters, digits, - and _,
// begins with no digit, and has its NUL.
func goodName(q *netbsd.Sysctlnode) bool {
	end := bytes.IndexByte(q.Name[:], 0)
	if end <= 0 || q.Name[0] >= '0' && q.Name[0] <= '9' {
		return false
	}
	for _, c := range q.Name[:end] {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func (t *Tree) collides(p *node, q *netbsd.Sysctlnode) (other netbsd.Sysctlnode, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := p.named(nameOf(q))
	if c == nil {
		c = p.numbered(q.Num)
	}
	if c == nil {
		return other, false
	}
	return c.portray(), true
}

func nameOf(q *netbsd.Sysctlnode) string { return string(q.Name[:abi.StringLen(q.Name[:])]) }

// portrait answers with a struct sysctlnode, when there is room for it.
func (r *Request) portrait(s *netbsd.Sysctlnode) error {
	if r.Old != 0 && r.OldLen >= netbsd.SizeofSysctlnode {
		if err := r.CopyOut(abi.AsBytes(s), r.Old); err != nil {
			return err
		}
	}
	r.OldLen = netbsd.SizeofSysctlnode
	return nil
}

// newNode makes the node that q describes, with a value of its own.
func (r *Request) newNode(q *netbsd.Sysctlnode) (*node, error) {
	const own, immediate = netbsd.CTLFLAG_OWNDATA, netbsd.CTLFLAG_IMMEDIATE
	kind := q.Flags & netbsd.SYSCTL_TYPEMASK
	flags := q.Flags & netbsd.SYSCTL_FLAGMASK
	n := &node{name: nameOf(q), number: q.Num, flags: kind | flags}
	if n.number == netbsd.CTL_CREATESYM {
		n.number = Any
	}
	data := pointer(q.Un.Data())
	switch {
	case pointer(&q.Func) != 0 || flags&^netbsd.SYSCTL_USERFLAGS != 0:
		return nil, netbsd.EPERM
	case flags&(own|immediate) == own|immediate:
		return nil, netbsd.EINVAL
	case flags&immediate != 0 && kind != netbsd.CTLTYPE_INT && kind != netbsd.CTLTYPE_QUAD && kind != netbsd.CTLTYPE_BOOL:
		return nil, netbsd.EINVAL
	case kind == netbsd.CTLTYPE_NODE:
		if flags&own != 0 || uint64(pointer(&q.Size)) != 0 || *q.Un.Child() != (netbsd.SysctlnodeUnChild{}) {
			return nil, netbsd.EINVAL
		}
		return n, nil
	}
	size, err := r.valueSize(q, kind, data)
	if err != nil {
		return nil, err
	}
	v := &owned{typ: kind, b: make([]byte, size)}
	switch {
	case flags&immediate != 0:
		copy(v.b, abi.AsBytes(&q.Un))
	case flags&own == 0 && data != 0:
		return nil, netbsd.EPERM // an address in the kernel's memory
	case flags&own == 0:
		return nil, netbsd.EINVAL
	case data != 0:
		if err := r.CopyIn(v.b, data); err != nil {
			return nil, err
		}
	}
	n.value, n.size = v, size
	return n, nil
}

// valueSize returns how large the value of a new node is to be.
func (r *Request) valueSize(q *netbsd.Sysctlnode, kind uint32, data abi.Addr) (int, error) {
	size := binary.NativeEndian.Uint64(abi.AsBytes(&q.Size))
	fixed := map[uint32]uint64{netbsd.CTLTYPE_INT: 4, netbsd.CTLTYPE_QUAD: 8, netbsd.CTLTYPE_BOOL: 1}[kind]
	switch {
	case fixed != 0:
		if size != 0 && size != fixed {
			return 0, netbsd.EINVAL
		}
		return int(fixed), nil
	case kind == netbsd.CTLTYPE_STRING && size == 0:
		if data == 0 && q.Flags&netbsd.CTLFLAG_OWNDATA != 0 {
			return 0, netbsd.EINVAL
		}
		s, err := r.CopyInString(data, maxOwned)
		return len(s) + 1, err
	case kind != netbsd.CTLTYPE_STRING && kind != netbsd.CTLTYPE_STRUCT || size == 0:
		return 0, netbsd.EINVAL
	case size > maxOwned:
		return 0, netbsd.ENOMEM
	}
	return int(size), nil
}

// destroy takes out the child of p that the request describes, and answers
// with what it was.
func (t *Tree) destroy(r *Request, p *node) error {
	if r.New == 0 {
		return netbsd.EINVAL
	}
	if !r.Superuser() || p.flags&netbsd.CTLFLAG_READWRITE == 0 {
		return netbsd.EPERM
	}
	var q netbsd.Sysctlnode
	if err := r.argument(&q); err != nil {
		return err
	}
	was, err := t.take(p, &q)
	if err != nil {
		return err
	}
	return r.portrait(&was)
}

func (t *Tree) take(p *node, q *netbsd.Sysctlnode) (was netbsd.Sysctlnode, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range p.children {
		if c.number != q.Num || q.Name[0] != 0 && c.name != nameOf(q) || q.Ver != 0 && q.Ver != c.version {
			continue
		}
		switch {
		case c.flags&netbsd.CTLFLAG_PERMANENT != 0:
			return was, netbsd.EPERM
		case len(c.children) != 0:
			return was, netbsd.ENOTEMPTY
		}
		was = c.portray()
		t.remove(c)
		t.created--
		return was, nil
	}
	return was, netbsd.ENOENT
}

// mmap is for nodes that can be mapped, of which there are none.
func (t *Tree) mmap(r *Request, p *node) error {
	var q netbsd.Sysctlnode
	if r.New == 0 || r.NewLen != netbsd.SizeofSysctlnode {
		return netbsd.EINVAL
	}
	if err := r.CopyIn(abi.AsBytes(&q), r.New); err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p.numbered(q.Num) == nil {
		return netbsd.ENOENT
	}
	return netbsd.EOPNOTSUPP
}

// owned is a value that a caller made.
type owned struct {
	typ uint32
	mu  sync.Mutex
	b   []byte
}

func (o *owned) kind() uint32 { return o.typ }
func (o *owned) size() int    { return len(o.b) }

func (o *owned) load() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.typ == netbsd.CTLTYPE_STRING {
		return append(bytes.Clone(o.b[:abi.StringLen(o.b)]), 0)
	}
	return bytes.Clone(o.b)
}

func (o *owned) store(b []byte) error {
	switch {
	case o.typ == netbsd.CTLTYPE_BOOL && b[0] > 1,
		o.typ == netbsd.CTLTYPE_STRING && len(b) == len(o.b) && b[len(b)-1] != 0:
		return netbsd.EINVAL
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.b[copy(o.b, b):])
	return nil
}
