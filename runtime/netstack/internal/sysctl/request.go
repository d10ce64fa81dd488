package sysctl

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Sysents returns the system call __sysctl on t.
func (t *Tree) Sysents() []kern.Sysent {
	return []kern.Sysent{{Number: netbsd.SYS___sysctl, Handler: t.sysctl, Level: kernel.Full}}
}

// A Handler answers a request for its node, or for a name below it.
type Handler func(r *Request) error

// A Request is one call of __sysctl.
type Request struct {
	*kern.Lwp
	tree *Tree
	node *node // the handler's

	// Name is what is left of the name behind the node of the handler.
	Name []int32

	// Old is the caller's buffer for the value, 0 when it wants none, and
	// OldLen what the caller said about its size. The handler leaves in
	// OldLen how many bytes there are, whether or not they fitted; the call
	// then fails with ENOMEM when they did not.
	Old    abi.Addr
	OldLen uint

	// New is where the new value is, 0 when there is none.
	New    abi.Addr
	NewLen uint
}

func (t *Tree) sysctl(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	r := Request{Lwp: l, tree: t, Old: abi.Addr(a[2]), New: abi.Addr(a[4]), NewLen: uint(a[5])}
	oldLen := abi.Addr(a[3])
	if oldLen != 0 {
		if err := kern.In(l, &r.OldLen, oldLen); err != nil {
			return 0, 0, err
		}
	}
	given := r.OldLen
	var name [netbsd.CTL_MAXNAME]int32
	n := uint32(a[1])
	if n < 1 || n > uint32(len(name)) {
		return 0, 0, netbsd.EINVAL
	}
	r.Name = name[:n]
	for i := range r.Name {
		if err := kern.In(l, &r.Name[i], abi.Addr(a[0])+abi.Addr(i*4)); err != nil {
			return 0, 0, err
		}
	}
	err = t.dispatch(&r)
	if oldLen != 0 { // even when the request failed
		if e := kern.Out(l, &r.OldLen, oldLen); err == nil {
			err = e
		}
	}
	if err == nil && r.Old != 0 && given < r.OldLen {
		err = netbsd.ENOMEM
	}
	return 0, 0, err
}

func (t *Tree) dispatch(r *Request) error {
	n, rest, err := t.locate(r.Lwp, r.Name)
	r.Name, r.node = rest, n
	switch {
	case errors.Is(err, netbsd.EPERM):
		return err
	case n.handler != nil:
		return n.handler(r)
	case err == nil, n.function:
		return t.lookup(r, n, n.value)
	case errors.Is(err, netbsd.ENOENT) && len(rest) == 1 && rest[0] < 0:
		return t.operate(r, n)
	}
	return err
}

// operate does what the last, negative number of a name asks for.
func (t *Tree) operate(r *Request, n *node) error {
	switch r.Name[0] {
	case netbsd.CTL_QUERY:
		return t.query(r, n)
	case netbsd.CTL_DESCRIBE:
		return t.describe(r, n)
	case netbsd.CTL_CREATE, netbsd.CTL_CREATESYM:
		return t.create(r, n)
	case netbsd.CTL_DESTROY:
		return t.destroy(r, n)
	case netbsd.CTL_MMAP:
		return t.mmap(r, n)
	}
	return netbsd.EOPNOTSUPP
}

// lookup reads and sets v, the value of n.
func (t *Tree) lookup(r *Request, n *node, v Value) error {
	setting := r.New != 0 && r.NewLen != 0
	switch {
	case v == nil || len(r.Name) != 0:
		return netbsd.EINVAL
	case n.flags&netbsd.CTLFLAG_PRIVATE != 0 && !r.Superuser():
		return netbsd.EPERM
	case setting && n.flags&netbsd.CTLFLAG_ANYWRITE == 0 && !r.Superuser():
		return netbsd.EPERM
	case setting && n.flags&netbsd.CTLFLAG_READWRITE == 0:
		return netbsd.EPERM
	}
	if err := r.Reply(v.load()); err != nil {
		return err
	}
	if !setting {
		return nil
	}
	if r.NewLen > uint(v.size()) || n.flags&netbsd.SYSCTL_TYPEMASK != netbsd.CTLTYPE_STRING && r.NewLen != uint(v.size()) {
		return netbsd.EINVAL
	}
	b := make([]byte, r.NewLen)
	if err := r.CopyIn(b, r.New); err != nil {
		return err
	}
	t.set.Lock()
	defer t.set.Unlock()
	return v.store(b)
}

// Query lists what is below the handler's node.
func (r *Request) Query() error { return r.tree.query(r, r.node) }

// lookup reads v, and refuses to set it unless its type and node allow that.
func (r *Request) lookup(v Value) error { return r.tree.lookup(r, r.node, v) }

// Reply copies b out, as much of it as the caller has room for, and notes how
// much there is.
func (r *Request) Reply(b []byte) error {
	if r.Old != 0 {
		if err := r.CopyOut(b[:min(uint(len(b)), r.OldLen)], r.Old); err != nil {
			return err
		}
	}
	r.OldLen = uint(len(b))
	return nil
}
