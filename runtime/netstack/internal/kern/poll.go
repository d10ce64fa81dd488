package kern

import (
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// pollSpare is how many more entries than a process has descriptors poll(2)
// takes.
const pollSpare = 1000

// forever is the timeout of poll(2) that never is over (INFTIM).
const forever = -1

func sysPoll(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	ms := int64(int32(a[2]))
	if ms == forever {
		return l.poll(abi.Addr(a[0]), uint32(a[1]), nil)
	}
	ts := netbsd.Timespec{Sec: ms / 1000}
	setNsec(&ts, ms%1000*int64(time.Millisecond))
	return l.poll(abi.Addr(a[0]), uint32(a[1]), &ts)
}

func sysPollts(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	ts, err := l.TimespecIn(abi.Addr(a[2]))
	if err != nil {
		return 0, 0, err
	}
	if err := l.maskIn(abi.Addr(a[3])); err != nil {
		return 0, 0, err
	}
	return l.poll(abi.Addr(a[0]), uint32(a[1]), ts)
}

// TimespecIn reads a timeout: nil when a is 0.
func (l *Lwp) TimespecIn(a abi.Addr) (*netbsd.Timespec, error) {
	if a == 0 {
		return nil, nil
	}
	ts := new(netbsd.Timespec)
	return ts, In(l, ts, a)
}

// maskIn reads a signal mask, which has no effect: no signal that interrupts a
// call can be held back.
func (l *Lwp) maskIn(a abi.Addr) error {
	if a == 0 {
		return nil
	}
	var set netbsd.SigsetT
	return In(l, &set, a)
}

// Wait turns a timeout into a duration, which for nil is negative. EINVAL: it is
// out of range.
func Wait(ts *netbsd.Timespec) (time.Duration, error) {
	if ts == nil {
		return forever, nil
	}
	return timeout(*ts)
}

func (l *Lwp) poll(at abi.Addr, n uint32, ts *netbsd.Timespec) (uintptr, uintptr, error) {
	if uint64(n) > uint64(l.Proc.FDs().Size()+pollSpare) {
		return 0, 0, netbsd.EINVAL
	}
	var few [16]netbsd.Pollfd
	fds := few[:min(int(n), len(few))]
	if int(n) > len(few) {
		fds = make([]netbsd.Pollfd, n)
	}
	if err := l.CopyIn(SliceBytes(fds), at); err != nil {
		return 0, 0, err
	}
	d, err := Wait(ts)
	if err != nil {
		return 0, 0, err
	}
	found, err := l.await(len(fds), d, func(register bool) (int, error) { return l.pollScan(fds, register), nil })
	if err != nil {
		return 0, 0, err
	}
	return uintptr(found), 0, l.CopyOut(SliceBytes(fds), at)
}

// pollScan sets the events that are there, and counts the entries with any.
func (l *Lwp) pollScan(fds []netbsd.Pollfd, register bool) (found int) {
	for i := range fds {
		p := &fds[i]
		p.Revents = 0
		if p.FD < 0 {
			continue
		}
		events, err := l.check(p.FD, uint32(uint16(p.Events))|always, register)
		if err != nil {
			events = netbsd.POLLNVAL
		}
		if p.Revents = int16(events); events != 0 {
			found++
		}
	}
	return found
}
