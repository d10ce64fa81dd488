//go:build linux && (amd64 || arm64)

package procmem

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Files gets files of processes by the numbers of their threads.
type Files struct {
	mu    sync.Mutex
	known map[uint32]*process // by thread
}

// A process is one that a thread belonged to when it was looked at.
type process struct {
	pidfd int
	seen  time.Time
	users int // threads known to belong to it; guarded by Files.mu
}

// trust is for how long a number is taken for the same thread's. The system does not give a
// number again before it has given all others.
const trust = 50 * time.Millisecond

// Get returns a descriptor of this process for one of the thread's. The caller
// closes it. EBADF: the thread has no such descriptor.
func (f *Files) Get(tid uint32, fd int) (int, error) {
	for again := false; ; again = true {
		p, err := f.process(tid, again)
		if err != nil {
			return -1, err
		}
		n, _, e := unix.RawSyscall(unix.SYS_PIDFD_GETFD, uintptr(p), uintptr(fd), 0)
		switch {
		case e == 0:
			return int(n), nil
		case e == unix.ESRCH && !again:
			continue // another one by now
		}
		return -1, e
	}
}

// process returns a descriptor of the process that tid belongs to, a thread
// that waits for an answer.
func (f *Files) process(tid uint32, fresh bool) (int, error) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.known[tid]; p != nil && !fresh && now.Sub(p.seen) < trust {
		return p.pidfd, nil
	}
	return f.look(tid, now)
}

// look finds out anew. f.mu is held.
func (f *Files) look(tid uint32, now time.Time) (int, error) {
	tgid, err := leader(tid)
	if err != nil {
		return -1, err
	}
	if f.known == nil {
		f.known = map[uint32]*process{}
	}
	p := f.known[tgid]
	if p == nil || !alive(p.pidfd) {
		f.drop(tgid)
		pidfd, err := unix.PidfdOpen(int(tgid), 0)
		if err != nil {
			return -1, err
		}
		p = &process{pidfd: pidfd}
		f.set(tgid, p)
	}
	if tid != tgid && f.known[tid] != p {
		f.drop(tid)
		f.set(tid, p)
	}
	p.seen = now
	f.sweep(now)
	return p.pidfd, nil
}

func (f *Files) set(tid uint32, p *process) {
	f.known[tid] = p
	p.users++
}

func (f *Files) drop(tid uint32) {
	p := f.known[tid]
	if p == nil {
		return
	}
	delete(f.known, tid)
	if p.users--; p.users == 0 {
		_ = unix.Close(p.pidfd)
	}
}

// sweep forgets processes that are gone, when there are many.
func (f *Files) sweep(now time.Time) {
	if len(f.known) < 64 {
		return
	}
	for tid, p := range f.known {
		if now.Sub(p.seen) > time.Second && !alive(p.pidfd) {
			f.drop(tid)
		}
	}
}

// Close forgets all processes.
func (f *Files) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for tid := range f.known {
		f.drop(tid)
	}
}

func alive(pidfd int) bool { return unix.PidfdSendSignal(pidfd, 0, nil, 0) == nil }

// Leader returns the process of a thread, or the thread when that is gone.
func Leader(tid uint32) uint32 {
	if tgid, err := leader(tid); err == nil {
		return tgid
	}
	return tid
}

// leader returns the process of a thread.
func leader(tid uint32) (uint32, error) {
	// A process has no thread of another's number.
	id := strconv.Itoa(int(tid))
	v, err := status(id, "Tgid:")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(v), 10, 32)
	return uint32(n), err
}

// status returns a line of a thread's status, without its name.
func status(id, name string) ([]byte, error) {
	b, err := os.ReadFile("/proc/" + id + "/status")
	if err != nil {
		return nil, unix.ESRCH
	}
	for line := range bytes.Lines(b) {
		if v, ok := bytes.CutPrefix(line, []byte(name)); ok {
			return bytes.TrimSpace(v), nil
		}
	}
	return nil, unix.ESRCH
}

// Filters returns how many filters of seccomp a process has, 0 when it is gone.
func Filters(pid int) int {
	v, err := status(strconv.Itoa(pid), "Seccomp_filters:")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(string(v))
	return n
}

// Interrupted tells whether a signal waits for the thread, that it does not
// block.
func Interrupted(tid uint32) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(int(tid)) + "/status")
	if err != nil {
		return true
	}
	var pending, blocked uint64
	for line := range bytes.Lines(b) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		set, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
		if err != nil {
			continue
		}
		switch string(name) {
		case "SigPnd", "ShdPnd":
			pending |= set
		case "SigBlk":
			blocked = set
		}
	}
	return pending&^blocked != 0
}
