package faulty

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A recorder is a network of one device, which keeps what is sent.
type recorder struct {
	mu     sync.Mutex
	frames [][]byte
	closed bool
	some   chan struct{} // something was sent
}

func newRecorder() *recorder { return &recorder{some: make(chan struct{}, 1)} }

func (r *recorder) Open(string, string) (hypercall.NetworkDevice, error) { return r, nil }
func (r *recorder) Start(func([]byte))                                   {}

func (r *recorder) Send(frames ...[]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range frames {
		r.frames = append(r.frames, bytes.Clone(f))
	}
	select {
	case r.some <- struct{}{}:
	default:
	}
	return nil
}

func (r *recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}

// numbers returns the frames' numbers.
func (r *recorder) numbers() (list []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.frames {
		list = append(list, int(binary.BigEndian.Uint32(f)))
	}
	return list
}

func numbered(i int) []byte {
	f := make([]byte, 60)
	binary.BigEndian.PutUint32(f, uint32(i))
	return f
}

// send sends n frames through a link, with a clock that stands still.
func send(t *testing.T, link Link, n int) (*recorder, *Network, *Clock, hypercall.NetworkDevice) {
	t.Helper()
	r, clock := newRecorder(), NewClock(nil)
	network := NewNetwork(r, link, 1, clock)
	dev, err := network.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := dev.Send(numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
	return r, network, clock, dev
}

func count(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestPerfectLink(t *testing.T) {
	r, network, _, dev := send(t, Link{}, 100)
	if !slices.Equal(r.numbers(), count(100)) {
		t.Errorf("got %v", r.numbers())
	}
	if s := network.Stats(); s != (Stats{Frames: 100}) {
		t.Errorf("%+v", s)
	}
	if err := dev.Close(); err != nil || !r.closed {
		t.Errorf("%v, closed: %v", err, r.closed)
	}
}

func TestLoss(t *testing.T) {
	r, network, _, _ := send(t, Link{Loss: 0.5}, 1000)
	lost := int(network.Stats().Lost)
	if len(r.frames)+lost != 1000 || lost < 400 || lost > 600 {
		t.Errorf("%d arrive, %d are lost", len(r.frames), lost)
	}
	again, _, _, _ := send(t, Link{Loss: 0.5}, 1000)
	if !slices.Equal(r.numbers(), again.numbers()) {
		t.Error("the same seed loses others")
	}
	network.SetLink(Link{Loss: 1})
	before := len(r.frames)
	dev, err := network.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Send(numbered(1)); err != nil || len(r.frames) > before {
		t.Errorf("a link without hope: %v", err)
	}
}

func TestDuplication(t *testing.T) {
	r, _, _, _ := send(t, Link{Duplication: 1}, 100)
	var want []int
	for i := range 100 {
		want = append(want, i, i)
	}
	if !slices.Equal(r.numbers(), want) {
		t.Errorf("got %v", r.numbers())
	}
}

func TestCorruption(t *testing.T) {
	r := newRecorder()
	dev, err := NewNetwork(r, Link{Corruption: 1}, 1, NewClock(nil)).Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	frame := numbered(7)
	if err := dev.Send(frame, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(frame, numbered(7)) {
		t.Error("the sender's memory has changed")
	}
	wrong := 0
	for i, b := range r.frames[0] {
		wrong += bits.OnesCount8(b ^ frame[i])
	}
	if wrong != 1 {
		t.Errorf("%d bits are wrong", wrong)
	}
}

// All frames arrive; those behind which others came are at most as far from
// their places as can be.
func TestReordering(t *testing.T) {
	const n = 1000
	r, network, clock, _ := send(t, Link{Reordering: 0.1}, n)
	clock.Advance(longest)
	for len(r.numbers()) < n {
		<-r.some
	}
	got := r.numbers()
	if slices.Equal(got, count(n)) || network.Stats().Reordered == 0 {
		t.Error("nothing was reordered")
	}
	for i, f := range got[:n-overtakers] {
		if d := i - f; d > 2*overtakers || -d > 2*overtakers {
			t.Errorf("frame %d came in place %d", f, i)
		}
	}
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, count(n)) {
		t.Error("frames are missing")
	}
}

func TestDelay(t *testing.T) {
	r, _, clock, dev := send(t, Link{Delay: time.Minute}, 10)
	clock.Advance(59 * time.Second)
	if len(r.numbers()) > 0 {
		t.Error("too early")
	}
	if err := dev.Send(numbered(10)); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	for len(r.numbers()) < 10 {
		<-r.some
	}
	for clock.Timers() == 0 { // until the timer is set for the last
		time.Sleep(time.Millisecond)
	}
	clock.Advance(time.Minute)
	for len(r.numbers()) < 11 {
		<-r.some
	}
	if !slices.Equal(r.numbers(), count(11)) {
		t.Errorf("got %v", r.numbers())
	}
	if err := dev.Send(numbered(11)); err != nil {
		t.Fatal(err)
	}
	if err := dev.Close(); err != nil || clock.Timers() > 0 {
		t.Errorf("closed: %v, %d timers", err, clock.Timers())
	}
}
