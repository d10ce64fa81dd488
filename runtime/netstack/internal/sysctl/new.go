package sysctl

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// Config says what a kernel's variables depend on.
type Config struct {
	Release    *kernel.Release
	Hostname   string
	Interfaces *netif.Table
	Processes  *kern.Procs
	Clock      hypercall.Clock
	Random     io.Reader // never fails
}

// New returns the variables of a NetBSD kernel with TCP/IP, local sockets and
// nothing else. Some numbers have no names in the newest headers, so the tables
// have all as they are.
func New(cfg Config) (*Tree, error) {
	t := newTree()
	if err := t.Add("", tops()...); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		parent string
		nodes  []Node
	}{
		{"kern", kernNodes(cfg)},
		{"hw", hwNodes()},
		{"net", netNodes(cfg.Interfaces, pcblists{cfg.Processes})},
	} {
		if err := t.Add(part.parent, part.nodes...); err != nil {
			return nil, err
		}
	}
	return t, nil
}

const (
	permanent = netbsd.CTLFLAG_PERMANENT
	readWrite = netbsd.CTLFLAG_READWRITE
)

func tops() []Node {
	return []Node{
		dir(1, "kern"), dir(2, "vm"), dir(3, "vfs"), dir(4, "net"), dir(5, "debug"), dir(6, "hw"), dir(7, "machdep"),
		dir(8, "user"), dir(9, "ddb"), dir(10, "proc"), {Number: 11, Name: "vendor", Flags: permanent | readWrite},
		dir(12, "emul"), dir(13, "security"),
	}
}

func dir(number int32, name string, children ...Node) Node {
	return Node{Number: number, Name: name, Flags: permanent, Children: children}
}

// integer is a variable that may become anything.
func integer(number int32, name string, v int32) Node {
	return Node{Number: number, Name: name, Flags: permanent | readWrite, Value: NewInt(v, nil)}
}

// checked is a variable that may become what check allows.
func checked(number int32, name string, v int32, check func(int32) error) Node {
	return Node{Number: number, Name: name, Flags: permanent | readWrite, Value: NewInt(v, check), Func: true}
}

// constant is an integer that is built in.
func constant(number int32, name string, v int32) Node {
	return Node{Number: number, Name: name, Flags: permanent | netbsd.CTLFLAG_IMMEDIATE, Value: NewInt(v, nil)}
}

// state is an integer that tells of something.
func state(number int32, name string, v IntFunc) Node {
	return Node{Number: number, Name: name, Flags: permanent, Value: v}
}

// counters are n counters of 64 bits.
func counters(number int32, name string, n int) Node {
	return Node{Number: number, Name: name, Flags: permanent, Func: true, Value: &Counters{n: n}}
}

// temporary are nodes that a kernel could lose again.
func temporary(nodes ...Node) []Node {
	for i := range nodes {
		nodes[i].Flags &^= permanent
	}
	return nodes
}

func atLeast(least int32) func(int32) error {
	return func(v int32) error {
		if v < least {
			return netbsd.EINVAL
		}
		return nil
	}
}

// oneOf allows the words.
func oneOf(words ...string) func(string) error {
	return func(s string) error {
		for _, w := range words {
			if w == s {
				return nil
			}
		}
		return netbsd.EINVAL
	}
}

// Counters returns the counters with the name.
func (t *Tree) Counters(name string) (*Counters, error) { return value[*Counters](t, name) }

// Int returns the integer variable with the name.
func (t *Tree) Int(name string) (*Int, error) { return value[*Int](t, name) }

// String returns the text variable with the name.
func (t *Tree) String(name string) (*String, error) { return value[*String](t, name) }

func value[T Value](t *Tree, name string) (v T, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := t.find(name)
	if n == nil {
		return v, fmt.Errorf("sysctl: %s: no such variable", name)
	}
	v, ok := n.value.(T)
	if !ok {
		return v, fmt.Errorf("sysctl: %s: the variable is of another type", name)
	}
	return v, nil
}

// Bind makes p, with what is in it, the memory of an integer variable.
func (t *Tree) Bind(name string, p *atomic.Int32) error {
	i, err := t.Int(name)
	if err != nil {
		return err
	}
	i.p.Store(p)
	return nil
}
