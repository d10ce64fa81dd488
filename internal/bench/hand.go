//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// What a person writes, with the checks and errors of the generated code, for
// the values that matter to them: five families, the requests with integers.

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

func handSockaddrIn(dst *netbsd.SockaddrIn, src *linux.SockaddrIn) error {
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
}

func handSockaddrIn6(dst *netbsd.SockaddrIn6, src *linux.SockaddrIn6) error {
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
}

func handSockaddrUn(dst *netbsd.SockaddrUn, src *linux.SockaddrUn) error {
	family, ok := handFamily(src.Family)
	if !ok {
		return abi.NoCounterpart("sockaddr_un", "sun_family", src.Family)
	}
	n := bytes.IndexByte(src.Path[:], 0)
	if n < 0 {
		n = len(src.Path)
	}
	if n > len(dst.Path) {
		return abi.OutOfRange("sockaddr_un", "sun_path", n)
	}
	if n == 0 && src.Path != [len(src.Path)]byte{} {
		return abi.NoCounterpart("sockaddr_un", "sun_path", 0)
	}
	*dst = netbsd.SockaddrUn{}
	dst.Len = netbsd.SizeofSockaddrUn
	dst.Family = family
	copy(dst.Path[:], src.Path[:n])
	return nil
}

func handSockaddr(dst, src []byte) (int, error) {
	if len(src) < 2 {
		return 0, abi.Truncated("sockaddr", "", len(src))
	}
	switch family := binary.NativeEndian.Uint16(src); family {
	case linux.AF_INET:
		var from linux.SockaddrIn
		var to netbsd.SockaddrIn
		if len(src) < linux.SizeofSockaddrIn || len(dst) < netbsd.SizeofSockaddrIn {
			return 0, abi.Truncated("sockaddr_in", "", len(src))
		}
		copy(abi.AsBytes(&from), src)
		if err := handSockaddrIn(&to, &from); err != nil {
			return 0, err
		}
		return copy(dst, abi.AsBytes(&to)), nil
	case linux.AF_INET6:
		var from linux.SockaddrIn6
		var to netbsd.SockaddrIn6
		if len(src) < linux.SizeofSockaddrIn6 || len(dst) < netbsd.SizeofSockaddrIn6 {
			return 0, abi.Truncated("sockaddr_in6", "", len(src))
		}
		copy(abi.AsBytes(&from), src)
		if err := handSockaddrIn6(&to, &from); err != nil {
			return 0, err
		}
		return copy(dst, abi.AsBytes(&to)), nil
	default:
		return 0, abi.NoCounterpart("sockaddr", "sa_family", family)
	}
}

func handMessageFlags(v int32) (int32, bool) {
	to := int32(0)
	if v&linux.MSG_OOB != 0 {
		to |= netbsd.MSG_OOB
	}
	if v&linux.MSG_PEEK != 0 {
		to |= netbsd.MSG_PEEK
	}
	if v&linux.MSG_DONTROUTE != 0 {
		to |= netbsd.MSG_DONTROUTE
	}
	if v&linux.MSG_CTRUNC != 0 {
		to |= netbsd.MSG_CTRUNC
	}
	if v&linux.MSG_TRUNC != 0 {
		to |= netbsd.MSG_TRUNC
	}
	if v&linux.MSG_DONTWAIT != 0 {
		to |= netbsd.MSG_DONTWAIT
	}
	if v&linux.MSG_EOR != 0 {
		to |= netbsd.MSG_EOR
	}
	if v&linux.MSG_WAITALL != 0 {
		to |= netbsd.MSG_WAITALL
	}
	if v&linux.MSG_NOSIGNAL != 0 {
		to |= netbsd.MSG_NOSIGNAL
	}
	if v&linux.MSG_WAITFORONE != 0 {
		to |= netbsd.MSG_WAITFORONE
	}
	if v&linux.MSG_CMSG_CLOEXEC != 0 {
		to |= netbsd.MSG_CMSG_CLOEXEC
	}
	return to, v&^messageKnown == 0
}

const messageKnown = linux.MSG_OOB | linux.MSG_PEEK | linux.MSG_DONTROUTE | linux.MSG_CTRUNC | linux.MSG_TRUNC |
	linux.MSG_DONTWAIT | linux.MSG_EOR | linux.MSG_WAITALL | linux.MSG_NOSIGNAL | linux.MSG_WAITFORONE |
	linux.MSG_CMSG_CLOEXEC | linux.MSG_CONFIRM | linux.MSG_BATCH

func handOpenFlags(v int32) (int32, bool) {
	to := v & 3
	if to > 2 {
		return 0, false
	}
	switch {
	case v&linux.O_SYNC == linux.O_SYNC:
		to |= netbsd.O_SYNC
	case v&linux.O_DSYNC != 0:
		to |= netbsd.O_DSYNC
	}
	for _, f := range [...]struct{ from, to int32 }{
		{linux.O_CREAT, netbsd.O_CREAT}, {linux.O_EXCL, netbsd.O_EXCL}, {linux.O_NOCTTY, netbsd.O_NOCTTY},
		{linux.O_TRUNC, netbsd.O_TRUNC}, {linux.O_APPEND, netbsd.O_APPEND}, {linux.O_NONBLOCK, netbsd.O_NONBLOCK},
		{linux.O_ASYNC, netbsd.O_ASYNC}, {linux.O_DIRECT, netbsd.O_DIRECT}, {linux.O_DIRECTORY, netbsd.O_DIRECTORY},
		{linux.O_NOFOLLOW, netbsd.O_NOFOLLOW}, {linux.O_CLOEXEC, netbsd.O_CLOEXEC},
	} {
		if v&f.from != 0 {
			to |= f.to
		}
	}
	return to, v&^openKnown == 0
}

