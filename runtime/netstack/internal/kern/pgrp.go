package kern

import (
	"errors"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// allPerms are the bits of a file's mode that are not its type (ALLPERMS).
const allPerms = 0o7777

// A session is a set of process groups, led by the process that began it.
type session struct {
	id     int32
	login  [netbsd.MAXLOGNAME]byte
	groups int // that have members
}

// A pgrp is a process group. Procs.mu guards it.
type pgrp struct {
	id      int32
	session *session
	members int // 0 only when the session has other groups, and its id
}

// group returns process group id, nil when it has no members. The caller has
// ps.mu.
func (ps *Procs) group(id int32) *pgrp {
	if g := ps.groups[id]; g != nil && g.members > 0 {
		return g
	}
	return nil
}

// enter puts p, which leaves its old group later, into group id, which is made in session s
// when there is none. The caller has ps.mu.
func (ps *Procs) enter(p *Proc, id int32, s *session) {
	g := ps.groups[id]
	if g == nil {
		g = &pgrp{id: id, session: s}
		ps.groups[id] = g
	}
	if g.members == 0 {
		s.groups++
	}
	g.members++
	p.pgrp = g
}

// leave takes a process out of group g, once it is in another if it lives on. A group without members is gone, but that with
// the id of a session stays as long as the session, for nobody else to get the
// id. The caller has ps.mu.
func (ps *Procs) leave(g *pgrp) {
	s := g.session
	if g.members--; g.members > 0 {
		return
	}
	if s.groups--; s.groups == 0 {
		delete(ps.groups, s.id)
	}
	if g.id != s.id {
		delete(ps.groups, g.id)
	}
}

// inferior tells whether p descends from q. The caller has ps.mu.
func (ps *Procs) inferior(p, q *Proc) bool {
	for p != nil && p != q {
		p = ps.all[p.PPID()]
	}
	return p != nil
}

// setGroup moves process pid to group id, which is made when it is that of the
// process. The process must be the caller or descend from it, and not lead a
// session.
func (ps *Procs) setGroup(caller *Proc, pid, id int32) error {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, g := ps.all[pid], ps.group(id)
	if pid != caller.PID {
		if p == nil || !ps.inferior(p, caller) {
			return netbsd.ESRCH
		}
		if p.pgrp.session != caller.pgrp.session || g != nil && g.session != p.pgrp.session {
			return netbsd.EPERM
		}
		if p.execed.Load() {
			return netbsd.EACCES
		}
	}
	switch {
	case p.pgrp.session.id == p.PID && p.pgrp.id == id:
		return nil
	case p.pgrp.session.id == p.PID, g == nil && id != pid, g != nil && g.session != p.pgrp.session:
		return netbsd.EPERM
	case g == p.pgrp:
		return nil
	}
	old := p.pgrp
	ps.enter(p, id, old.session)
	ps.leave(old)
	return nil
}

// newSession makes p the leader of a session, unless there is a process group
// with its id already: EPERM.
func (ps *Procs) newSession(p *Proc) error {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.group(p.PID) != nil {
		return netbsd.EPERM
	}
	old := p.pgrp
	ps.enter(p, p.PID, &session{id: p.PID, login: old.session.login})
	ps.leave(old)
	return nil
}

// lookup returns what get finds in process pid, or in the caller when pid is 0:
// ESRCH when there is no such process.
func (l *Lwp) lookup(pid int32, get func(g *pgrp) int32) (uintptr, uintptr, error) {
	ps, p := l.Proc.procs, l.Proc
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if pid != 0 {
		if p = ps.all[pid]; p == nil {
			return 0, 0, netbsd.ESRCH
		}
	}
	return uintptr(get(p.pgrp)), 0, nil
}

func sysGetpid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Proc.PID), uintptr(l.Proc.PPID()), nil
}

func sysGetppid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Proc.PPID()), 0, nil
}

func sysGetpgrp(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return l.lookup(0, func(g *pgrp) int32 { return g.id })
}

func sysGetpgid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return l.lookup(int32(a[0]), func(g *pgrp) int32 { return g.id })
}

func sysGetsid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return l.lookup(int32(a[0]), func(g *pgrp) int32 { return g.session.id })
}

func sysSetpgid(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	pid, id := int32(a[0]), int32(a[1])
	if id < 0 {
		return 0, 0, netbsd.EINVAL
	}
	if pid == 0 {
		pid = l.Proc.PID
	}
	if id == 0 {
		id = pid
	}
	return 0, 0, l.Proc.procs.setGroup(l.Proc, pid, id)
}

func sysSetsid(l *Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Proc.PID), 0, l.Proc.procs.newSession(l.Proc)
}

func sysUmask(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.Proc.umask.Swap(uint32(a[0]) & allPerms)), 0, nil
}

func sysGetlogin(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	ps := l.Proc.procs
	ps.mu.Lock()
	login := l.Proc.pgrp.session.login
	ps.mu.Unlock()
	return 0, 0, l.CopyOut(login[:min(uint(a[1]), uint(len(login)))], abi.Addr(a[0]))
}

func sysSetlogin(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if !l.Superuser() {
		return 0, 0, netbsd.EPERM
	}
	name, err := l.CopyInString(abi.Addr(a[0]), netbsd.MAXLOGNAME+1)
	if errors.Is(err, netbsd.ENAMETOOLONG) {
		err = netbsd.EINVAL
	}
	if err != nil {
		return 0, 0, err
	}
	ps := l.Proc.procs
	ps.mu.Lock()
	defer ps.mu.Unlock()
	s := l.Proc.pgrp.session
	clear(s.login[:])
	copy(s.login[:], name)
	return 0, 0, nil
}

// An Owner is who is told of what happens to a file, by a signal: a process,
// or with a negative id a process group (F_SETOWN of fcntl(2)).
type Owner struct{ id atomic.Int32 }

// ID returns the process id, or the negated id of the process group; 0: none.
func (o *Owner) ID() int32 { return o.id.Load() }

// Copy makes o the same as from.
func (o *Owner) Copy(from *Owner) { o.id.Store(from.ID()) }

// Set makes process id, or process group -id, the owner. ESRCH: there is no such
// process. EINVAL, EPERM: no such process group, or in another session.
func (o *Owner) Set(l *Lwp, id int32) error {
	ps := l.Proc.procs
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if id > 0 && ps.all[id] == nil {
		return netbsd.ESRCH
	}
	if id < 0 {
		g := ps.group(-id)
		if g == nil {
			return netbsd.EINVAL
		}
		if g.session != l.Proc.pgrp.session {
			return netbsd.EPERM
		}
	}
	o.id.Store(id)
	return nil
}

// Signal sends the owner a signal.
func (o *Owner) Signal(ps *Procs, sig netbsd.Signal) {
	id := o.ID()
	if id == 0 {
		return
	}
	for _, p := range ps.owned(id) {
		p.Raise(sig)
	}
}

func (ps *Procs) owned(id int32) []*Proc {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	var owned []*Proc
	for _, p := range ps.all {
		if p.PID == id || p.pgrp.id == -id {
			owned = append(owned, p)
		}
	}
	return owned
}
