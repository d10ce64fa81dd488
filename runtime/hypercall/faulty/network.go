package faulty

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
)

// A Link says how bad a network is. Probabilities are those that it happens to a
// frame, from 0 to 1.
type Link struct {
	Loss        float64       // it does not arrive
	Duplication float64       // it arrives twice
	Reordering  float64       // up to four later ones overtake it
	Corruption  float64       // one bit is wrong
	Delay       time.Duration // of all frames
}

// longest is how long a frame waits to be overtaken.
const longest = 20 * time.Millisecond

// overtakers is how many frames overtake one, at most.
const overtakers = 4

// Stats counts what happened to frames.
type Stats struct {
	Frames, Lost, Duplicated, Reordered, Corrupted uint64
}

// A Network is another network with frames that suffer when they are sent.
type Network struct {
	inner hypercall.Network
	clock hypercall.Clock
	link  atomic.Pointer[Link]

	mu   sync.Mutex
	dice *rand.Rand

	frames, lost, duplicated, reordered, corrupted atomic.Uint64
}

// NewNetwork returns a network that is inner with the faults of a link, decided
// by a seed. Delays are by the clock; nil is that of the machine.
func NewNetwork(inner hypercall.Network, link Link, seed uint64, clock hypercall.Clock) *Network {
	if clock == nil {
		clock = system.Clock()
	}
	n := &Network{inner: inner, clock: clock, dice: rand.New(rand.NewPCG(seed, 0))}
	n.SetLink(link)
	return n
}

// SetLink makes the network better or worse.
func (n *Network) SetLink(link Link) { n.link.Store(&link) }

// Stats returns what happened so far.
func (n *Network) Stats() Stats {
	return Stats{n.frames.Load(), n.lost.Load(), n.duplicated.Load(), n.reordered.Load(), n.corrupted.Load()}
}

// Open opens a device of the other network.
func (n *Network) Open(driver, linkstr string) (hypercall.NetworkDevice, error) {
	dev, err := n.inner.Open(driver, linkstr)
	if err != nil {
		return nil, err
	}
	return wrap(dev, &linkDevice{NetworkDevice: dev, network: n}), nil
}

// A fate is what happens to a frame.
type fate struct {
	lost, duplicated bool
	behind           int // how many frames overtake it
	flip             int // number of the wrong bit, negative for none
}

// fate decides about a frame of so many bytes.
func (n *Network) fate(l *Link, size int) fate {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frames.Add(1)
	hit := func(probability float64, counter *atomic.Uint64) bool {
		if probability == 0 || n.dice.Float64() >= probability {
			return false
		}
		counter.Add(1)
		return true
	}
	f := fate{flip: -1}
	if hit(l.Loss, &n.lost) {
		return fate{lost: true}
	}
	f.duplicated = hit(l.Duplication, &n.duplicated)
	if size > 0 && hit(l.Corruption, &n.corrupted) {
		f.flip = n.dice.IntN(8 * size)
	}
	if hit(l.Reordering, &n.reordered) {
		f.behind = 1 + n.dice.IntN(overtakers)
	}
	return f
}