const openKnown = 3 | linux.O_SYNC | linux.O_CREAT | linux.O_EXCL | linux.O_NOCTTY | linux.O_TRUNC | linux.O_APPEND |
	linux.O_NONBLOCK | linux.O_ASYNC | linux.O_DIRECT | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC

func handMsghdr(dst *netbsd.Msghdr, src *linux.Msghdr) error {
	if src.Iovlen > math.MaxInt32 {
		return abi.OutOfRange("msghdr", "msg_iovlen", src.Iovlen)
	}
	if src.Controllen > math.MaxUint32 {
		return abi.OutOfRange("msghdr", "msg_controllen", src.Controllen)
	}
	flags, ok := handMessageFlags(src.Flags)
	if !ok {
		return abi.NoCounterpart("msghdr", "msg_flags", src.Flags)
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
}

// handControl knows messages with descriptors alone.
func handControl(dst, src []byte) (int, error) {
	const header = 16
	n := 0
	for len(src) > 0 {
		if len(src) < header {
			return 0, abi.Truncated("cmsghdr", "", len(src))
		}
		length := binary.NativeEndian.Uint64(src)
		if length < header || length > uint64(len(src)) {
			return 0, abi.BadLength("cmsghdr", "cmsg_len", length)
		}
		level, typ := binary.NativeEndian.Uint32(src[8:]), binary.NativeEndian.Uint32(src[12:])
		if level != linux.SOL_SOCKET || typ != linux.SCM_RIGHTS || length%4 != 0 {
			return 0, abi.NoCounterpart("cmsghdr", "cmsg_type", typ)
		}
		if uint64(len(dst)-n) < length {
			return 0, abi.NoSpace("cmsghdr", "", length)
		}
		to := dst[n:]
		binary.NativeEndian.PutUint32(to, uint32(length))
		binary.NativeEndian.PutUint32(to[4:], netbsd.SOL_SOCKET)
		binary.NativeEndian.PutUint32(to[8:], netbsd.SCM_RIGHTS)
		binary.NativeEndian.PutUint32(to[12:], 0)
		copy(to[header:], src[header:length])
		end := min((int(length)+7)&^7, len(to))
		clear(to[length:end])
		n += end
		src = src[min((int(length)+7)&^7, len(src)):]
	}
	return n, nil
}

func handStat(dst *linux.Stat, src *netbsd.Stat) error {
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
}

func handTimeval(dst *netbsd.Timeval, src *linux.Timeval) error {
	if src.Usec < math.MinInt32 || src.Usec > math.MaxInt32 {
		return abi.OutOfRange("timeval", "tv_usec", src.Usec)
	}
	*dst = netbsd.Timeval{Sec: src.Sec, Usec: int32(src.Usec)}
	return nil
}

func handPollEvents(v int16) (int16, bool) {
	to := v & (linux.POLLIN | linux.POLLPRI | linux.POLLOUT | linux.POLLERR | linux.POLLHUP | linux.POLLNVAL |
		linux.POLLRDNORM | linux.POLLRDBAND)
	if v&linux.POLLWRNORM != 0 {
		to |= netbsd.POLLWRNORM
	}
	if v&linux.POLLWRBAND != 0 {
		to |= netbsd.POLLWRBAND
	}
	return to, v&^0x3ff == 0
}

func handPollfd(dst *netbsd.Pollfd, src *linux.Pollfd) error {
	events, ok := handPollEvents(src.Events)
	if !ok {
		return abi.NoCounterpart("pollfd", "events", src.Events)
	}
	revents, ok := handPollEvents(src.Revents)
	if !ok {
		return abi.NoCounterpart("pollfd", "revents", src.Revents)
	}
	dst.FD = src.FD
	dst.Events = events
	dst.Revents = revents
	return nil
}

func handIovec(dst *netbsd.Iovec, src *linux.Iovec) error {
	dst.Base = src.Base
	dst.Len = src.Len
	return nil
}

func handLinger(dst *netbsd.Linger, src *linux.Linger) error {
	if src.Linger < 0 || src.Linger > math.MaxUint16 {
		return abi.OutOfRange("linger", "l_linger", src.Linger)
	}
	dst.Onoff = src.Onoff
	dst.Linger = src.Linger
	return nil
}

func handIfreq(dst *netbsd.Ifreq, src *linux.Ifreq, request uint64) error {
	name := src.Ifrn.IfrnName()[:]
	n := bytes.IndexByte(name, 0)
	if n < 0 {
		return abi.BadString("ifreq", "ifr_name", len(name))
	}
	switch request {
	case linux.SIOCGIFMTU, linux.SIOCSIFMTU:
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], name[:n])
		*dst.Ifru.MTU() = *src.Ifru.MTU()
	case linux.SIOCGIFMETRIC, linux.SIOCSIFMETRIC:
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], name[:n])
		*dst.Ifru.Metric() = *src.Ifru.Ivalue()
	case linux.SIOCGIFINDEX:
		if *src.Ifru.Ivalue() < 0 {
			return abi.OutOfRange("ifreq", "ifr_ifindex", *src.Ifru.Ivalue())
		}
		*dst = netbsd.Ifreq{}
		copy(dst.Name[:], name[:n])
		*dst.Ifru.Value() = uint32(*src.Ifru.Ivalue())
	default:
		return abi.NoCounterpart("ifreq", "request", request)
	}
	return nil
}
