package sysproxy

import (
	"crypto/rand"
	"crypto/subtle"
	"math"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// A guest is the process of a client, before and after the client's connection
// is known.
type guest struct {
	kernel.Process
	name string

	mu      sync.Mutex
	session *session // nil for a prefork that nobody has claimed
}

// raise tells the client of a signal.
func (g *guest) raise(sig netbsd.Signal) {
	g.mu.Lock()
	c := g.session
	g.mu.Unlock()
	if c != nil {
		c.post(header{class: classRequest, typ: typeRaise, word: uint32(sig)})
	}
}

func (g *guest) attach(c *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.session = c
}

// preforks are the processes that wait for a child to claim them.
type preforks struct {
	mu  sync.Mutex
	all []*prefork
}

type prefork struct {
	*guest
	cookie [cookieSize]byte
	parent *session
	timer  *time.Timer
}

// add makes a child of g for the client of c, which may be claimed for a time.
// A prefork of this package's clients has one more than the [kernel.ForkHow] for its
// word and a name for its body; those of NetBSD's have neither.
func (p *preforks) add(g *guest, c *session, word uint32, body []byte) ([cookieSize]byte, error) {
	if p.count(c) >= c.limits.Preforks {
		return [cookieSize]byte{}, NoMemory
	}
	child := &guest{name: g.name}
	opt := kernel.ProcessOptions{Name: g.name, Signal: child.raise}
	var err error
	if word == 0 {
		child.Process, err = forkTwice(g, opt)
	} else {
		child.name = cstring(body)
		opt.Name = child.name
		child.Process, err = g.Fork(kernel.ForkHow(min(word-1, math.MaxUint8)), opt)
	}
	if err != nil {
		return [cookieSize]byte{}, ForkFailed
	}
	f := &prefork{guest: child, parent: c}
	rand.Read(f.cookie[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, f)
	f.timer = time.AfterFunc(c.limits.Claim, func() {
		if p.take(f.cookie[:]) != nil {
			f.Exit()
		}
	})
	return f.cookie, nil
}

// forkTwice makes a child that is one of process 1, as NetBSD's server does.
func forkTwice(g *guest, opt kernel.ProcessOptions) (kernel.Process, error) {
	between, err := g.Fork(kernel.ForkCopy, opt)
	if err != nil {
		return nil, err
	}
	defer between.Exit()
	return between.Fork(kernel.ForkCopy, opt)
}

func (p *preforks) count(c *session) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, f := range p.all {
		if f.parent == c {
			n++
		}
	}
	return n
}

// take returns the child with the cookie, and forgets it: nil when there is
// none. Who does not know a cookie learns nothing of it from the time this takes.
func (p *preforks) take(cookie []byte) *guest {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := -1
	for i, f := range p.all {
		if subtle.ConstantTimeCompare(f.cookie[:], cookie) == 1 {
			found = i
		}
	}
	if found < 0 {
		return nil
	}
	f := p.all[found]
	last := len(p.all) - 1
	p.all[found], p.all[last] = p.all[last], nil
	p.all = p.all[:last]
	f.timer.Stop()
	return f.guest
}

// drop ends all of them.
func (p *preforks) drop() {
	p.mu.Lock()
	all := p.all
	p.all = nil
	p.mu.Unlock()
	for _, f := range all {
		f.timer.Stop()
		f.Exit()
	}
}
