package sysctl

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Tree is the variables of a kernel.
type Tree struct {
	set sync.Mutex // held from the check of a new value until it is stored

	mu      sync.RWMutex
	root    node
	last    int32 // number of the last node that was given one
	created int   // nodes that callers made
}

// A Node declares a node of the tree.
type Node struct {
	Number int32 // or Any
	Name   string
	Flags  uint32 // CTLFLAG_*

	// One of these. A Handler answers for the node and all names below it.
	Children []Node
	Value    Value
	Handler  Handler

	// Func tells that NetBSD has the value behind a function: a name that
	// goes on below it is EINVAL, not ENOTDIR. For such a value, when it is
	// no integer, and for a Handler Size is what queries say about it. Type
	// is that of a Handler.
	Func bool
	Type uint32 // CTLTYPE_*
	Size int
}

// Any stands for a number that the tree chooses, which is 1024 or higher.
const Any = netbsd.CTL_CREATE

const firstDynamic = 1024 // CREATE_BASE of sys/sysctl.h

// node is struct sysctlnode.
type node struct {
	number   int32
	name     string
	flags    uint32 // CTLTYPE_*, CTLFLAG_*
	size     int    // of the value, at most
	value    Value
	handler  Handler
	function bool
	desc     string
	version  uint32
	parent   *node
	children []*node // by number
}

func (n *node) isNode() bool { return n.flags&netbsd.SYSCTL_TYPEMASK == netbsd.CTLTYPE_NODE }

// newTree returns a tree that has nothing but its root.
func newTree() *Tree {
	return &Tree{
		root: node{flags: netbsd.CTLTYPE_NODE | netbsd.CTLFLAG_ROOT | netbsd.CTLFLAG_READWRITE},
		last: firstDynamic - 1,
	}
}

// Add puts nodes below the one that has the name: "net.inet", or "" for the
// root. Those that are there already, with the same number, only get the
// children.
func (t *Tree) Add(parent string, nodes ...Node) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.find(parent)
	if p == nil {
		return fmt.Errorf("sysctl: %s: no such variable", parent)
	}
	for i := range nodes {
		if err := t.add(p, &nodes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) add(p *node, d *Node) error {
	n := p.named(d.Name)
	switch {
	case n == nil:
		if n = p.numbered(d.Number); n != nil {
			return fmt.Errorf("sysctl: %s and %s have the same number", n.name, d.Name)
		}
		n = &node{name: d.Name, number: d.Number, flags: d.Flags | d.kind(), value: d.Value, handler: d.Handler, function: d.Func, size: d.Size}
		if d.Value != nil && (!d.Func || d.Value.kind() == netbsd.CTLTYPE_INT) {
			n.size = d.Value.size()
		}
		t.insert(p, n)
	case !n.isNode() || n.handler != nil || d.Children == nil || d.Number != Any && d.Number != n.number:
		return fmt.Errorf("sysctl: %s is there already", d.Name)
	}
	for i := range d.Children {
		if err := t.add(n, &d.Children[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *Node) kind() uint32 {
	switch {
	case d.Value != nil:
		return d.Value.kind()
	case d.Handler != nil:
		return d.Type
	}
	return netbsd.CTLTYPE_NODE
}

// insert makes n a child of p, gives it a number when it has none, and counts
// up the versions on the way to the root.
func (t *Tree) insert(p, n *node) {
	if n.number == Any {
		for t.last++; p.numbered(t.last) != nil; t.last++ {
		}
		n.number = t.last
	}
	if n.isNode() {
		n.size = netbsd.SizeofSysctlnode
	}
	n.parent = p
	at, _ := slices.BinarySearchFunc(p.children, n.number, func(c *node, number int32) int { return int(c.number) - int(number) })
	p.children = slices.Insert(p.children, at, n)
	t.touch(n)
}

func (t *Tree) touch(n *node) {
	for v := t.root.version + 1; n != nil; n = n.parent {
		n.version = v
	}
}

// Remove takes the node with the name out, with all that is below it. It does
// nothing when there is none.
func (t *Tree) Remove(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.find(name); n != nil && n.parent != nil {
		t.remove(n)
	}
}

func (t *Tree) remove(n *node) {
	p := n.parent
	p.children = slices.DeleteFunc(p.children, func(c *node) bool { return c == n })
	t.touch(p)
}

// find returns the node with the name, nil when there is none.
func (t *Tree) find(name string) *node {
	n := &t.root
	if name == "" {
		return n
	}
	for part := range strings.SplitSeq(name, ".") {
		if n = n.named(part); n == nil {
			return nil
		}
	}
	return n
}

func (n *node) named(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *node) numbered(number int32) *node {
	for _, c := range n.children {
		if c.number == number || c.flags&netbsd.CTLFLAG_ANYNUMBER != 0 && number >= 0 {
			return c
		}
	}
	return nil
}

// locate follows a name of numbers as far as it goes. It returns where that
// is and what is left of the name: ENOENT when there is no such child, ENOTDIR
// when a node is no place for children, EPERM when the caller may not look
// further.
func (t *Tree) locate(l *kern.Lwp, name []int32) (n *node, rest []int32, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n = &t.root
	for rest = name; len(rest) > 0; rest = rest[1:] {
		if !n.isNode() {
			return n, rest, netbsd.ENOTDIR
		}
		if n.flags&netbsd.CTLFLAG_PRIVATE != 0 && !l.Superuser() {
			return n, rest, netbsd.EPERM
		}
		c := n.numbered(rest[0])
		if c == nil {
			return n, rest, netbsd.ENOENT
		}
		n = c
	}
	return n, nil, nil
}
