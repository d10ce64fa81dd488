package rump

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// helperVar has the Config of a kernel for a process that is to be its.
const helperVar = "ABIGEN_RUMP_KERNEL"

// helpers tells that the program calls Helper.
var helpers atomic.Bool

// The descriptors of such a process: its standard input is closed when the kernel
// is to halt, its standard output is the console.
const (
	listenerFD = 3
	statusFD   = 4
)

// Exit codes of such a process.
const (
	exitHalted   = 0
	exitFailed   = 1
	exitPanicked = 3
)

// Helper has to be called at the beginning of main by programs that have kernels
// apart, see [Config]: those run as processes of the same program, in which Helper does not
// return.
func Helper() {
	helpers.Store(true)
	text := os.Getenv(helperVar)
	if text == "" {
		return
	}
	_ = os.Unsetenv(helperVar)
	os.Exit(help(text))
}

// help boots a kernel, and serves it to the process that started this one.
func help(text string) int {
	status := os.NewFile(statusFD, "status")
	k, err := bootHelped(text)
	if err != nil {
		fmt.Fprintln(status, err)
		return exitFailed
	}
	f := os.NewFile(listenerFD, "listener")
	l, err := net.FileListener(f)
	if err != nil {
		fmt.Fprintln(status, err)
		return exitFailed
	}
	_ = f.Close()
	if err := errors.Join(status.Close()); err != nil {
		return exitFailed
	}
	halt := make(chan struct{}, 1)
	s := &sysproxy.Server{Kernel: silent{k}, Reboot: k.reboot}
	go func() { _ = s.Serve(l) }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		halt <- struct{}{}
	}()
	select {
	case <-halt:
	case <-k.halted:
	}
	_, died := k.NewProcess(kernel.ProcessOptions{})
	if _, panicked := errors.AsType[*PanicError](died); panicked {
		return exitPanicked
	}
	if err := errors.Join(s.Close(), k.Close()); err != nil {
		return exitFailed
	}
	return exitHalted
}

// reboot makes the system call, after which the kernel has halted.
func (k *Kernel) reboot(howto int32) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "reboot"})
	if err != nil {
		return // it has already
	}
	if t, err := p.NewThread(nil); err == nil {
		_, _, _ = t.Syscall(context.Background(), netbsd.SYS_reboot, syscalls.Args{uintptr(howto)})
	}
}

// A silent kernel does not say that it has panicked, which the protocol has no words
// for: the end of the process tells that.
type silent struct{ *Kernel }

func (silent) why(err error) error {
	if _, panicked := errors.AsType[*PanicError](err); panicked {
		select {}
	}
	return err
}

// NewProcess starts a process.
func (k silent) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := k.Kernel.NewProcess(opt)
	if err != nil {
		return nil, k.why(err)
	}
	return &changedProcess{p, k.why}, nil
}

func bootHelped(text string) (*Kernel, error) {
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return nil, err
	}
	cfg.Console = os.Stdout
	return New(cfg)
}

// An apart is a kernel in a process of its own.
type apart struct {
	*sysproxy.Client
	cmd  *exec.Cmd
	in   io.Closer
	dir  string
	last lastLines

	gone   chan struct{} // closed when the process is
	died   error         // what calls return then
	closed atomic.Bool
	once   sync.Once
}

// startApart starts the process.
func startApart(cfg *Config) (*apart, error) {
	if !helpers.Load() {
		return nil, errors.New("rump: a second kernel, or one apart, is a process of this program: call rump.Helper at the beginning of main")
	}
	dir, err := os.MkdirTemp("", "rump")
	if err != nil {
		return nil, err
	}
	k := &apart{dir: dir, gone: make(chan struct{})}
	if err := k.start(cfg); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return k, nil
}

func (k *apart) start(cfg *Config) (err error) {
	path := filepath.Join(k.dir, "kernel")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	listener, err := l.File()
	if err != nil {
		return err
	}
	defer listener.Close()
	ready, status, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	if err := k.run(cfg, listener, status); err != nil {
		return err
	}
	text, err := io.ReadAll(ready)
	if err == nil && len(text) > 0 {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	if err == nil {
		if k.Client, err = sysproxy.Dial(context.Background(), "unix://"+path); err == nil {
			return nil
		}
	}
	select {
	case <-k.gone: // which tells more
		if p, ok := errors.AsType[*PanicError](k.died); ok {
			err = p
		}
	case <-time.After(time.Second):
	}
	return errors.Join(err, k.stop())
}

// run starts the process, and what looks after it. It closes status.
func (k *apart) run(cfg *Config, listener, status *os.File) error {
	defer status.Close()
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	c := *cfg
	c.Console, c.Apart = nil, false
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	k.cmd = exec.Command(exe)
	k.cmd.Dir = cfg.dir
	k.cmd.Env = append(os.Environ(), helperVar+"="+string(text))
	k.cmd.ExtraFiles = []*os.File{listener, status}
	k.cmd.Stderr = os.Stderr
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := k.cmd.Start(); err != nil {
		return err
	}
	go func() {
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				k.last.add(line)
				if cfg.Console != nil {
					_, _ = cfg.Console.Write([]byte(line)) // there is nobody to tell
				}
			}
			if err != nil {
				break
			}
		}
		err := k.cmd.Wait()
		k.died = netbsd.ENXIO
		if err != nil && !k.closed.Load() {
			k.died = &PanicError{Words: k.last.get()}
			if k.cmd.ProcessState.ExitCode() != exitPanicked {
				k.died = fmt.Errorf("the kernel's process has ended: %w", err)
			}
		}
		close(k.gone)
	}()
	return nil
}

// stop has the kernel halt, and waits for that.
func (k *apart) stop() error {
	var err error
	k.once.Do(func() {
		k.closed.Store(true)
		err = k.in.Close()
		select {
		case <-k.gone:
		case <-time.After(time.Minute): // its caches should be on disk by now
			err = errors.Join(err, k.cmd.Process.Kill(), errors.New("the kernel did not halt"))
			<-k.gone
		}
		err = errors.Join(err, os.RemoveAll(k.dir))
	})
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// Close halts the kernel.
func (k *apart) Close() error {
	return errors.Join(k.Client.Close(), k.stop())
}

// Release tells which NetBSD it is.
func (k *apart) Release() *kernel.Release { return k.Client.Release() }

// why returns the reason that a connection was lost.
func (k *apart) why(err error) error {
	if _, lost := errors.AsType[*sysproxy.ConnError](err); !lost {
		return err
	}
	select {
	case <-k.gone:
		return k.died
	case <-time.After(10 * time.Second): // for the process to be dead
		return err
	}
}

// NewProcess starts a process.
func (k *apart) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := k.Client.NewProcess(opt)
	if err != nil {
		return nil, k.why(err)
	}
	return &changedProcess{p, k.why}, nil
}
