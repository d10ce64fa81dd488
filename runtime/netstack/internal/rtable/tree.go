package rtable

import (
	"bytes"
	"slices"
)

// A tree is the routes of one family. In place of NetBSD's radix tree there is
// a map for each address that routes lead to; a lookup tries the masks that are
// in use, the most specific first. Few networks have more than a dozen.
type tree struct {
	*family
	nodes map[[16]byte][]*Route // by address; the most specific mask first
	masks []maskCount           // likewise
}

type maskCount struct {
	mask [16]byte
	n    int // routes that have it
}

func newTree(f *family) *tree { return &tree{family: f, nodes: map[[16]byte][]*Route{}} }

// specific orders masks, the more specific one first.
func specific(a, b []byte) int {
	if n := ones(b) - ones(a); n != 0 {
		return n
	}
	return bytes.Compare(b, a)
}

func and(a, mask [16]byte) [16]byte {
	for i := range a {
		a[i] &= mask[i]
	}
	return a
}

// match returns the route that packets to a take, nil when there is none.
func (t *tree) match(a [16]byte) *Route {
	for i := range t.masks {
		mask := &t.masks[i].mask
		for _, r := range t.nodes[and(a, *mask)] {
			if r.mask == *mask {
				return r
			}
		}
	}
	return nil
}

// exact returns the route to an address that has the mask, or with a nil mask
// the most specific one to it.
func (t *tree) exact(a [16]byte, mask []byte) *Route {
	list := t.nodes[a]
	if mask == nil && len(list) > 0 {
		return list[0]
	}
	return withMask(list, mask)
}

// withMask returns the route of list that has the mask, in the form in which
// the table keeps it.
func withMask(list []*Route, mask []byte) *Route {
	for _, r := range list {
		if r.Netmask != nil && bytes.Equal(r.Netmask, mask) {
			return r
		}
	}
	return nil
}

// insert adds r, unless one like it is there.
func (t *tree) insert(r *Route) bool {
	list := t.nodes[r.address]
	i := 0
	for ; i < len(list); i++ {
		c := specific(r.mask[:], list[i].mask[:])
		if c == 0 && (r.Netmask == nil) == (list[i].Netmask == nil) {
			return false
		}
		if c < 0 || c == 0 && r.Netmask == nil {
			break
		}
	}
	t.nodes[r.address] = slices.Insert(list, i, r)
	i, found := slices.BinarySearchFunc(t.masks, r.mask, func(m maskCount, mask [16]byte) int {
		return specific(m.mask[:], mask[:])
	})
	if !found {
		t.masks = slices.Insert(t.masks, i, maskCount{mask: r.mask})
	}
	t.masks[i].n++
	return true
}

// remove takes r out, which must be in the tree.
func (t *tree) remove(r *Route) {
	list := t.nodes[r.address]
	i := slices.Index(list, r)
	if list = slices.Delete(list, i, i+1); len(list) > 0 {
		t.nodes[r.address] = list
	} else {
		delete(t.nodes, r.address)
	}
	i = slices.IndexFunc(t.masks, func(m maskCount) bool { return m.mask == r.mask })
	if t.masks[i].n--; t.masks[i].n == 0 {
		t.masks = slices.Delete(t.masks, i, i+1)
	}
}

// replace puts a changed copy in the place of old.
func (t *tree) replace(old, r *Route) {
	list := t.nodes[old.address]
	list[slices.Index(list, old)] = r
}

// all returns the routes in the order of NetBSD's tree: by address, and of the
// same address the most specific first.
func (t *tree) all() []*Route {
	keys := make([][16]byte, 0, len(t.nodes))
	for a := range t.nodes {
		keys = append(keys, a)
	}
	slices.SortFunc(keys, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	list := make([]*Route, 0, len(keys))
	for _, a := range keys {
		list = append(list, t.nodes[a]...)
	}
	return list
}
