package rtable

import (
	"net/netip"
	"slices"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Table is the routes of a kernel. Its methods may be used by several
// goroutines at once.
type Table struct {
	// Tell is called with what routing sockets are to hear, and the family
	// of it, AF_UNSPEC when it has none. Set it before the table is used.
	Tell func(m *rtsock.Message, family int32)

	stack *stack.Stack
	ifs   *netif.Table

	// serial is held by whoever changes something, so that what a request
	// or an event looks at stays as it is. It is locked before mu.
	serial sync.Mutex

	mu        sync.RWMutex
	trees     [2]*tree // of inet, inet6
	ifas      map[*netif.Ifaddr]*ifaState
	prefixes  []*prefix       // the latest first
	neighbors []neighborEntry // that programs made

	departing *netif.Ifnet // guarded by serial
}

// New returns an empty table, and keeps that of gVisor in step with it. Routes
// to the addresses of interfaces come by Event.
func New(ifs *netif.Table) *Table {
	return &Table{
		Tell:  func(*rtsock.Message, int32) {},
		stack: ifs.Stack,
		ifs:   ifs,
		trees: [2]*tree{newTree(inet), newTree(inet6)},
		ifas:  map[*netif.Ifaddr]*ifaState{},
	}
}

func (t *Table) tree(f *family) *tree {
	if f == inet {
		return t.trees[0]
	}
	return t.trees[1]
}

// Lookup returns the route that packets to dst take: the one with the most
// specific destination. index is the interface when dst is an address that
// needs one, such as that of a link-local group. It also finds routes that
// reject packets (RTF_REJECT, RTF_BLACKHOLE), or whose interface is down.
func (t *Table) Lookup(dst netip.Addr, index int) (*Route, bool) {
	f, a := inet6, [16]byte{}
	switch {
	case dst.Is4():
		f = inet
		b := dst.As4()
		copy(a[:], b[:])
	case dst.Is6():
		a = embed(dst, index)
	default:
		return nil, false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.tree(f).match(a)
	return r, r != nil
}

// Resolve is Lookup on behalf of a program that wants to send: when there is no
// route, routing sockets hear of it.
func (t *Table) Resolve(dst netip.Addr, index int) (*Route, bool) {
	r, ok := t.Lookup(dst, index)
	if !ok && dst.IsValid() {
		t.miss(Sockaddr(dst, index))
	}
	return r, ok
}

// All returns the routes of a family in the order of their destinations, or
// with AF_UNSPEC those of all families.
func (t *Table) All(family int32) (list []*Route) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, tree := range t.trees {
		if family == netbsd.AF_UNSPEC || family == tree.number {
			list = append(list, tree.all()...)
		}
	}
	return list
}

// add puts r into the table. Its Key is masked by mask, which is a sockaddr, or
// nil for a host. EEXIST: there is one with that destination. ESRCH: the family
// has no routes.
func (t *Table) add(r *Route, mask []byte) error {
	f := familyOf(r.Key)
	if f == nil {
		return netbsd.ESRCH
	}
	if mask == nil {
		r.index(f, nil)
	} else {
		m := f.address(mask)
		r.Key = masked(r.Key, mask)
		r.index(f, &m)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.tree(f).insert(r) {
		return netbsd.EEXIST
	}
	t.export(r)
	return nil
}

// Find returns the route whose destination is key, a sockaddr, with exactly
// this mask. With a nil mask it is the one that packets to key take. ESRCH:
// there is none, or the family has no routes.
func (t *Table) Find(key, mask []byte) (*Route, error) {
	f := familyOf(key)
	if f == nil {
		return nil, netbsd.ESRCH
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.tree(f).find(key, mask)
	if r == nil {
		return nil, netbsd.ESRCH
	}
	return r, nil
}

func (t *tree) find(key, mask []byte) *Route {
	if mask == nil {
		return t.match(t.address(key))
	}
	r := t.match(t.address(masked(key, mask)))
	if r == nil {
		return nil
	}
	list := t.nodes[r.address] // of which those behind r are less specific
	return withMask(list[slices.Index(list, r):], t.trimmed(t.address(mask)))
}

// remove takes the route to key with this mask out of the table and returns it;
// with a nil mask, the most specific to key. ESRCH: there is none.
func (t *Table) remove(key, mask []byte) (*Route, error) {
	f := familyOf(key)
	if f == nil {
		return nil, netbsd.ESRCH
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tree := t.tree(f)
	var m []byte
	if mask != nil {
		key, m = masked(key, mask), f.trimmed(f.address(mask))
	}
	r := tree.exact(f.address(key), m)
	if r == nil {
		return nil, netbsd.ESRCH
	}
	tree.remove(r)
	t.unexport(r)
	gone := *r
	gone.Flags &^= netbsd.RTF_UP
	return &gone, nil
}

// change replaces old by a copy that change has changed, and returns it. ESRCH:
// old is not in the table any more.
func (t *Table) change(old *Route, change func(r *Route)) (*Route, error) {
	f := familyOf(old.Key)
	r := *old
	change(&r)
	r.regate(r.Gate)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, have := range t.tree(f).nodes[old.address] {
		if have == old {
			t.tree(f).replace(old, &r)
			t.unexport(old)
			t.export(&r)
			return &r, nil
		}
	}
	return nil, netbsd.ESRCH
}
