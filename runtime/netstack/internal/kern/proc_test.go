package kern_test

import (
	"errors"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
)

// fill starts processes until there are no more ids, and returns them.
func fill(t *testing.T, procs *kern.Procs) (all []*kern.Proc) {
	t.Helper()
	for {
		p, err := procs.New("filler", nil)
		if errors.Is(err, netbsd.EAGAIN) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestTooManyProcesses uses up the process ids. A child that cannot be had
// leaves nothing open.
func TestTooManyProcesses(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	procs := th.Proc.Procs()
	r, w := th.Pipe(netbsd.O_NONBLOCK)
	all := fill(t, procs)
	if n := len(procs.All()); n != 29999 {
		t.Errorf("%d processes", n)
	}
	for _, fds := range []*kern.Table{nil, th.Proc.FDs(), th.Proc.FDs().Copy()} {
		if _, err := procs.Fork(th.Proc, fds, "child", nil); !errors.Is(err, netbsd.EAGAIN) {
			t.Errorf("fork: %v", err)
		}
	}
	th.Must(netbsd.SYS_close, w)
	if n := th.Must(netbsd.SYS_read, r, th.Put([]byte{0}), 1); n != 0 {
		t.Errorf("read %d bytes", n)
	}
	id := all[1000].PID
	all[1000].Exit()
	if child := th.Fork(nil, nil); child.Proc.PID != id {
		t.Errorf("process %d, not %d", child.Proc.PID, id)
	}
	for _, p := range all {
		p.Exit()
	}
}

// TestIDInUse checks that a process id which a process group or a session still
// has is not given out again.
func TestIDInUse(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	procs := th.Proc.Procs()
	leader := th.Fork(nil, nil)
	session := leader.Must(netbsd.SYS_setsid)
	member := leader.Fork(nil, nil)
	leader.Proc.Exit()

	taken := func(id uintptr) bool {
		t.Helper()
		all := fill(t, procs)
		p := procs.Get(int32(id))
		for _, p := range all {
			p.Exit()
		}
		return p != nil
	}
	if taken(session) {
		t.Error("a process has the id of a process group")
	}
	group := member.Must(netbsd.SYS_getpid)
	member.Must(netbsd.SYS_setpgid, 0, 0) // leaves the session's first group empty
	if taken(session) {
		t.Error("a process has the id of a session")
	}
	member.Fails(netbsd.EPERM, netbsd.SYS_setpgid, 0, session)
	if s := member.Must(netbsd.SYS_getsid, 0); s != session {
		t.Errorf("session %d, not %d", s, session)
	}
	member.Proc.Exit()
	if !taken(session) || !taken(group) {
		t.Error("the id of a session or group that is gone is not given out")
	}
}

// TestOrphans checks that children of a process that exits are those of process
// 1, and that exec fails after exit.
func TestOrphans(t *testing.T) {
	t.Parallel()
	th := newThread(t)
	parent := kerntest.Process(t, th.Proc.Procs())
	child, err := th.Proc.Procs().Fork(parent, nil, "child", nil)
	if err != nil {
		t.Fatal(err)
	}
	if child.PPID() != parent.PID {
		t.Errorf("parent %d, not %d", child.PPID(), parent.PID)
	}
	parent.Exit()
	if child.PPID() != 1 {
		t.Errorf("parent %d of an orphan", child.PPID())
	}
	child.Exit()
	if child.Exec("other") {
		t.Error("exec after exit")
	}
}
