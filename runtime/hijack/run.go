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
	if cfg.Adopt {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return -1, fmt.Errorf("hijack: adopt: %w", err)
		}
	}
	p, listener, err := start(cfg)
	var failed *StartError
	switch {
	case errors.As(err, &failed):
		return -1, failed
	case err != nil:
		return -1, fmt.Errorf("hijack: %w", err)
	}
	defer p.letGo()
	stop := context.AfterFunc(ctx, p.letGo)
	defer stop()
	s.serve(listener)
	err = p.wait(cfg.Signals)
	if cfg.Adopt && p.orphaned() {
		killOrphans(s.over, ctx.Done())
	}
	s.wait(ctx)
	s.linger(ctx, cfg.Signals)
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

// start starts a program, and returns its listener. It runs when that is
// served.
func start(cfg Config) (*program, *seccomp.Listener, error) {
	path := cfg.Path
	if path == "" {
		var err error
		if path, err = LookPath(cfg.Args[0]); err != nil {
			return nil, nil, err
		}
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "helper"), os.NewFile(uintptr(fds[1]), "supervisor")
	defer ours.Close()
	p, err := startGuardian(cfg, path, theirs)
	_ = theirs.Close()
	if err != nil {
		return nil, nil, err
	}
	fd, err := receive(ours)
	if err == nil {
		err = p.keep(fd)
	}
	var l *seccomp.Listener
	if err == nil {
		l, err = seccomp.NewListener(fd)
	}
	if err != nil {
		p.letGo()
		<-p.done
		return nil, nil, named(err, cfg.Args[0])
	}
	return p, l, nil
}

// named puts the name of the program into a StartError that has none.
func named(err error, name string) error {
	var e *StartError
	if errors.As(err, &e) && e.Name == "" {
		e.Name = name
	}
	return err
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
		return -1, told(string(data[:n]))
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
		err = told(string(data[:n]))
	}
	if n > 0 || err != nil {
		_ = unix.Close(fds[0])
		return -1, err
	}
	return fds[0], nil
}
