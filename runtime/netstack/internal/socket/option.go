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

// switches are the options of SOL_SOCKET that are on or off.
const switches = netbsd.SO_DEBUG | netbsd.SO_KEEPALIVE | netbsd.SO_DONTROUTE | netbsd.SO_USELOOPBACK |
	netbsd.SO_BROADCAST | netbsd.SO_REUSEADDR | netbsd.SO_REUSEPORT | netbsd.SO_OOBINLINE |
	netbsd.SO_TIMESTAMP | netbsd.SO_NOSIGPIPE

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
	switch {
	case err == nil:
		so.Proto.Changed(l, name)
	case errors.Is(err, netbsd.ENOPROTOOPT):
		return so.Proto.SetOption(l, level, name, value)
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
		return so.setTimeout(name, value)
	}
	return netbsd.ENOPROTOOPT
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
func (so *Socket) setTimeout(name int32, value []byte) error {
	var v netbsd.Timeval
	if !as(&v, value) {
		return netbsd.EINVAL
	}
	if v.Sec > int64((math.MaxInt32-v.Usec/tick)/hz) {
		return netbsd.EDOM
	}
	n := int32(v.Sec)*hz + v.Usec/tick
	if n == 0 && v.Usec != 0 {
		n = 1
	}
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if name == netbsd.SO_SNDTIMEO {
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
