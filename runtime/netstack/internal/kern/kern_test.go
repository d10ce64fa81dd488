package kern_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/pipe"
)

func newThread(t *testing.T) *kerntest.Thread {
	return kerntest.New(t, kern.Sysents(), new(pipe.Pipes).Sysents())
}

// minusOne is what an id of -1 is in a slot.
const minusOne = uintptr(^uint32(0))

// TestIDs changes user ids, each row as a process of its own with the real,
// effective and saved id 1, 2 and 3, or 0.
func TestIDs(t *testing.T) {
	t.Parallel()
	type users [3]uint32
	user, root := users{1, 2, 3}, users{}
	for _, test := range []struct {
		name  string
		from  users
		num   syscalls.Number
		args  []uintptr
		want  users
		errno netbsd.Errno
	}{
		{"setuid by root", root, netbsd.SYS_setuid, []uintptr{9}, users{9, 9, 9}, 0},
		{"setuid to the real id", user, netbsd.SYS_setuid, []uintptr{1}, users{1, 1, 1}, 0},
		{"setuid to the saved id", user, netbsd.SYS_setuid, []uintptr{3}, user, netbsd.EPERM},
		{"seteuid to the saved id", user, netbsd.SYS_seteuid, []uintptr{3}, users{1, 3, 3}, 0},
		{"seteuid to another", user, netbsd.SYS_seteuid, []uintptr{9}, user, netbsd.EPERM},
		{"setreuid to nothing new", user, netbsd.SYS_setreuid, []uintptr{minusOne, minusOne}, user, 0},
		{"setreuid that swaps", user, netbsd.SYS_setreuid, []uintptr{2, 1}, users{2, 1, 1}, 0},
		{"setreuid to the saved id", user, netbsd.SYS_setreuid, []uintptr{3, minusOne}, user, netbsd.EPERM},
		{"setreuid by root", root, netbsd.SYS_setreuid, []uintptr{5, 6}, users{5, 6, 6}, 0},
	} {
		th := newThread(t)
		th.Proc.SetCred(&kern.Cred{UID: test.from[0], EUID: test.from[1], SVUID: test.from[2]})
		_, _, err := th.Call(test.num, test.args...)
		c := th.Cred()
		if got := (users{c.UID, c.EUID, c.SVUID}); got != test.want || kern.Errno(err) != test.errno {
			t.Errorf("%s: %v, %v; want %v, %v", test.name, got, err, test.want, test.errno)
		}
		if tainted := th.Must(netbsd.SYS_issetugid) == 1; tainted != (test.from != test.want) {
			t.Errorf("%s: issetugid says %t", test.name, tainted)
		}
	}
}

// TestGroups sets and gets the list of groups.
func TestGroups(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	groups := []uint32{5, 4, 3}
	at := th.Put(kern.SliceBytes(groups))
	th.Must(netbsd.SYS_setgroups, 3, at)
	th.Fails(netbsd.EINVAL, netbsd.SYS_setgroups, netbsd.NGROUPS+1, at)
	th.Fails(netbsd.EINVAL, netbsd.SYS_getgroups, 2, at)
	to := th.Put(make([]byte, 12))
	if n := th.Must(netbsd.SYS_getgroups, netbsd.NGROUPS, to); n != 3 || !slices.Equal(th.Get(to, 12), th.Get(at, 12)) {
		t.Errorf("%d groups: % x", n, th.Get(to, 12))
	}
	th.Must(netbsd.SYS_setuid, 1)
	th.Fails(netbsd.EPERM, netbsd.SYS_setgroups, 0, 0)
}

