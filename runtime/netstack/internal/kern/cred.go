package kern

import (
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// Cred are the user ids of a process. They are replaced, never changed.
type Cred struct {
	UID, EUID, SVUID uint32
	GID, EGID, SVGID uint32
	Groups           []uint32
}

// Cred returns the user ids of p.
func (p *Proc) Cred() *Cred { return p.cred.Load() }

// SetCred replaces the user ids of p.
func (p *Proc) SetCred(c *Cred) { p.cred.Store(c) }

// ids are the real, effective and saved ids of users or of groups.
type ids struct{ real, effective, saved uint32 }

func (c *Cred) users() ids  { return ids{c.UID, c.EUID, c.SVUID} }
func (c *Cred) groups() ids { return ids{c.GID, c.EGID, c.SVGID} }

// same stands for an id that is not to change.
const same = ^uint32(0)

// replace returns the ids after a change to want, whose ids may be same. Who is
// not the superuser may set the real id to what from holds in realFrom, the
// effective one to those of effectiveFrom, and the saved one to savedFrom.
func (old ids) replace(want ids, super bool, realFrom, effectiveFrom, savedFrom []uint32) (ids, error) {
	allowed := func(id uint32, from []uint32) bool { return id == same || slices.Contains(from, id) }
	if !super && !(allowed(want.real, realFrom) && allowed(want.effective, effectiveFrom) && allowed(want.saved, savedFrom)) {
		return old, netbsd.EPERM
	}
	keep := func(id *uint32, was uint32) {
		if *id == same {
			*id = was
		}
	}
	keep(&want.real, old.real)
	keep(&want.effective, old.effective)
	keep(&want.saved, old.saved)
	return want, nil
}

// set is setuid(2) and setgid(2): all three ids, to the real one unless by the
// superuser.
func (old ids) set(id uint32, super bool) (ids, error) {
	from := []uint32{old.real}
	return old.replace(ids{id, id, id}, super, from, from, from)
}

// setEffective is seteuid(2) and setegid(2).
func (old ids) setEffective(id uint32, super bool) (ids, error) {
	return old.replace(ids{same, id, same}, super, nil, []uint32{old.real, old.saved}, nil)
}

// setBoth is setreuid(2) and setregid(2). When the real id changes, the saved
// one becomes the effective one.
func (old ids) setBoth(realID, effective uint32, super bool) (ids, error) {
	if realID == same {
		realID = old.real
	}
	if effective == same {
		effective = old.effective
	}
	saved := same
	if realID != old.real {
		saved = effective
	}
	all := []uint32{old.real, old.effective, old.saved}
	return old.replace(ids{realID, effective, saved}, super, all[:2], all, all)
}

// changeUsers replaces the user ids by what f makes of them.
func (l *Lwp) changeUsers(f func(old ids, super bool) (ids, error)) error {
	return l.Proc.changeCred(func(c *Cred) error {
		u, err := f(c.users(), c.EUID == 0)
		c.UID, c.EUID, c.SVUID = u.real, u.effective, u.saved
		return err
	})
}

// changeGroups replaces the group ids by what f makes of them.
func (l *Lwp) changeGroups(f func(old ids, super bool) (ids, error)) error {
	return l.Proc.changeCred(func(c *Cred) error {
		g, err := f(c.groups(), c.EUID == 0)
		c.GID, c.EGID, c.SVGID = g.real, g.effective, g.saved
		return err
	})
}

// changeCred replaces the ids of p by a copy that f has changed, unless f
// fails. The process is tainted from then on (issetugid(2)).
func (p *Proc) changeCred(f func(c *Cred) error) error {
	for {
		old := p.cred.Load()
		c := *old
		if err := f(&c); err != nil {
			return err
		}
		if c.users() == old.users() && c.groups() == old.groups() && slices.Equal(c.Groups, old.Groups) {
			return nil
		}
		if p.cred.CompareAndSwap(old, &c) {
			p.tainted.Store(true)
			return nil
		}
	}
}

func sysGetuid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	c := l.Cred()
	return uintptr(c.UID), uintptr(c.EUID), nil
}

func sysGeteuid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Cred().EUID), 0, nil
}

func sysGetgid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	c := l.Cred()
	return uintptr(c.GID), uintptr(c.EGID), nil
}

func sysGetegid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Cred().EGID), 0, nil
}

func sysSetuid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeUsers(func(old ids, super bool) (ids, error) { return old.set(uint32(a[0]), super) })
}

func sysSeteuid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeUsers(func(old ids, super bool) (ids, error) { return old.setEffective(uint32(a[0]), super) })
}

func sysSetreuid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeUsers(func(old ids, super bool) (ids, error) {
		return old.setBoth(uint32(a[0]), uint32(a[1]), super)
	})
}

func sysSetgid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeGroups(func(old ids, super bool) (ids, error) { return old.set(uint32(a[0]), super) })
}

func sysSetegid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeGroups(func(old ids, super bool) (ids, error) { return old.setEffective(uint32(a[0]), super) })
}

func sysSetregid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.changeGroups(func(old ids, super bool) (ids, error) {
		return old.setBoth(uint32(a[0]), uint32(a[1]), super)
	})
}

func sysIssetugid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return boolean(l.Proc.tainted.Load()), 0, nil
}

func sysGetgroups(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	groups := l.Cred().Groups
	size := int32(a[0])
	if size == 0 {
		return uintptr(len(groups)), 0, nil
	}
	if int(size) < len(groups) {
		return 0, 0, netbsd.EINVAL
	}
	var buf [netbsd.NGROUPS]uint32
	copy(buf[:], groups)
	return uintptr(len(groups)), 0, l.CopyOut(abi.AsBytes(&buf)[:4*len(groups)], abi.Addr(a[1]))
}

func sysSetgroups(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	n := uint32(a[0])
	if n > netbsd.NGROUPS {
		return 0, 0, netbsd.EINVAL
	}
	var buf [netbsd.NGROUPS]uint32
	if err := l.CopyIn(abi.AsBytes(&buf)[:4*n], abi.Addr(a[1])); err != nil {
		return 0, 0, err
	}
	return 0, 0, l.Proc.changeCred(func(c *Cred) error {
		if c.EUID != 0 {
			return netbsd.EPERM
		}
		c.Groups = slices.Clone(buf[:n])
		return nil
	})
}
