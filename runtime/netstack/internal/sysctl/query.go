package sysctl

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// query lists the children of n as struct sysctlnode.
func (t *Tree) query(r *Request, n *node) error {
	var q netbsd.Sysctlnode
	if err := r.argument(&q); err != nil {
		return err
	}
	t.mu.RLock()
	if q.Ver != 0 && q.Ver != n.version && q.Ver != t.root.version {
		t.mu.RUnlock()
		return netbsd.EINVAL
	}
	list := make([]netbsd.Sysctlnode, len(n.children))
	for i, c := range n.children {
		list[i] = c.portray()
	}
	t.mu.RUnlock()
	for i := range list {
		if r.Old == 0 || r.OldLen < uint(i+1)*netbsd.SizeofSysctlnode {
			break
		}
		if err := r.CopyOut(abi.AsBytes(&list[i]), r.Old+abi.Addr(i*netbsd.SizeofSysctlnode)); err != nil {
			return err
		}
	}
	r.OldLen = uint(len(list)) * netbsd.SizeofSysctlnode
	return nil
}

// portray describes n to a caller, without the kernel's addresses.
func (n *node) portray() (s netbsd.Sysctlnode) {
	s.Flags = netbsd.SYSCTL_VERSION | n.flags
	if n.desc != "" {
		s.Flags |= netbsd.CTLFLAG_OWNDESC
	}
	s.Num = n.number
	copy(s.Name[:netbsd.SYSCTL_NAMELEN-1], n.name)
	s.Ver = n.version
	if n.isNode() {
		s.Un.Child().Csize = uint32(len(n.children))
		s.Un.Child().Clen = uint32(len(n.children))
	} else if n.flags&netbsd.CTLFLAG_IMMEDIATE != 0 {
		copy(abi.AsBytes(&s.Un), n.value.load())
	}
	binary.NativeEndian.PutUint64(abi.AsBytes(&s.Size), uint64(n.size))
	return s
}

// argument reads the struct sysctlnode that a request carries: EINVAL when it
// has none of this version.
func (r *Request) argument(s *netbsd.Sysctlnode) error {
	if r.New == 0 || r.NewLen < 4 {
		return netbsd.EINVAL
	}
	if err := r.CopyIn(abi.AsBytes(&s.Flags), r.New); err != nil {
		return err
	}
	if r.NewLen != netbsd.SizeofSysctlnode || s.Flags&netbsd.SYSCTL_VERS_MASK != netbsd.SYSCTL_VERSION {
		return netbsd.EINVAL
	}
	flags := s.Flags
	if err := r.CopyIn(abi.AsBytes(s), r.New); err != nil {
		return err
	}
	s.Flags = flags
	return nil
}

// maxDescription is the longest text that a node may be described with, with
// its NUL (MAXDESCLEN less the header).
const maxDescription = 1024 - 12

// describe lists the descriptions of the children of n, or that of one. A
// request that brings a text sets it first.
func (t *Tree) describe(r *Request, n *node) error {
	var q netbsd.Sysctlnode
	one := r.New != 0
	if one {
		if err := r.argument(&q); err != nil {
			return err
		}
		if text := pointer(&q.Desc); text != 0 {
			if err := t.setDescription(r, n, &q, text); err != nil {
				return err
			}
		}
	}
	t.mu.RLock()
	var list [][]byte
	for _, c := range n.children {
		if one && c.number != q.Num || c.flags&netbsd.CTLFLAG_PRIVATE != 0 && !r.Superuser() {
			continue
		}
		list = append(list, c.description())
	}
	t.mu.RUnlock()
	if one && len(list) == 0 {
		return netbsd.ENOENT
	}
	var total, used uint
	for _, d := range list {
		if size := uint(len(d)); r.Old != 0 && r.OldLen-used >= size {
			if err := r.CopyOut(d, r.Old+abi.Addr(used)); err != nil {
				return err
			}
			used += size
		}
		total += uint(len(d))
	}
	r.OldLen = total
	return nil
}

// description is a struct sysctldesc: number, version, length of the text with
// its NUL, the text, padding.
func (n *node) description() []byte {
	b := make([]byte, 0, 16)
	b = binary.NativeEndian.AppendUint32(b, uint32(n.number))
	b = binary.NativeEndian.AppendUint32(b, n.version)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(n.desc)+1))
	b = append(b, n.desc...)
	return append(b, make([]byte, 4-len(n.desc)%4)...)
}

func (t *Tree) setDescription(r *Request, p *node, q *netbsd.Sysctlnode, at abi.Addr) error {
	if !r.Superuser() {
		return netbsd.EPERM
	}
	text, err := r.CopyInString(at, maxDescription)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range p.children {
		if c.number != q.Num {
			continue
		}
		if q.Ver != 0 && q.Ver != c.version {
			return netbsd.EINVAL
		}
		if c.flags&netbsd.CTLFLAG_PERMANENT != 0 || c.desc != "" {
			return netbsd.EPERM
		}
		c.desc = text
		return nil
	}
	return netbsd.ENOENT
}

// pointer reads a pointer of struct sysctlnode, all of which are padded to 8
// bytes.
func pointer[T any](v *T) abi.Addr {
	return abi.Addr(binary.NativeEndian.Uint64(abi.AsBytes(v)))
}