// TestProcessGroups makes sessions and groups.
func TestProcessGroups(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	child := th.Fork(nil, nil)
	pid, cpid := uintptr(th.Proc.PID), uintptr(child.Proc.PID)
	if got := th.Must(netbsd.SYS_setsid); got != pid {
		t.Errorf("session %d of process %d", got, pid)
	}
	th.Fails(netbsd.EPERM, netbsd.SYS_setsid)
	th.Fails(netbsd.EPERM, netbsd.SYS_setpgid, cpid, cpid) // in another session now
	th.Fails(netbsd.ESRCH, netbsd.SYS_setpgid, 29999, 0)
	th.Fails(netbsd.EINVAL, netbsd.SYS_setpgid, 0, minusOne)
	child.Must(netbsd.SYS_setpgid, 0, 0)
	if g := th.Must(netbsd.SYS_getpgid, cpid); g != cpid {
		t.Errorf("process %d is in group %d", cpid, g)
	}
	grandchild := child.Fork(nil, nil)
	if g := grandchild.Must(netbsd.SYS_getpgrp); g != cpid {
		t.Errorf("the child of process %d is in group %d", cpid, g)
	}
	child.Must(netbsd.SYS_setpgid, uintptr(grandchild.Proc.PID), 0)
	grandchild.Fails(netbsd.EPERM, netbsd.SYS_setpgid, 0, 29999)
	th.Must(netbsd.SYS___setlogin, th.Put([]byte("root\x00")))
	to := th.Put(make([]byte, 16))
	th.Must(netbsd.SYS___getlogin, to, 16)
	if name := string(th.Get(to, 5)); name != "root\x00" {
		t.Errorf("login name %q", name)
	}
}

// TestLimits lowers how many descriptors there may be, and raises it again.
func TestLimits(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	set := func(cur, most uint64) uintptr {
		r := netbsd.Rlimit{Cur: cur, Max: most}
		return th.Put(abi.AsBytes(&r))
	}
	th.Must(netbsd.SYS_setrlimit, netbsd.RLIMIT_NOFILE, set(3, 10))
	r, _ := th.Pipe(0)
	th.Must(netbsd.SYS_dup, r)
	th.Fails(netbsd.EMFILE, netbsd.SYS_dup, r)
	th.Fails(netbsd.EMFILE, netbsd.SYS_pipe2, th.Put(make([]byte, 8)), 0)
	th.Fails(netbsd.EBADF, netbsd.SYS_dup2, r, 3)
	th.Fails(netbsd.EINVAL, netbsd.SYS_fcntl, r, netbsd.F_DUPFD, 3)
	th.Fails(netbsd.EINVAL, netbsd.SYS_setrlimit, netbsd.RLIMIT_NOFILE, set(11, 10))
	th.Fails(netbsd.EINVAL, netbsd.SYS_setrlimit, netbsd.RLIM_NLIMITS, set(1, 1))
	th.Must(netbsd.SYS_setuid, 1)
	th.Must(netbsd.SYS_setrlimit, netbsd.RLIMIT_NOFILE, set(10, 10))
	th.Fails(netbsd.EPERM, netbsd.SYS_setrlimit, netbsd.RLIMIT_NOFILE, set(10, 11))
	th.Must(netbsd.SYS_dup, r)
}

// TestTables forks and execs, and looks at which descriptors are open after.
func TestTables(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(netbsd.O_CLOEXEC)
	th.Must(netbsd.SYS_fcntl, w, netbsd.F_SETFD, 0)
	for _, test := range []struct {
		name string
		fds  *kern.Table
		want [2]bool
	}{
		{"clean", nil, [2]bool{}},
		{"copied", th.Proc.FDs().Copy(), [2]bool{false, true}},
		{"shared", th.Proc.FDs(), [2]bool{false, true}},
	} {
		child := th.Fork(test.fds, nil)
		child.Proc.Exec("other")
		for i, fd := range []uintptr{r, w} {
			if _, _, err := child.Call(netbsd.SYS_fcntl, fd, netbsd.F_GETFD); (err == nil) != test.want[i] {
				t.Errorf("%s: descriptor %d: %v", test.name, fd, err)
			}
		}
		child.Proc.Exit()
	}
	th.Must(netbsd.SYS_fcntl, r, netbsd.F_GETFD) // of a table that nobody shares any more
	th.Must(netbsd.SYS_fcntl, 0, netbsd.F_CLOSEM)
	th.Fails(netbsd.EBADF, netbsd.SYS_close, w)
}

