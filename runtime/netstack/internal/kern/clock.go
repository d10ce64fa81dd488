package kern

import (
	"math"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
)

// Tick is the grain of timeouts: hz is 100 (kern.clockrate).
const Tick = 10 * time.Millisecond

// timerAbstime is TIMER_ABSTIME of sys/time.h.
const timerAbstime = 1

// Clock returns the clock of the host.
func (l *Lwp) Clock() hypercall.Clock {
	if c := l.Proc.procs.Clock; c != nil {
		return c
	}
	return system.Clock()
}

// An alarm tells when a time is over. The zero value never does.
type alarm struct {
	expired <-chan struct{} // is closed then
	timer   hypercall.Timer
}

// alarm sets one to d from now.
func (l *Lwp) alarm(d time.Duration) alarm {
	expired := make(chan struct{})
	return alarm{expired, l.Clock().AfterFunc(d, func() { close(expired) })}
}

func (a alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

// readClock returns what a clock shows, EINVAL when there is none with the id.
// Those of processor time count from the start: a process has no time of its
// own here.
func (l *Lwp) readClock(id int32) (time.Duration, error) {
	switch {
	case id&netbsd.CLOCK_PROCESS_CPUTIME_ID != 0:
		if pid := id &^ (netbsd.CLOCK_PROCESS_CPUTIME_ID | netbsd.CLOCK_THREAD_CPUTIME_ID); pid != 0 && l.Proc.procs.Get(pid) == nil {
			return 0, netbsd.ESRCH
		}
		return l.Clock().Monotonic(), nil
	case id&netbsd.CLOCK_THREAD_CPUTIME_ID != 0, id == netbsd.CLOCK_MONOTONIC:
		return l.Clock().Monotonic(), nil
	case id == netbsd.CLOCK_REALTIME:
		return time.Duration(l.Clock().Now().UnixNano()), nil
	}
	return 0, netbsd.EINVAL
}

func sysClockGettime(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	now, err := l.readClock(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	ts := timespec(now)
	return 0, 0, Out(l, &ts, abi.Addr(a[1]))
}

func sysClockGetres(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if id := int32(a[0]); id != netbsd.CLOCK_REALTIME && id != netbsd.CLOCK_MONOTONIC {
		return 0, 0, netbsd.EINVAL
	}
	if a[1] == 0 {
		return 0, 0, nil
	}
	ts := timespec(1)
	return 0, 0, Out(l, &ts, abi.Addr(a[1]))
}

func sysGettimeofday(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if a[0] != 0 {
		now := l.Clock().Now()
		tv := netbsd.Timeval{Sec: now.Unix(), Usec: int32(now.Nanosecond() / 1000)}
		if err := Out(l, &tv, abi.Addr(a[0])); err != nil {
			return 0, 0, err
		}
	}
	if a[1] != 0 {
		var tz netbsd.Timezone // the kernel knows of none
		return 0, 0, Out(l, &tz, abi.Addr(a[1]))
	}
	return 0, 0, nil
}

func sysNanosleep(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.nanosleep(netbsd.CLOCK_MONOTONIC, 0, abi.Addr(a[0]), abi.Addr(a[1]))
}

// sysClockNanosleep returns its error as the result.
func sysClockNanosleep(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	err := l.nanosleep(int32(a[0]), int32(a[1]), abi.Addr(a[2]), abi.Addr(a[3]))
	return uintptr(Errno(err)), 0, nil
}

// nanosleep sleeps for, or with TIMER_ABSTIME until, the time at request, and
// leaves at remaining, unless that is 0, what is left of it.
func (l *Lwp) nanosleep(clock, flags int32, request, remaining abi.Addr) error {
	var ts netbsd.Timespec
	if err := In(l, &ts, request); err != nil {
		return err
	}
	start, err := l.readClock(clock)
	if err != nil {
		return err
	}
	if ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return netbsd.EINVAL
	}
	ts.Sec = max(ts.Sec, 0) // long ago is now
	d := duration(ts)
	if flags&timerAbstime != 0 {
		d -= start
	}
	end := l.Clock().Monotonic() + d
	if d > 0 {
		err = l.Pause(max(d, Tick))
	}
	if remaining == 0 {
		return err
	}
	left := timespec(max(end-l.Clock().Monotonic(), 0))
	if e := Out(l, &left, remaining); e != nil {
		return e
	}
	return err
}

func timespec(d time.Duration) (ts netbsd.Timespec) {
	ts.Sec = int64(d / time.Second)
	setNsec(&ts, int64(d%time.Second))
	return ts
}

// duration is timespec's inverse. What is too long becomes the longest.
func duration(ts netbsd.Timespec) time.Duration {
	const most = math.MaxInt64/int64(time.Second) - 1
	return time.Duration(min(max(ts.Sec, -most), most))*time.Second + time.Duration(ts.Nsec)
}

// timeout turns the timeout of poll(2) and its like into a duration: EINVAL for
// one that is out of range. What is shorter than a tick, and not 0, is one tick.
func timeout(ts netbsd.Timespec) (time.Duration, error) {
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, netbsd.EINVAL
	}
	if d := duration(ts); d == 0 || d >= Tick {
		return d, nil
	}
	return Tick, nil
}

// Timespec returns t as the time since 1970.
func Timespec(t time.Time) netbsd.Timespec { return timespec(time.Duration(t.UnixNano())) }
