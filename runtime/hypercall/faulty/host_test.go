package faulty

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// ones is a host's randomness, console and parameters: all of it ones.
type ones struct{ written bytes.Buffer }

func (o *ones) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1
	}
	return len(p), nil
}

func (o *ones) Write(p []byte) (int, error) { return o.written.Write(p) }

func (o *ones) Param(string) (string, error) { return "1", nil }

func TestPlans(t *testing.T) {
	read, write := Op{"files", "read", "a"}, Op{"files", "write", "b"}
	short, broken := Fault{Max: 1}, Fault{Err: netbsd.EIO}
	plan := Any(Nth(2, Op{Name: "read"}, short), Nth(0, Op{Arg: "b"}, broken))
	for i, step := range []struct {
		op   Op
		want Fault
	}{
		{read, Fault{}}, {write, broken}, {read, short}, {read, Fault{}}, {write, broken},
	} {
		if got := plan(step.op); got != step.want {
			t.Errorf("step %d: %+v", i, got)
		}
	}
	if f := Sometimes(1, 1)(read); f != (Fault{}) {
		t.Errorf("no faults: %+v", f)
	}
	faults := map[Fault]int{}
	for plan, i := Sometimes(1, 0.5, short, broken), 0; i < 1000; i++ {
		faults[plan(read)]++
	}
	if n := faults[Fault{}]; n < 400 || n > 600 || faults[short] < 150 || faults[broken] < 150 {
		t.Errorf("%v", faults)
	}
}

func TestHost(t *testing.T) {
	o, r := new(ones), newRecorder()
	under := &hypercall.Host{Random: o, Params: o, Console: o, Network: r, Clock: NewClock(nil)}
	h := New(under, Nth(0, Op{Arg: "broken"}, Fault{Err: netbsd.EPERM}))
	buf := make([]byte, 4)
	if n, err := io.ReadFull(h.Random, buf); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if v, err := h.Params.Param("whole"); v != "1" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := h.Params.Param("broken"); !errors.Is(err, netbsd.EPERM) || err.Error() != "params: param: "+netbsd.EPERM.Error() {
		t.Errorf("%v", err)
	}
	_, err := h.Network.Open("virt", "broken")
	if e, ok := errors.AsType[*hypercall.OpError](err); !ok || *e != (hypercall.OpError{Op: "open", Driver: "virt", Err: netbsd.EPERM}) {
		t.Errorf("%v", err)
	}

	h = New(under, Any(Nth(0, Op{Driver: "random"}, Fault{Max: 3}), Nth(1, Op{Driver: "console"}, Fault{Err: netbsd.EIO}),
		Nth(0, Op{Name: "send"}, Fault{Max: 1})))
	if n, err := h.Random.Read(buf); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for range 2 {
		_, err = h.Console.Write([]byte("once"))
	}
	if err != nil || o.written.String() != "once" {
		t.Errorf("%v, %q", err, &o.written)
	}
	dev, err := h.Network.Open("virt", "whole")
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Send(numbered(0), numbered(1)); err != nil || len(r.frames) != 1 {
		t.Errorf("%d frames, %v", len(r.frames), err)
	}
}

// What is delayed happens when the host's clock says so.
func TestDelayed(t *testing.T) {
	clock := NewClock(nil)
	h := New(&hypercall.Host{Params: new(ones), Clock: clock}, Nth(0, Op{}, Fault{Delay: time.Hour, Err: netbsd.EIO}))
	done := make(chan error)
	go func() {
		_, err := h.Params.Param("x")
		done <- err
	}()
	for clock.Timers() == 0 {
		time.Sleep(time.Millisecond)
	}
	clock.Advance(time.Hour)
	if err := <-done; !errors.Is(err, netbsd.EIO) {
		t.Errorf("%v", err)
	}
}

type tunable struct{ *recorder }

func (tunable) MTU() int                     { return 9000 }
func (tunable) SetMTU(int) error             { return netbsd.EINVAL }
func (tunable) LinkState(func(up bool)) bool { return true }

func (t tunable) Open(string, string) (hypercall.NetworkDevice, error) { return t, nil }

// A device keeps the methods that it has.
func TestOptionalMethods(t *testing.T) {
	for _, n := range []hypercall.Network{
		New(&hypercall.Host{Network: tunable{newRecorder()}}, Any()).Network,
		NewNetwork(tunable{newRecorder()}, Link{}, 0, nil),
	} {
		dev, err := n.Open("virt", "")
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := dev.(hypercall.MTUDevice); !ok || m.MTU() != 9000 {
			t.Error("no MTU")
		}
		if s, ok := dev.(hypercall.LinkStateDevice); !ok || !s.LinkState(func(bool) {}) {
			t.Error("no link state")
		}
	}
	dev, err := NewNetwork(newRecorder(), Link{}, 0, nil).Open("virt", "")
	if _, ok := dev.(hypercall.MTUDevice); ok || err != nil {
		t.Errorf("MTU of a device that has none, %v", err)
	}
}
