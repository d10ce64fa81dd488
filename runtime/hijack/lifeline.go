//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
)

// A program is one that was started, with its guardian, which cmd is.
type program struct {
	cmd      *exec.Cmd
	lifeline *os.File // closed: the guardian kills all
	done     chan error
}

// startGuardian starts a guardian, which starts the helper that becomes the program,
// which speaks through a descriptor.
func startGuardian(cfg Config, path string, supervisor *os.File) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args, err := argumentsFile(cfg.Args)
	if err != nil {
		return nil, err
	}
	defer args.Close()
	// Messages, each a signal's number; the first comes with the listener.
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	lifeline, end := os.NewFile(uintptr(fds[0]), "lifeline"), os.NewFile(uintptr(fds[1]), "lifeline")
	defer end.Close()
	cmd := &exec.Cmd{Path: self, Args: []string{guardianName}, Dir: cfg.Dir, ExtraFiles: []*os.File{supervisor, end, args}}
	cmd.Env = cfg.Env
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], helperName+"="+path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader(cfg.Stdin), writer(cfg.Stdout), writer(cfg.Stderr)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, lifeline.Close())
	}
	p := &program{cmd: cmd, lifeline: lifeline, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// argumentsFile returns a file with the program's arguments. They are not the
// guardian's own, so that whoever looks for the program by them does not
// find it.
func argumentsFile(args []string) (*os.File, error) {
	fd, err := unix.MemfdCreate("arguments", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	f := os.NewFile(uintptr(fd), "arguments")
	if _, err = f.WriteString(strings.Join(args, "\x00")); err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("arguments: %w", err), f.Close())
	}
	return f, nil
}

// keep gives the guardian the listener as well. While it has that, calls that are
// caught wait when the supervisor is gone, in place of failing, until they are killed.
func (p *program) keep(listener int) error {
	err := unix.Sendmsg(int(p.lifeline.Fd()), []byte{0}, unix.UnixRights(listener), nil, unix.MSG_NOSIGNAL)
	if err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	return nil
}

// letGo kills all its processes that are left.
func (p *program) letGo() { _ = p.lifeline.Close() }

// wait waits for the end, and passes signals on.
func (p *program) wait(signals <-chan os.Signal) error {
	for {
		select {
		case err := <-p.done:
			return err
		case sig := <-signals:
			if s, ok := sig.(syscall.Signal); ok {
				_, _ = p.lifeline.Write([]byte{byte(s)})
			}
		}
	}
}

// orphaned tells whether the guardian was killed, so that nobody looks after what
// is left of the program.
func (p *program) orphaned() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// killOrphans kills the children of this process whose calls are caught, until
// there are none. Those of one that is killed become children of this process.
func killOrphans(over, canceled <-chan struct{}) {
	mine := procmem.Filters(os.Getpid())
	for {
		for _, pid := range children() {
			if procmem.Filters(pid) > mine {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				_, _ = syscall.Wait4(pid, nil, 0, nil)
			}
		}
		select {
		case <-over:
			return
		case <-canceled:
			return
		case <-time.After(time.Millisecond):
		}
	}
}
