//go:build amd64

package tonetbsd_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// benchmarkPair converts a structure by the generated function, by what a
// person would write with the same checks and errors, and by a copy of the same bytes,
// which translates nothing.
func benchmarkPair[D, S any](b *testing.B, src S, generated, hand func(*D, *S) error) {
	var dst D
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := generated(&dst, &src); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := hand(&dst, &src); err != nil {
				b.Fatal(err)
			}
		}
	})
	from, to := abi.AsBytes(&src), abi.AsBytes(&dst)
	b.Run("copy", func(b *testing.B) {
		for b.Loop() {
			copy(to, from)
		}
	})
}

// benchmarkBinary reads the source's bytes and writes the result's by
// encoding/binary. It knows neither addresses nor unexported members.
func benchmarkBinary[D, S any](b *testing.B) {
	var read S
	var write D
	from, to := make([]byte, binary.Size(&read)), make([]byte, binary.Size(&write))
	b.Run("encoding-binary", func(b *testing.B) {
		for b.Loop() {
			if _, err := binary.Decode(from, binary.NativeEndian, &read); err != nil {
				b.Fatal(err)
			}
			if _, err := binary.Encode(to, binary.NativeEndian, &write); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// handFamily is how a person translates an address family.
func handFamily(v uint16) (uint8, bool) {
	switch v {
	case linux.AF_UNSPEC:
		return netbsd.AF_UNSPEC, true
	case linux.AF_UNIX:
		return netbsd.AF_LOCAL, true
	case linux.AF_INET:
		return netbsd.AF_INET, true
	case linux.AF_INET6:
		return netbsd.AF_INET6, true
	case linux.AF_PACKET:
		return netbsd.AF_LINK, true
	}
	return 0, false
}

func BenchmarkSockaddrIn6(b *testing.B) {
	benchmarkPair(b, linux.SockaddrIn6{Family: linux.AF_INET6, Port: abi.MakeBE16(80)}, tonetbsd.SockaddrIn6,
		func(dst *netbsd.SockaddrIn6, src *linux.SockaddrIn6) error {
			family, ok := handFamily(src.Family)
			if !ok {
				return abi.NoCounterpart("sockaddr_in6", "sin6_family", src.Family)
			}
			dst.Len = netbsd.SizeofSockaddrIn6
			dst.Family = family
			dst.Port = src.Port
			dst.Flowinfo = src.Flowinfo
			copy(abi.AsBytes(&dst.Addr), abi.AsBytes(&src.Addr))
			dst.ScopeID = src.ScopeID
			return nil
		})
	benchmarkBinary[netbsd.SockaddrIn6, linux.SockaddrIn6](b)
}

func BenchmarkSockaddrIn(b *testing.B) {
	benchmarkPair(b, linux.SockaddrIn{Family: linux.AF_INET, Port: abi.MakeBE16(80)}, tonetbsd.SockaddrIn,
		func(dst *netbsd.SockaddrIn, src *linux.SockaddrIn) error {
			family, ok := handFamily(src.Family)
			if !ok {
				return abi.NoCounterpart("sockaddr_in", "sin_family", src.Family)
			}
			*dst = netbsd.SockaddrIn{}
			dst.Len = netbsd.SizeofSockaddrIn
			dst.Family = family
			dst.Port = src.Port
			dst.Addr.Addr = src.Addr.Addr
			return nil
		})
	benchmarkBinary[netbsd.SockaddrIn, linux.SockaddrIn](b)
}

func BenchmarkMsghdr(b *testing.B) {
	benchmarkPair(b, linux.Msghdr{Iovlen: 3, Controllen: 24, Flags: linux.MSG_NOSIGNAL | linux.MSG_DONTWAIT}, tonetbsd.Msghdr,
		func(dst *netbsd.Msghdr, src *linux.Msghdr) error {
			if uint64(src.Iovlen) > math.MaxInt32 || uint64(src.Controllen) > math.MaxUint32 {
				return abi.OutOfRange("msghdr", "msg_iovlen", src.Iovlen)
			}
			const known = linux.MSG_OOB | linux.MSG_PEEK | linux.MSG_DONTROUTE | linux.MSG_CTRUNC | linux.MSG_TRUNC |
				linux.MSG_DONTWAIT | linux.MSG_EOR | linux.MSG_WAITALL | linux.MSG_NOSIGNAL |
				linux.MSG_WAITFORONE | linux.MSG_CMSG_CLOEXEC | linux.MSG_CONFIRM | linux.MSG_BATCH
			if src.Flags&^known != 0 {
				return abi.NoCounterpart("msghdr", "msg_flags", src.Flags)
			}
			flags := int32(0)
			if src.Flags&linux.MSG_OOB != 0 {
				flags |= netbsd.MSG_OOB
			}
			if src.Flags&linux.MSG_PEEK != 0 {
				flags |= netbsd.MSG_PEEK
			}
			if src.Flags&linux.MSG_DONTROUTE != 0 {
				flags |= netbsd.MSG_DONTROUTE
			}
			if src.Flags&linux.MSG_CTRUNC != 0 {
				flags |= netbsd.MSG_CTRUNC
			}
			if src.Flags&linux.MSG_TRUNC != 0 {
				flags |= netbsd.MSG_TRUNC
			}
			if src.Flags&linux.MSG_DONTWAIT != 0 {
				flags |= netbsd.MSG_DONTWAIT
			}
			if src.Flags&linux.MSG_EOR != 0 {
				flags |= netbsd.MSG_EOR
			}
			if src.Flags&linux.MSG_WAITALL != 0 {
				flags |= netbsd.MSG_WAITALL
			}
			if src.Flags&linux.MSG_NOSIGNAL != 0 {
				flags |= netbsd.MSG_NOSIGNAL
			}
			if src.Flags&linux.MSG_WAITFORONE != 0 {
				flags |= netbsd.MSG_WAITFORONE
			}
			if src.Flags&linux.MSG_CMSG_CLOEXEC != 0 {
				flags |= netbsd.MSG_CMSG_CLOEXEC
			}
			*dst = netbsd.Msghdr{}
			dst.Name = src.Name
			dst.Namelen = src.Namelen
			dst.Iov = src.Iov
			dst.Iovlen = int32(src.Iovlen)
			dst.Control = src.Control
			dst.Controllen = uint32(src.Controllen)
			dst.Flags = flags
			return nil
		})
}

func BenchmarkStat(b *testing.B) {
	benchmarkPair(b, netbsd.Stat{Mode: 0o100644, Size: 1234, Nlink: 1, Blksize: 4096}, tolinux.Stat,
		func(dst *linux.Stat, src *netbsd.Stat) error {
			*dst = linux.Stat{}
			dst.Dev = src.Dev
			dst.Ino = src.Ino
			dst.Nlink = uint64(src.Nlink)
			dst.Mode = src.Mode
			dst.UID = src.UID
			dst.GID = src.GID
			dst.Rdev = src.Rdev
			dst.Size = src.Size
			dst.Blksize = int64(src.Blksize)
			dst.Blocks = src.Blocks
			dst.Atim = linux.Timespec{Sec: src.Atim.Sec, Nsec: src.Atim.Nsec}
			dst.Mtim = linux.Timespec{Sec: src.Mtim.Sec, Nsec: src.Mtim.Nsec}
			dst.Ctim = linux.Timespec{Sec: src.Ctim.Sec, Nsec: src.Ctim.Nsec}
			return nil
		})
	benchmarkBinary[linux.Stat, netbsd.Stat](b)
}

func BenchmarkTimeval(b *testing.B) {
	benchmarkPair(b, linux.Timeval{Sec: 5, Usec: 6}, tonetbsd.Timeval,
		func(dst *netbsd.Timeval, src *linux.Timeval) error {
			if src.Usec < math.MinInt32 || src.Usec > math.MaxInt32 {
				return abi.OutOfRange("timeval", "tv_usec", src.Usec)
			}
			*dst = netbsd.Timeval{Sec: src.Sec, Usec: int32(src.Usec)}
			return nil
		})
	benchmarkBinary[netbsd.Timeval, linux.Timeval](b)
}

func BenchmarkIovec(b *testing.B) {
	benchmarkPair(b, linux.Iovec{Base: 0x1000, Len: 6}, tonetbsd.Iovec,
		func(dst *netbsd.Iovec, src *linux.Iovec) error {
			dst.Base = src.Base
			dst.Len = src.Len
			return nil
		})
}

func BenchmarkPollfd(b *testing.B) {
	events := func(v int16) int16 {
		to := v & (linux.POLLIN | linux.POLLPRI | linux.POLLOUT | linux.POLLERR | linux.POLLHUP | linux.POLLNVAL |
			linux.POLLRDNORM | linux.POLLRDBAND)
		if v&linux.POLLWRNORM != 0 {
			to |= netbsd.POLLWRNORM
		}
		if v&linux.POLLWRBAND != 0 {
			to |= netbsd.POLLWRBAND
		}
		return to
	}
	benchmarkPair(b, linux.Pollfd{FD: 4, Events: linux.POLLIN | linux.POLLOUT}, tonetbsd.Pollfd,
		func(dst *netbsd.Pollfd, src *linux.Pollfd) error {
			if (src.Events|src.Revents)&^(0x3ff) != 0 {
				return abi.NoCounterpart("pollfd", "events", src.Events)
			}
			dst.FD = src.FD
			dst.Events = events(src.Events)
			dst.Revents = events(src.Revents)
			return nil
		})
	benchmarkBinary[netbsd.Pollfd, linux.Pollfd](b)
}

func BenchmarkIfreq(b *testing.B) {
	src := linux.Ifreq{}
	copy(src.Ifrn.IfrnName()[:], "eth0")
	*src.Ifru.MTU() = 1500
	benchmarkPair(b, src,
		func(dst *netbsd.Ifreq, src *linux.Ifreq) error { return tonetbsd.Ifreq(dst, src, linux.SIOCSIFMTU) },
		func(dst *netbsd.Ifreq, src *linux.Ifreq) error { return handIfreq(dst, src, linux.SIOCSIFMTU) })
}

// handIfreq is what a person writes for the requests with an integer.
//
//go:noinline
func handIfreq(dst *netbsd.Ifreq, src *linux.Ifreq, request uint64) error {
	n := abi.StringLen(src.Ifrn.IfrnName()[:])
	if n > 15 {
		return abi.BadString("ifreq", "ifr_name", n)
	}
	switch request {
	case linux.SIOCGIFMTU, linux.SIOCSIFMTU:
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], src.Ifrn.IfrnName()[:n])
		*dst.Ifru.MTU() = *src.Ifru.MTU()
	case linux.SIOCGIFMETRIC, linux.SIOCSIFMETRIC:
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], src.Ifrn.IfrnName()[:n])
		*dst.Ifru.Metric() = *src.Ifru.Ivalue()
	case linux.SIOCGIFINDEX:
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], src.Ifrn.IfrnName()[:n])
		*dst.Ifru.Value() = uint32(*src.Ifru.Ivalue())
	default:
		return abi.NoCounterpart("ifreq", "request", request)
	}
	return nil
}

