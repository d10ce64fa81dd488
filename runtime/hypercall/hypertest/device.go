// Package hypertest holds what every driver has to do, as a test that drivers
// share.
package hypertest

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
)

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

// Ethernet's lengths, in bytes, without the checksum.
const (
	minFrame = 14
	maxFrame = 1514
)

// Device tests network devices as [hypercall.NetworkDevice] says. connect returns
// two new ones on a segment without others, which loses nothing as long as few
// frames are on their way.
func Device(t *testing.T, connect func(t *testing.T) (a, b hypercall.NetworkDevice)) {
	for name, test := range map[string]func(t *testing.T, a, b hypercall.NetworkDevice){
		"frames arrive": arrive, "many senders": manySenders, "impossible frames": impossible,
		"closed": closed, "closed under load": closedUnderLoad,
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			a, b := connect(t)
			test(t, a, b)
			for _, d := range []hypercall.NetworkDevice{a, b} {
				_ = d.Close() // some tests have closed them
			}
			noMore(t, before)
		})
	}
}

// noMore waits until there are as few goroutines as before.
func noMore(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// listen starts a device, and returns copies of what arrives.
func listen(d hypercall.NetworkDevice) <-chan []byte {
	frames := make(chan []byte, 10000)
	d.Start(func(f []byte) { frames <- bytes.Clone(f) })
	return frames
}

func next(t *testing.T, frames <-chan []byte) []byte {
	t.Helper()
	select {
	case f := <-frames:
		return f
	case <-time.After(patience):
		t.Fatal("no frame arrives")
		return nil
	}
}

// frame makes a broadcast with a number in it.
func frame(number uint32, size int) []byte {
	f := bytes.Repeat([]byte{byte(number)}, size)
	copy(f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x00\x88\xb5") // a type for experiments
	if size >= minFrame+4 {
		binary.BigEndian.PutUint32(f[minFrame:], number)
	}
	return f
}

func send(t *testing.T, d hypercall.NetworkDevice, frames ...[]byte) {
	t.Helper()
	if err := d.Send(frames...); err != nil {
		t.Fatal(err)
	}
}

// arrive sends frames of all lengths, some at a time, in both directions. They
// come in order, as they were when they were sent, and not to their sender.
func arrive(t *testing.T, a, b hypercall.NetworkDevice) {
	fromB, fromA := listen(a), listen(b)
	for _, way := range []struct {
		from hypercall.NetworkDevice
		to   <-chan []byte
	}{{a, fromA}, {b, fromB}} {
		for size := minFrame; size <= maxFrame; size += 50 {
			batch := [][]byte{frame(1, size), frame(2, maxFrame), frame(3, size)}
			want := [][]byte{frame(1, size), frame(2, maxFrame), frame(3, size)}
			send(t, way.from, batch...)
			for _, f := range batch {
				clear(f)
			}
			for i, w := range want {
				if got := next(t, way.to); !bytes.Equal(got, w) {
					t.Fatalf("frame %d of %d bytes came as %d bytes: %x", i+1, len(w), len(got), got)
				}
			}
		}
	}
	send(t, a)
	if len(fromA)+len(fromB) > 0 {
		t.Error("there are frames that nobody sent, or that came back")
	}
}

// manySenders sends from several goroutines. Each one's frames are in order, and
// none is made of two.
func manySenders(t *testing.T, a, b hypercall.NetworkDevice) {
	const senders, each = 4, 50
	frames := listen(b)
	var wait sync.WaitGroup
	for s := range senders {
		wait.Go(func() {
			for i := range each {
				if err := a.Send(frame(uint32(s<<16|i), 100+s)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var last [senders]int
	for range senders * each {
		f := next(t, frames)
		n := binary.BigEndian.Uint32(f[minFrame:])
		s, i := int(n>>16), int(n&0xffff)
		if s >= senders || !bytes.Equal(f, frame(n, 100+s)) || i != last[s] {
			t.Fatalf("frame %x, not number %v", f, last)
		}
		last[s]++
	}
	wait.Wait()
}

// impossible sends what no Ethernet has, which is lost, or comes as it was. Other
// frames do arrive.
func impossible(t *testing.T, a, b hypercall.NetworkDevice) {
	frames := listen(b)
	good := frame(7, 60)
	for _, size := range []int{0, 1, minFrame - 1, 1 << 16, 1 << 20} {
		send(t, a, make([]byte, size))
		send(t, a, make([]byte, size), good)
		for {
			f := next(t, frames)
			if bytes.Equal(f, good) {
				break
			}
			if !bytes.Equal(f, make([]byte, size)) {
				t.Errorf("of %d bytes came %x", size, f)
			}
		}
	}
}

// closed uses devices that are closed.
func closed(t *testing.T, a, b hypercall.NetworkDevice) {
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := a.Send(frame(1, 60)); err == nil {
		t.Error("a closed device sends")
	}
	a.Start(func([]byte) { t.Error("a closed device hears") })
	send(t, b, frame(1, 60)) // nobody is there
}

// closedUnderLoad closes a device while frames arrive: when that has returned,
// none does any more.
func closedUnderLoad(t *testing.T, a, b hypercall.NetworkDevice) {
	var over atomic.Bool
	some := make(chan struct{}, 1)
	b.Start(func([]byte) {
		if over.Load() {
			t.Error("a frame after the end")
		}
		select {
		case some <- struct{}{}:
		default:
		}
	})
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := a.Send(frame(1, 60), frame(2, 60)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	<-some
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	over.Store(true)
	time.Sleep(10 * time.Millisecond) // for what should not come
	close(stop)
	wait.Wait()
}