// TestLowestDescriptor opens and closes at random: a new descriptor is always
// the lowest that is free.
func TestLowestDescriptor(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	r, w := th.Pipe(0)
	open := map[uintptr]bool{r: true, w: true}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		if fd := uintptr(2 + random.IntN(60)); open[fd] {
			th.Must(netbsd.SYS_close, fd)
			delete(open, fd)
			continue
		}
		least := uintptr(random.IntN(40))
		want := least
		for open[want] {
			want++
		}
		if got := th.Must(netbsd.SYS_fcntl, r, netbsd.F_DUPFD, least); got != want {
			t.Fatalf("descriptor %d, not %d", got, want)
		}
		open[want] = true
	}
}

// TestSleep sleeps, and is interrupted.
func TestSleep(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	hour := netbsd.Timespec{Sec: 3600}
	request, rest := th.Put(abi.AsBytes(&hour)), th.Put(make([]byte, 16))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := th.CallContext(ctx, netbsd.SYS___nanosleep50, request, rest); !errors.Is(err, netbsd.EINTR) {
		t.Errorf("nanosleep: %v", err)
	}
	var left netbsd.Timespec
	copy(abi.AsBytes(&left), th.Get(rest, 16))
	if left.Sec > 3600 || left.Sec < 3590 {
		t.Errorf("%d seconds are left of %d", left.Sec, hour.Sec)
	}
	past := netbsd.Timespec{Sec: -1}
	if errno := th.Must(netbsd.SYS_clock_nanosleep, netbsd.CLOCK_REALTIME, 1, th.Put(abi.AsBytes(&past)), 0); errno != 0 {
		t.Errorf("clock_nanosleep: %v", netbsd.Errno(errno))
	}
	if errno := th.Must(netbsd.SYS_clock_nanosleep, 77, 0, request, 0); netbsd.Errno(errno) != netbsd.EINVAL {
		t.Errorf("clock_nanosleep on an unknown clock: %v", netbsd.Errno(errno))
	}
}

// TestClocks compares what the kernel's clocks show with Go's.
func TestClocks(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	at := th.Put(make([]byte, 16))
	before := time.Now()
	th.Must(netbsd.SYS___clock_gettime50, netbsd.CLOCK_REALTIME, at)
	var ts netbsd.Timespec
	copy(abi.AsBytes(&ts), th.Get(at, 16))
	if got := time.Unix(ts.Sec, int64(ts.Nsec)); got.Before(before.Round(0)) || got.After(time.Now()) {
		t.Errorf("CLOCK_REALTIME shows %v at %v", got, before)
	}
	th.Must(netbsd.SYS___gettimeofday50, at, 0)
	var tv netbsd.Timeval
	copy(abi.AsBytes(&tv), th.Get(at, 16))
	if tv.Sec < before.Unix() {
		t.Errorf("gettimeofday: %d seconds at %v", tv.Sec, before)
	}
	th.Fails(netbsd.EINVAL, netbsd.SYS___clock_gettime50, 77, at)
	th.Fails(netbsd.ESRCH, netbsd.SYS___clock_gettime50, netbsd.CLOCK_PROCESS_CPUTIME_ID|29999, at)
}

// TestSelectWords shows that only as much of a set is read and written as nd
// needs.
func TestSelectWords(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	_, w := th.Pipe(0)
	set := th.Put([]byte{1 << w, 0, 0, 0, 0xFF})
	zero := th.Put(make([]byte, 16))
	if n := th.Must(netbsd.SYS___select50, w+1, 0, set, 0, zero); n != 1 || th.Get(set, 1)[0] != 1<<w || th.Get(set, 5)[4] != 0xFF {
		t.Errorf("%d ready: % x", n, th.Get(set, 5))
	}
	th.Fails(netbsd.EFAULT, netbsd.SYS___select50, w+1, 0, 8, 0, zero)
	th.Fails(netbsd.EBADF, netbsd.SYS___select50, 20, th.Put([]byte{0, 0, 4, 0}), 0, 0, zero)
}

// TestZeroAllocation reads and writes without allocating.
func TestZeroAllocation(t *testing.T) {
	th := newThread(t)
	r, w := th.Pipe(0)
	b := th.Put([]byte("x"))
	if n := testing.AllocsPerRun(100, func() {
		th.Must(netbsd.SYS_write, w, b, 1)
		th.Must(netbsd.SYS_read, r, b, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
