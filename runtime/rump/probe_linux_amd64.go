package rump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A probe finds out what the system calls of a kernel look like, by making some. It
// is not enough to know the version: between two there are many kernels, and each may
// have been built with or without what older programs need.
type probe struct {
	c   syscalls.Caller
	mem *abi.Bytes // the memory of its process
}

// A misfit is how a kernel differs from what package netbsd describes.
type misfit struct{ what, how string }

// Error returns, for instance, "kevent(2) (call 435): Function not implemented".
func (m *misfit) Error() string { return m.what + ": " + m.how }

// Where in the memory what is.
const (
	probeBase   = 0x1000
	probeIn     = probeBase
	probeOut    = probeBase + 0x400
	probeLength = probeBase + 0xc00
	probeSize   = 0x1000
)

// untouched is what memory is filled with, to see how much of it a kernel has written.
const untouched = 0xa5

func (p *probe) at(a abi.Addr) []byte { return p.mem.Data[a-probeBase:] }

// clean fills what a call is going to write.
func (p *probe) clean() {
	out := p.at(probeOut)[:probeLength-probeOut]
	copy(out, bytes.Repeat([]byte{untouched}, len(out)))
}

// wrote checks that a call has written a struct of a size.
func (p *probe) wrote(what string, size int) error {
	out := p.at(probeOut)[:probeLength-probeOut]
	if n := len(bytes.TrimRight(out, string([]byte{untouched}))); n != size {
		return &misfit{what, fmt.Sprintf("a struct of %d bytes, not %d", n, size)}
	}
	return nil
}

// release returns the Release of a kernel with a revision, adapted to what it does.
func (p *probe) release(ctx context.Context, revision int32) (*kernel.Release, error) {
	version, err := p.version(ctx)
	if err != nil {
		return nil, err
	}
	name := "the kernel, NetBSD " + version
	for _, check := range []func(context.Context) error{p.kevent, p.fstat, p.interfaces} {
		if err := check(ctx); err != nil {
			return nil, fmt.Errorf("%s, has other system calls than this package knows: %w", name, err)
		}
	}
	r := *kernel.NetBSD10
	if revision < firstNetBSD8 {
		r = *kernel.NetBSD79934
	}
	r.BPFDirection = revision >= firstNetBSD9
	switch routing, err := p.routing(ctx); {
	case err != nil:
		return nil, fmt.Errorf("%s, has other system calls than this package knows: %w", name, err)
	case routing != nil:
		r.Routing = routing.Routing
	}
	for _, known := range []*kernel.Release{kernel.NetBSD79934, kernel.NetBSD10} {
		if r.Routing == known.Routing && revision == known.Revision {
			return known, nil
		}
	}
	r.Version, r.Revision = version, revision
	return &r, nil
}

// Revisions from which on kernels have what Release tells of.
const (
	firstNetBSD8 = 799003500 // the first after 7.99.34, where the routing messages change
	firstNetBSD9 = 900000000
)

// version returns kern.osrelease.
func (p *probe) version(ctx context.Context) (string, error) {
	b, err := p.sysctl(ctx, netbsd.CTL_KERN, netbsd.KERN_OSRELEASE)
	if err != nil {
		return "", fmt.Errorf("the kernel does not tell its version: %w", err)
	}
	return string(bytes.TrimRight(b, "\x00")), nil
}

// sysctl returns a variable, or as much of it as there is room for.
func (p *probe) sysctl(ctx context.Context, name ...int32) ([]byte, error) {
	copy(p.at(probeIn), unsafe.Slice((*byte)(unsafe.Pointer(&name[0])), 4*len(name)))
	size := uint64(probeLength - probeOut)
	copy(p.at(probeLength), abi.AsBytes(&size))
	err := syscalls.Sysctl(ctx, p.c, probeIn, uint32(len(name)), probeOut, probeLength, 0, 0)
	if err != nil && !errors.Is(err, netbsd.ENOMEM) { // there is more
		return nil, err
	}
	copy(abi.AsBytes(&size), p.at(probeLength))
	return p.at(probeOut)[:min(size, probeLength-probeOut)], nil
}