// Addresses as bytes, as system calls have them.
func BenchmarkSockaddrBytes(b *testing.B) {
	from := linux.SockaddrIn6{Family: linux.AF_INET6, Port: abi.MakeBE16(80)}
	dst := make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tonetbsd.Sockaddr(dst, abi.AsBytes(&from)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkControlMessages(b *testing.B) {
	src := rights(3, 4, 5)
	dst := make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tonetbsd.ControlMessages(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}

// The arguments are variables, so that nothing is looked up while compiling.
func BenchmarkLookup(b *testing.B) {
	errno, family, signal := netbsd.Errno(netbsd.EAGAIN), uint16(linux.AF_INET6), linux.Signal(linux.SIGCHLD)
	message, open := int32(linux.MSG_DONTWAIT|linux.MSG_NOSIGNAL), int32(linux.O_RDWR|linux.O_CREAT|linux.O_CLOEXEC)
	level, option := int32(linux.SOL_SOCKET), int32(linux.SO_REUSEADDR)
	for _, p := range []any{&errno, &family, &signal, &message, &open, &level, &option} {
		sinkAny = p // they escape: the compiler does not know their values
	}
	b.Run("errno", func(b *testing.B) {
		for b.Loop() {
			sinkErrno, sinkOK = tolinux.Errno(errno)
		}
	})
	b.Run("family", func(b *testing.B) {
		for b.Loop() {
			sinkFamily, sinkOK = tonetbsd.AddressFamily(family)
		}
	})
	b.Run("signal", func(b *testing.B) {
		for b.Loop() {
			sinkSignal, sinkOK = tonetbsd.Signal(signal)
		}
	})
	b.Run("message-flags", func(b *testing.B) {
		for b.Loop() {
			sinkInt, sinkOK = tonetbsd.MessageFlags(message)
		}
	})
	b.Run("open-flags", func(b *testing.B) {
		for b.Loop() {
			sinkInt, sinkOK = tonetbsd.OpenFlags(open)
		}
	})
	b.Run("socket-option", func(b *testing.B) {
		for b.Loop() {
			_, sinkInt, sinkOK = tonetbsd.SocketOption(level, option)
		}
	})
	b.Run("empty-loop", func(b *testing.B) {
		for b.Loop() {
			sinkOK = errno == 0
		}
	})
}

var (
	sinkErrno  linux.Errno
	sinkSignal netbsd.Signal
	sinkFamily uint8
	sinkInt    int32
	sinkOK     bool
	sinkAny    any
)
