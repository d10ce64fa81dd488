package socket

import (
	"errors"
	"math"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// hz is the clock of timeouts, ticks each second, and tick how many
// microseconds one takes.
const (
	hz   = 100
	tick = 1e6 / hz
)

func ticks(n int) time.Duration { return time.Duration(n) * tick * time.Microsecond }

// Options that the headers only have in comments, as programs made for NetBSD 5
// use them: with a struct timeval of two longs.
const (
	OTimestamp = 0x0400 // SO_OTIMESTAMP
	oSndTimeo  = 0x1005 // SO_OSNDTIMEO
	oRcvTimeo  = 0x1006 // SO_ORCVTIMEO
)

// oldTimeval is the struct timeval of those options.
type oldTimeval struct{ sec, usec int }

// switches are the options of SOL_SOCKET that are on or off.
const switches = netbsd.SO_DEBUG | netbsd.SO_KEEPALIVE | netbsd.SO_DONTROUTE | netbsd.SO_USELOOPBACK |
	netbsd.SO_BROADCAST | netbsd.SO_REUSEADDR | netbsd.SO_REUSEPORT | netbsd.SO_OOBINLINE |
	netbsd.SO_TIMESTAMP | OTimestamp | netbsd.SO_NOSIGPIPE

// isSwitch tells whether name is one of the options of mask.
func isSwitch(name, mask int32) bool { return name&mask == name && name&(name-1) == 0 && name != 0 }

// setsockopt is setsockopt(2).
func setsockopt(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	level, name, val, n := int32(a[1]), int32(a[2]), abi.Addr(a[3]), uint32(a[4])
	if n > 0 && val == 0 || n > clusterSize {
		return 0, 0, netbsd.EINVAL
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	value := make([]byte, n)
	if err := l.CopyIn(value, val); err != nil {
		return 0, 0, err
	}
	err = so.setOption(l, level, name, value)
	var status uint32
	if so.Option(netbsd.SO_NOSIGPIPE) {
		status = netbsd.O_NOSIGPIPE
	}
	f.SetFlags(netbsd.O_NOSIGPIPE, status)
	return 0, 0, err
}

// getsockopt is getsockopt(2). The value is cut to what the caller has room for.
func getsockopt(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	level, name, val, alen := int32(a[1]), int32(a[2]), abi.Addr(a[3]), abi.Addr(a[4])
	var n uint32
	if val != 0 {
		if err := kern.In(l, &n, alen); err != nil {
			return 0, 0, err
		}
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	so.Mu.Lock()
	if so.Options &^= netbsd.SO_NOSIGPIPE; f.Flags()&netbsd.O_NOSIGPIPE != 0 {
		so.Options |= netbsd.SO_NOSIGPIPE
	}
	so.Mu.Unlock()
	value, err := so.getOption(l, level, name)
	if err != nil || n == 0 {
		return 0, 0, err
	}
	n = min(n, uint32(len(value)))
	if err := l.CopyOut(value[:n], val); err != nil {
		return 0, 0, err
	}
	return 0, 0, kern.Out(l, &n, alen)
}

// setOption sets an option (sosetopt). Those that the socket does not know are
// for the protocol.
func (so *Socket) setOption(l *kern.Lwp, level, name int32, value []byte) error {
	if level != netbsd.SOL_SOCKET {
		return so.Proto.SetOption(l, level, name, value)
	}
	err := so.setSocketOption(name, value)
	if err == nil {
		so.Proto.Changed(l, name)
	} else if !errors.Is(err, netbsd.ENOPROTOOPT) {
		return err
	}
	// The protocol has a say in any case, and may know more options.
	if perr := so.Proto.SetOption(l, level, name, value); !errors.Is(perr, netbsd.ENOPROTOOPT) {
		return perr
	}
	return err
}

// setSocketOption sets an option of SOL_SOCKET.
func (so *Socket) setSocketOption(name int32, value []byte) error {
	switch {
	case isSwitch(name, switches):
		n, err := Int(value)
		if err != nil {
			return err
		}
		so.Mu.Lock()
		defer so.Mu.Unlock()
		if so.Options &^= name; n != 0 {
			so.Options |= name
		}
		return nil
	case name == netbsd.SO_LINGER:
		return so.setLinger(value)
	case name >= netbsd.SO_SNDBUF && name <= netbsd.SO_RCVLOWAT:
		return so.setSize(name, value)
	case name == netbsd.SO_SNDTIMEO || name == netbsd.SO_RCVTIMEO:
		var v netbsd.Timeval
		if !as(&v, value) {
			return netbsd.EINVAL
		}
		return so.setTimeout(name == netbsd.SO_SNDTIMEO, v.Sec, int64(v.Usec))
	case name == oSndTimeo || name == oRcvTimeo:
		var v oldTimeval
		if !as(&v, value) {
			return netbsd.EINVAL
		}
		return so.setTimeout(name == oSndTimeo, int64(v.sec), int64(v.usec))
	case name == netbsd.SO_ACCEPTFILTER:
		return so.setAcceptFilter(value)
	}
	return netbsd.ENOPROTOOPT
}

// setAcceptFilter takes the accept filter away, or sets one: ENOENT, as there are
// none in this kernel.
func (so *Socket) setAcceptFilter(value []byte) error {
	switch {
	case len(value) == netbsd.SizeofAcceptFilterArg:
		return netbsd.ENOENT
	case len(value) != 0 || !so.Option(netbsd.SO_ACCEPTCONN):
		return netbsd.EINVAL
	}
	return nil
}

func (so *Socket) setLinger(value []byte) error {
	var v netbsd.Linger
	if !as(&v, value) {
		return netbsd.EINVAL
	}
	if v.Linger < 0 || v.Linger > math.MaxUint16 {
		return netbsd.EDOM
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	so.Linger = v.Linger
	if so.Options &^= netbsd.SO_LINGER; v.Onoff != 0 {
		so.Options |= netbsd.SO_LINGER
	}
	return nil
}

// setSize sets a size of a buffer, or a mark in it.
func (so *Socket) setSize(name int32, value []byte) error {
	n, err := Int(value)
	if err != nil {
		return err
	}
	if n < 1 {
		return netbsd.EINVAL
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	ok := true
	switch name {
	case netbsd.SO_SNDBUF:
		ok = so.Snd.setHiwat(int(n), so.layer.SbMax.Load())
	case netbsd.SO_RCVBUF:
		ok = so.Rcv.setHiwat(int(n), so.layer.SbMax.Load())
	case netbsd.SO_SNDLOWAT:
		so.Snd.Lowat = min(int(n), so.Snd.Hiwat)
	case netbsd.SO_RCVLOWAT:
		so.Rcv.Lowat = min(int(n), so.Rcv.Hiwat)
	}
	if !ok {
		return netbsd.ENOBUFS
	}
	return nil
}

// setTimeout sets how long a call may block. The clock has a grain of 10 ms, and
// what it cannot count is EDOM.
func (so *Socket) setTimeout(send bool, sec, usec int64) error {
	if sec > (math.MaxInt32-usec/tick)/hz {
		return netbsd.EDOM
	}
	n := int32(sec*hz + usec/tick)
	if n == 0 && usec != 0 {
		n = 1
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if send {
		so.Snd.Timeout = ticks(int(n))
	} else {
		so.Rcv.Timeout = ticks(int(n))
	}
	return nil
}

// getOption gets an option (sogetopt).
func (so *Socket) getOption(l *kern.Lwp, level, name int32) ([]byte, error) {
	if level != netbsd.SOL_SOCKET {
		return so.Proto.Option(l, level, name)
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	switch name {
	case netbsd.SO_LINGER:
		v := netbsd.Linger{Linger: so.Linger}
		if so.Options&netbsd.SO_LINGER != 0 {
			v.Onoff = 1
		}
		return abi.AsBytes(&v), nil
	case netbsd.SO_SNDTIMEO:
		return timeout(so.Snd.Timeout), nil
	case netbsd.SO_RCVTIMEO:
		return timeout(so.Rcv.Timeout), nil
	case oSndTimeo:
		return oldTimeout(so.Snd.Timeout), nil
	case oRcvTimeo:
		return oldTimeout(so.Rcv.Timeout), nil
	case netbsd.SO_ACCEPTFILTER:
		return nil, netbsd.EINVAL // there is none
	}
	n, ok := so.intOption(name)
	if !ok {
		return nil, netbsd.ENOPROTOOPT
	}
	return IntValue(n), nil
}

// intOption returns an option of SOL_SOCKET that is an int. so.Mu is held.
func (so *Socket) intOption(name int32) (int32, bool) {
	switch {
	case isSwitch(name, switches|netbsd.SO_ACCEPTCONN):
		if so.Options&name != 0 {
			return 1, true
		}
		return 0, true
	case name == netbsd.SO_TYPE:
		return so.Type, true
	case name == netbsd.SO_ERROR:
		return int32(so.takeError()), true
	case name == netbsd.SO_SNDBUF:
		return int32(so.Snd.Hiwat), true
	case name == netbsd.SO_RCVBUF:
		return int32(so.Rcv.Hiwat), true
	case name == netbsd.SO_SNDLOWAT:
		return int32(so.Snd.Lowat), true
	case name == netbsd.SO_RCVLOWAT:
		return int32(so.Rcv.Lowat), true
	case name == netbsd.SO_OVERFLOWED:
		return so.Rcv.Overflowed, true
	}
	return 0, false
}

func timeout(d time.Duration) []byte {
	n := int64(d / ticks(1))
	v := netbsd.Timeval{Sec: n / hz, Usec: int32(n % hz * tick)}
	return abi.AsBytes(&v)
}

func oldTimeout(d time.Duration) []byte {
	n := int(d / ticks(1))
	v := oldTimeval{n / hz, n % hz * tick}
	return abi.AsBytes(&v)
}

// Int returns the value of an option that is an int: EINVAL when it has another
// size.
func Int(value []byte) (int32, error) {
	var n int32
	if !as(&n, value) {
		return 0, netbsd.EINVAL
	}
	return n, nil
}

// IntValue returns n as the value of an option.
func IntValue(n int32) []byte { return abi.AsBytes(&n) }

func as[T any](v *T, value []byte) bool {
	return copy(abi.AsBytes(v), value) == len(value) && len(value) == len(abi.AsBytes(v))
}
