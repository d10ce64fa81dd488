package kern

import (
	"math/bits"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// selectEvents are the events for which a descriptor of each of the three sets
// is reported.
var selectEvents = [3]uint32{
	netbsd.POLLRDNORM | always,
	netbsd.POLLWRNORM | always,
	netbsd.POLLRDBAND,
}

// wordBits is how many descriptors a word of a set has (NFDBITS).
const wordBits = 32

func sysSelect(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if a[4] == 0 {
		return l.selectFiles(&a, nil)
	}
	var tv netbsd.Timeval
	if err := In(l, &tv, abi.Addr(a[4])); err != nil {
		return 0, 0, err
	}
	return l.selectFiles(&a, timevalTimeout(tv))
}

// timevalTimeout multiplies in 32 bits, which suseconds_t has.
func timevalTimeout(tv netbsd.Timeval) *netbsd.Timespec {
	ts := &netbsd.Timespec{Sec: tv.Sec}
	setNsec(ts, int64(tv.Usec*1000))
	return ts
}

func sysPselect(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	ts, err := l.TimespecIn(abi.Addr(a[4]))
	if err != nil {
		return 0, 0, err
	}
	if err := l.maskIn(abi.Addr(a[5])); err != nil {
		return 0, 0, err
	}
	return l.selectFiles(&a, ts)
}

// A selection is the sets of a call: for reading, for writing, for urgent data.
type selection struct {
	nd      int
	in, out [3][]uint32
}

// selectFiles does select(2) with the first four arguments. A set is as many
// words as nd needs, and nd is cut to the size of the table.
func (l *Lwp) selectFiles(a *syscalls.Args, ts *netbsd.Timespec) (uintptr, uintptr, error) {
	nd := int(int32(a[0]))
	if nd < 0 {
		return 0, 0, netbsd.EINVAL
	}
	s := selection{nd: min(nd, l.Proc.FDs().Size())}
	words := (s.nd + wordBits - 1) / wordBits
	memory := make([]uint32, 6*words)
	n := 0
	for i := range s.in {
		s.in[i], s.out[i] = memory[2*i*words:][:words], memory[(2*i+1)*words:][:words]
		if at := abi.Addr(a[1+i]); at != 0 {
			if err := l.CopyIn(SliceBytes(s.in[i]), at); err != nil {
				return 0, 0, err
			}
		}
		for _, w := range s.in[i] {
			n += bits.OnesCount32(w)
		}
	}
	d, err := Wait(ts)
	if err != nil {
		return 0, 0, err
	}
	found, err := l.await(n, d, func(register bool) (int, error) { return l.selectScan(&s, register) })
	if err != nil {
		return 0, 0, err
	}
	for i := range s.out {
		if at := abi.Addr(a[1+i]); at != 0 {
			if err := l.CopyOut(SliceBytes(s.out[i]), at); err != nil {
				return 0, 0, err
			}
		}
	}
	return uintptr(found), 0, nil
}

// selectScan sets the bits of the descriptors that are ready, and counts them.
// EBADF: one is not open.
func (l *Lwp) selectScan(s *selection, register bool) (found int, err error) {
	for i := range s.in {
		for w, left := range s.in[i] {
			s.out[i][w] = 0
			for ; left != 0; left &= left - 1 {
				bit := bits.TrailingZeros32(left)
				fd := w*wordBits + bit
				if fd >= s.nd {
					break
				}
				events, err := l.check(int32(fd), selectEvents[i], register)
				if err != nil {
					return 0, err
				}
				if events != 0 {
					s.out[i][w] |= 1 << bit
					found++
				}
			}
		}
	}
	return found, nil
}
