//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The guardian is a process between the supervisor and the program, which lasts until
// the last descendant of the program has ended, and kills all when the
// supervisor has.

// programName is the environment variable that makes an executable the one that
// becomes the program.
const programName = "NBNET_HIJACK_PROGRAM"

// Descriptors that the supervisor gives the guardian.
const (
	lifelineFD  = 4 // ends when the supervisor ends or lets go
	argumentsFD = 5
)

// guardianName is what the guardian is called in lists of processes, as long as
// names are there.
const guardianName = "hijack-guardian"

// grace is how long what is left of a program may take to end.
const grace = 5 * time.Second

// A guardian looks after a program.
type guardian struct {
	program *os.File // its pidfd
	sent    *received

	mu    sync.Mutex
	ended bool
	asked syscall.Signal // that it ends; 0: nobody has
}

// guard runs a program, and returns its exit code.
func guard(path string) (int, error) {
	unix.CloseOnExec(lifelineFD)
	_ = os.WriteFile("/proc/self/comm", []byte(guardianName), 0) // not to be killed by the supervisor's name
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("descendants of the program: %w", err)
	}
	args, err := readArguments()
	if err != nil {
		return 0, fmt.Errorf("arguments: %w", err)
	}
	env := append(without(os.Environ(), helperName), programName+"="+path)
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	g := &guardian{sent: watchReceived()}
	pidfd := -1
	pid, err := syscall.ForkExec(self, args, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2, helperFD}, Sys: &syscall.SysProcAttr{PidFD: &pidfd}})
	if err != nil {
		return 0, err
	}
	g.program = os.NewFile(uintptr(pidfd), "program")
	_ = unix.Close(helperFD) // so that the supervisor sees when the program has it no more
	go g.obey()
	return g.reap(pid), nil
}

func readArguments() ([]string, error) {
	f := os.NewFile(argumentsFD, "arguments")
	defer f.Close()
	b, err := io.ReadAll(f)
	return strings.Split(string(b), "\x00"), err
}

// obey does what the supervisor says, and kills all when it is gone.
func (g *guardian) obey() {
	b, control := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	for {
		n, _, _, _, err := unix.Recvmsg(lifelineFD, b, control, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
		case n == 0 || err != nil:
			_ = g.kill(syscall.SIGKILL)
			killDescendants()
		case b[0] != 0: // 0 is the listener, which is kept
			g.pass(syscall.Signal(b[0]))
		}
	}
}

// pass passes a signal on that the supervisor has got.
func (g *guardian) pass(sig syscall.Signal) {
	all := g.sent.took(sig) // all of the process group, so that the program has it as well
	g.mu.Lock()
	defer g.mu.Unlock()
	if !asksForEnd(sig) {
		if !all {
			_ = g.kill(sig)
		}
		return
	}
	g.asked = sig
	if g.ended || !all && g.kill(sig) != nil {
		go endDescendants(sig)
	}
}

// kill sends the program a signal. It fails when that has ended.
func (g *guardian) kill(sig syscall.Signal) error {
	return unix.PidfdSendSignal(int(g.program.Fd()), sig, nil, 0)
}

func asksForEnd(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM:
		return true
	}
	return false
}

// end notes that the program has ended. Whoever has asked for that means also
// what it has started.
func (g *guardian) end(status syscall.WaitStatus) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	if g.asked == syscall.SIGTERM || g.asked != 0 && status.Signaled() && status.Signal() == g.asked {
		go endDescendants(g.asked)
	}
}

// reap waits until there are no children, and returns the exit code of one.
func (g *guardian) reap(pid int) (code int) {
	for {
		var status syscall.WaitStatus
		child, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return code
		case child != pid:
			continue
		case status.Signaled():
			code = 128 + int(status.Signal())
		default:
			code = status.ExitStatus()
		}
		g.end(status)
	}
}

// A received tells which signals this process has got.
type received struct {
	signals chan os.Signal

	mu   sync.Mutex
	last map[os.Signal]time.Time
}

// watchReceived catches signals, but for those that whoever has started this wants
// to be ignored, such as nohup(1).
func watchReceived() *received {
	r := &received{signals: make(chan os.Signal, 8), last: map[os.Signal]time.Time{}}
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2} {
		if !signal.Ignored(sig) {
			signal.Notify(r.signals, sig)
		}
	}
	go func() {
		for sig := range r.signals {
			r.mu.Lock()
			r.last[sig] = time.Now()
			r.mu.Unlock()
		}
	}()
	return r
}

// took tells whether this process was sent the signal as well, just now.
func (r *received) took(sig syscall.Signal) bool {
	const just, patience = time.Second, 100 * time.Millisecond
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		at, ok := r.last[sig]
		delete(r.last, sig)
		r.mu.Unlock()
		if ok && time.Since(at) < just {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// endDescendants sends all descendants a signal, and kills those that are there
// after a while.
func endDescendants(sig syscall.Signal) {
	for _, pid := range descendants(os.Getpid()) {
		_ = syscall.Kill(pid, sig)
	}
	time.Sleep(grace)
	killDescendants()
}

// killDescendants kills children until there are none: those of one that is
// killed become children of this process.
func killDescendants() {
	for {
		for _, pid := range children() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}

// children returns the processes whose parent is this one.
func children() []int { return families()[os.Getpid()] }

// descendants returns the processes that a process has started, and those that
// these have.
func descendants(pid int) (all []int) {
	of := families()
	all = of[pid]
	for i := 0; i < len(all); i++ {
		all = append(all, of[all[i]]...)
	}
	return all
}

// families returns the children of each process that has some.
func families() map[int][]int {
	of := map[int][]int{}
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue
		}
		// pid (name) state ppid; the name may have anything in it.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			of[parent] = append(of[parent], pid)
		}
	}
	return of
}