// kevent has a pipe that can be written to reported as an event.
func (p *probe) kevent(ctx context.Context) error {
	what := fmt.Sprintf("kevent(2) (call %d)", netbsd.SYS___kevent50)
	r, w, err := syscalls.Pipe(ctx, p.c)
	if err != nil {
		return &misfit{"pipe(2)", err.Error()}
	}
	defer p.close(ctx, r, w)
	kq, err := syscalls.Kqueue(ctx, p.c)
	if err != nil {
		return &misfit{"kqueue(2)", err.Error()}
	}
	defer p.close(ctx, kq)
	want := netbsd.Kevent{Ident: uint64(w), Filter: netbsd.EVFILT_WRITE, Flags: netbsd.EV_ADD, Udata: 0x1122334455667788}
	p.clean()
	copy(p.at(probeIn), abi.AsBytes(&want))
	n, err := syscalls.Kevent(ctx, p.c, kq, probeIn, 1, probeOut, 1, 0)
	if err != nil {
		return &misfit{what, err.Error()}
	}
	var got netbsd.Kevent
	copy(abi.AsBytes(&got), p.at(probeOut))
	if n != 1 || got.Ident != want.Ident || got.Filter != want.Filter || got.Udata != want.Udata {
		return &misfit{what, "struct kevent has another form"}
	}
	return p.wrote(what, netbsd.SizeofKevent)
}

func (p *probe) close(ctx context.Context, fds ...int32) {
	for _, fd := range fds {
		_ = syscalls.Close(ctx, p.c, fd) // it is open
	}
}

// fstat looks at a pipe.
func (p *probe) fstat(ctx context.Context) error {
	what := fmt.Sprintf("fstat(2) (call %d)", netbsd.SYS___fstat50)
	r, w, err := syscalls.Pipe(ctx, p.c)
	if err != nil {
		return &misfit{"pipe(2)", err.Error()}
	}
	defer p.close(ctx, r, w)
	p.clean()
	if err := syscalls.Fstat(ctx, p.c, r, probeOut); err != nil {
		return &misfit{what, err.Error()}
	}
	return p.wrote(what, netbsd.SizeofStat)
}

// interfaces asks for what the kernel knows of lo0, with requests that have the size
// of the struct in them.
func (p *probe) interfaces(ctx context.Context) error {
	fd, err := syscalls.Socket(ctx, p.c, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		return nil // it has no network
	}
	defer p.close(ctx, fd)
	for _, request := range []struct {
		name string
		com  uint
		size int
	}{
		{"SIOCGIFFLAGS", netbsd.SIOCGIFFLAGS, netbsd.SizeofIfreq},
		{"SIOCGIFDATA", netbsd.SIOCGIFDATA, netbsd.SizeofIfdatareq},
	} {
		clear(p.at(probeOut)[:request.size])
		copy(p.at(probeOut), "lo0")
		_, err := syscalls.Ioctl(ctx, p.c, fd, request.com, probeOut)
		switch {
		case errors.Is(err, netbsd.ENXIO), errors.Is(err, netbsd.EOPNOTSUPP):
			return nil // no interfaces: the sockets are the host's
		case err != nil:
			return &misfit{request.name, err.Error()}
		}
	}
	return nil
}

// routing returns a Release whose routing messages are those of the kernel, nil when it
// has none.
func (p *probe) routing(ctx context.Context) (*kernel.Release, error) {
	for _, r := range []*kernel.Release{kernel.NetBSD10, kernel.NetBSD79934} {
		b, err := p.sysctl(ctx, netbsd.CTL_NET, netbsd.PF_ROUTE, 0, 0, r.Routing.IfList, 0)
		if err != nil || len(b) < netbsd.SizeofIfMsghdr {
			continue
		}
		var h netbsd.IfMsghdr
		copy(abi.AsBytes(&h), b)
		switch {
		case h.Version != netbsd.RTM_VERSION:
			return nil, &misfit{"routing messages", fmt.Sprintf("they are of version %d, not %d", h.Version, netbsd.RTM_VERSION)}
		case h.Type != netbsd.RTM_IFINFO || int(h.Msglen) < netbsd.SizeofIfMsghdr:
			return nil, &misfit{"routing messages", fmt.Sprintf("an interface is one of type %d, with %d bytes", h.Type, h.Msglen)}
		}
		return r, nil
	}
	return nil, nil
}
