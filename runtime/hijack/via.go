//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// dnsPort is where servers of names are.
const dnsPort = 53

// inet returns what an address of NetBSD's says.
func inet(name []byte) netip.AddrPort {
	switch {
	case len(name) >= netbsd.SizeofSockaddrIn && name[1] == netbsd.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), binary.BigEndian.Uint16(name[2:]))
	case len(name) >= netbsd.SizeofSockaddrIn6 && name[1] == netbsd.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(name[8:24])).Unmap(), binary.BigEndian.Uint16(name[2:]))
	}
	return netip.AddrPort{}
}

// moveFor moves a socket to the kernel by which a destination is reached.
func (so *socket) moveFor(name []byte) error {
	s := so.sup
	if s.host == nil {
		return nil
	}
	to := inet(name)
	if s.cfg.Via.DNS && to.Port() == dnsPort || s.cfg.Via.Loopback && to.Addr().IsLoopback() {
		return so.move(s.host)
	}
	return so.move(s.guest)
}

// moveLocal moves a socket to the kernel that has a local address.
func (so *socket) moveLocal(name []byte) error {
	s := so.sup
	if s.host == nil || !s.cfg.Via.Loopback || !inet(name).Addr().IsLoopback() {
		return nil
	}
	return so.move(s.host)
}

func (so *socket) move(to *guest.Process) error {
	if so.at.Load().process == to {
		return nil
	}
	return so.renew(to)
}

// renew puts a new socket of a process in the place of the one so has, with the same
// options, and the same name if that is the same process's.
func (so *socket) renew(to *guest.Process) error {
	at, err := so.open(so.ctx, to)
	if err != nil {
		return err
	}
	old := so.at.Load()
	so.mu.Lock()
	kept := so.kept.set
	so.mu.Unlock()
	var name []byte
	err = to.Use(func(t *guest.Thread) error {
		for _, o := range kept {
			_ = t.SetOption(so.ctx, at.nb, o.level, o.name, o.value)
		}
		if old.process == to {
			n, err := t.Name(so.ctx, old.nb, false)
			if err == nil && inet(n).Port() != 0 {
				name = bytes.Clone(n)
			}
		}
		return nil
	})
	so.at.Store(at)
	err = errors.Join(err, old.close())
	if name != nil {
		err = errors.Join(err, to.Use(func(t *guest.Thread) error { return t.Bind(so.ctx, at.nb, name) }))
	}
	return err
}
