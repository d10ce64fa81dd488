package faulty

import (
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
)

func TestStandingClock(t *testing.T) {
	c := NewClock(nil)
	now, up := c.Now(), c.Monotonic()
	fired := make(chan string, 10)
	call := func(s string) func() { return func() { fired <- s } }
	early, late := c.AfterFunc(time.Second, call("early")), c.AfterFunc(time.Hour, call("late"))
	c.AfterFunc(time.Second, call("stopped")).Stop()
	c.Advance(time.Minute)
	if got := <-fired; got != "early" {
		t.Errorf("%s fired", got)
	}
	c.Jump(-24 * time.Hour)
	if d := c.Now().Sub(now); d != time.Minute-24*time.Hour {
		t.Errorf("the wall clock has advanced by %v", d)
	}
	if d := c.Monotonic() - up; d != time.Minute {
		t.Errorf("the monotonic clock has advanced by %v", d)
	}
	if early.Stop() {
		t.Error("a call that was made can be prevented")
	}
	if early.Reset(time.Second) || !late.Reset(2*time.Hour) || c.Timers() != 2 {
		t.Error("wrong timers are to come")
	}
	c.Advance(time.Hour)
	if got := <-fired; got != "early" || c.Timers() != 1 || len(fired) > 0 {
		t.Errorf("%s fired, %d timers are left", got, c.Timers())
	}
	c.AfterFunc(-1, call("at once"))
	if got := <-fired; got != "at once" {
		t.Errorf("%s fired", got)
	}
}

// A clock that runs fires by itself, and earlier when it jumps.
func TestRunningClock(t *testing.T) {
	base := NewClock(nil)
	c := NewClock(base)
	fired := make(chan struct{}, 10)
	c.AfterFunc(time.Minute, func() { fired <- struct{}{} })
	c.Advance(59 * time.Second)
	base.Advance(time.Second)
	<-fired
	if c.Timers()+base.Timers() != 0 {
		t.Error("timers are left")
	}
	timer := c.AfterFunc(time.Minute, func() { fired <- struct{}{} })
	base.Advance(time.Second)
	c.Advance(59 * time.Second)
	<-fired
	if timer.Reset(time.Hour); base.Timers() != 1 {
		t.Errorf("%d timers below", base.Timers())
	}
	if !timer.Stop() || base.Timers() != 0 {
		t.Error("it was not stopped")
	}
	real := NewClock(system.Clock())
	real.AfterFunc(time.Nanosecond, func() { fired <- struct{}{} })
	<-fired
	var _ hypercall.Clock = real
}
