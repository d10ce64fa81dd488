//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
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

// lifelineFD is a pipe that ends when the supervisor ends or lets go.
const lifelineFD = 4

// guard runs a program, and returns its exit code.
func guard(path string) (int, error) {
	unix.CloseOnExec(lifelineFD)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("descendants of the program: %w", err)
	}
	env := append(without(os.Environ(), helperName), programName+"="+path)
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM)
	pid, err := syscall.ForkExec(self, os.Args, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2, helperFD}})
	if err != nil {
		return 0, err
	}
	_ = unix.Close(helperFD) // so that the supervisor sees when the program has it no more
	go passSignals(signals, pid)
	go func() {
		var b [1]byte
		_, _ = os.NewFile(lifelineFD, "lifeline").Read(b[:])
		killDescendants()
	}()
	return reap(pid), nil
}

// passSignals passes on what the supervisor sends. What a terminal sends, the
// program gets as well.
func passSignals(signals <-chan os.Signal, pid int) {
	for sig := range signals {
		s, ok := sig.(syscall.Signal)
		if ok && s != syscall.SIGINT && s != syscall.SIGQUIT {
			_ = syscall.Kill(pid, s)
		}
	}
}

// reap waits until there are no children, and returns the exit code of one.
func reap(pid int) (code int) {
	for {
		var status syscall.WaitStatus
		child, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return code
		case child != pid:
		case status.Signaled():
			code = 128 + int(status.Signal())
		default:
			code = status.ExitStatus()
		}
	}
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
func children() (pids []int) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	self := strconv.Itoa(os.Getpid())
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
		if len(fields) > 1 && fields[1] == self {
			pids = append(pids, pid)
		}
	}
	return pids
}
