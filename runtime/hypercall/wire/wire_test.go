package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// receive starts a device that passes on copies of what it receives.
func receive(w *wire.Wire) (frames chan []byte, stop func() error) {
	d := w.Attach()
	frames = make(chan []byte, 100)
	d.Start(func(f []byte) { frames <- bytes.Clone(f) })
	return frames, d.Close
}

func TestFramesArriveInOrder(t *testing.T) {
	w := wire.New()
	a, stopA := receive(w)
	b, stopB := receive(w)
	var seen int
	w.Tap(func(f []byte) { seen += len(f) })
	d := w.Attach()
	own := 0
	d.Start(func([]byte) { own++ })
	frame := []byte("first")
	if err := d.Send(frame, []byte("second")); err != nil {
		t.Fatal(err)
	}
	frame[0] = 'X' // what was sent is not kept
	for _, c := range []chan []byte{a, b} {
		for _, want := range []string{"first", "second"} {
			if got := string(<-c); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
	if err := errors.Join(d.Close(), stopA(), stopB()); err != nil {
		t.Error(err)
	}
	if own != 0 {
		t.Error("a device hears itself")
	}
	if seen != len("firstsecond") {
		t.Errorf("the tap saw %d bytes", seen)
	}
	if err := d.Send([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
}

// TestCloseWhileBusy closes devices while others send to them.
func TestCloseWhileBusy(t *testing.T) {
	w := wire.New()
	sender := w.Attach()
	done := make(chan error)
	stop := make(chan struct{})
	go func() {
		frame := make([]byte, 1514)
		for {
			select {
			case <-stop:
				done <- sender.Close()
				return
			default:
			}
			if err := sender.Send(frame, frame, frame); err != nil {
				done <- fmt.Errorf("send: %w", err)
				return
			}
		}
	}()
	for range 100 {
		d := w.Attach()
		closed := false
		d.Start(func([]byte) {
			if closed {
				t.Error("a frame after Close")
			}
		})
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		closed = true
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
