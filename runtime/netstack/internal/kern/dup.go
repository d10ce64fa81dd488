package kern

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

func sysClose(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.CloseFD(int32(a[0]))
}

func sysDup(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.File(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	return l.dup(f, 0, false)
}

func sysDup2(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return l.dupOnto(int32(a[0]), int32(a[1]), 0)
}

func sysDup3(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return l.dupOnto(int32(a[0]), int32(a[1]), uint32(a[2]))
}

// dup opens the lowest free descriptor not below least for f.
func (l *Lwp) dup(f *OpenFile, least int32, closeOnExec bool) (uintptr, uintptr, error) {
	f.Ref()
	fd, err := l.Install(least, f, closeOnExec)
	if err != nil {
		return 0, 0, err
	}
	return uintptr(fd), 0, nil
}

// dupOnto makes descriptor to refer to what from does. The flags are looked at
// only when the two differ.
func (l *Lwp) dupOnto(from, to int32, flags uint32) (uintptr, uintptr, error) {
	f, err := l.File(from)
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	if !l.Proc.mayHave(to) {
		return 0, 0, netbsd.EBADF
	}
	if from == to {
		return uintptr(to), 0, nil
	}
	if flags&^(netbsd.O_CLOEXEC|netbsd.O_NONBLOCK) != 0 {
		return 0, 0, netbsd.EINVAL
	}
	f.SetFlags(flags&netbsd.O_NONBLOCK, flags)
	f.Ref()
	if err := l.Replace(to, f, flags&netbsd.O_CLOEXEC != 0); err != nil {
		return 0, 0, err
	}
	return uintptr(to), 0, nil
}

// mayHave tells whether a descriptor of the process may have the number fd.
func (p *Proc) mayHave(fd int32) bool { return fd >= 0 && int(fd) < p.maxFD() }
