//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
	"github.com/abigen/abigen/runtime/kernel"
)

// Run runs a program on a kernel, until it and all processes it has started have
// ended, or ctx is done, which kills it. It returns the program's exit code, or 128 and the
// number of the signal that ended it. The executable must call Helper.
func Run(ctx context.Context, k kernel.Kernel, cfg Config) (int, error) {
	if err := seccomp.Supported(); err != nil {
		return -1, fmt.Errorf("hijack: %w", err)
	}
	s, err := newSupervisor(k, cfg)
	if err != nil {
		return -1, fmt.Errorf("hijack: %w", err)
	}
	defer s.close()
	p, listener, err := start(cfg)
	if err != nil {
		return -1, fmt.Errorf("hijack: %w", err)
	}
	defer p.letGo()
	stop := context.AfterFunc(ctx, p.letGo)
	defer stop()
	s.serve(listener)
	err = p.wait(cfg.Signals)
	s.wait(ctx)
	if s.stats != nil {
		s.stats.write(cfg.Stats)
	}
	code := p.cmd.ProcessState.ExitCode()
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		err = nil
	}
	return code, err
}

// A program is one that was started, with its guardian, which cmd is.
type program struct {
	cmd      *exec.Cmd
	lifeline *os.File
	done     chan error
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
			_ = p.cmd.Process.Signal(sig)
		}
	}
}

// start starts a program, and returns its listener. It runs when that is
// served.
func start(cfg Config) (*program, *seccomp.Listener, error) {
	path, err := exec.LookPath(cfg.Args[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "helper"), os.NewFile(uintptr(fds[1]), "supervisor")
	defer ours.Close()
	end, lifeline, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	cmd := &exec.Cmd{Path: self, Args: cfg.Args, Dir: cfg.Dir, ExtraFiles: []*os.File{theirs, end}}
	cmd.Env = cfg.Env
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], helperName+"="+path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader(cfg.Stdin), writer(cfg.Stdout), writer(cfg.Stderr)
	p := &program{cmd: cmd, lifeline: lifeline, done: make(chan error, 1)}
	err = cmd.Start()
	_, _ = theirs.Close(), end.Close()
	if err != nil {
		return nil, nil, errors.Join(err, lifeline.Close())
	}
	go func() { p.done <- cmd.Wait() }()
	fd, err := receive(ours)
	if err != nil {
		p.letGo()
		_ = p.wait(nil)
		return nil, nil, err
	}
	l, err := seccomp.NewListener(fd)
	if err != nil {
		p.letGo()
		_ = p.wait(nil)
		return nil, nil, err
	}
	return p, l, nil
}

func reader(f *os.File) io.Reader {
	if f == nil {
		return nil
	}
	return f
}

func writer(f *os.File) io.Writer {
	if f == nil {
		return nil
	}
	return f
}

// receive gets the listener of the helper, or what went wrong with it.
func receive(helper *os.File) (int, error) {
	fd := int(helper.Fd())
	data, control := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	n, controln, _, _, err := unix.Recvmsg(fd, data, control, unix.MSG_CMSG_CLOEXEC)
	switch {
	case err != nil:
		return -1, fmt.Errorf("helper: %w", err)
	case n == 0:
		return -1, errors.New("helper: it has ended; does main call hijack.Helper?")
	case controln == 0:
		return -1, errors.New(string(data[:n]))
	}
	msgs, err := unix.ParseSocketControlMessage(control[:controln])
	if err != nil || len(msgs) != 1 {
		return -1, fmt.Errorf("helper: what it sends makes no sense: %w", err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return -1, fmt.Errorf("helper: what it sends makes no sense: %w", err)
	}
	if _, err := unix.Write(fd, []byte{0}); err != nil {
		_ = unix.Close(fds[0])
		return -1, fmt.Errorf("helper: %w", err)
	}
	// The program runs, or there is an error to read.
	n, err = unix.Read(fd, data)
	if n > 0 {
		err = errors.New(string(data[:n]))
	}
	if n > 0 || err != nil {
		_ = unix.Close(fds[0])
		return -1, err
	}
	return fds[0], nil
}
