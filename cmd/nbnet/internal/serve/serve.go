package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// Run boots a kernel and serves it until ctx is done, or a client halts it. Then
// everything is taken away again: sockets, taps and with these the host's routes
// through them. ready is called when the kernel is configured.
func Run(ctx context.Context, cfg *Config, host *hypercall.Host, log *slog.Logger, ready func(kernel.Kernel)) (err error) {
	if err := errors.Join(cfg.Check(), cfg.CheckListen()); err != nil {
		return err
	}
	// First, since that somebody listens there already is no time to join
	// his bus. Clients that are early wait.
	listeners, err := cfg.listen()
	if err != nil {
		return err
	}
	if cfg.Console == nil {
		cfg.Console = console{log}
	}
	k, err := Boot(ctx, cfg, host)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	ctx, halt := context.WithCancel(ctx)
	defer halt()
	s := &sysproxy.Server{Kernel: k, Log: log, Reboot: func(int32) { halt() }}
	failed := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		serving.Go(func() { failed <- s.Serve(l) })
	}
	ready(k)
	select {
	case <-ctx.Done():
	case err = <-failed:
	case <-Halted(k):
		err = WhyHalted(k)
	}
	err = errors.Join(err, s.Close())
	serving.Wait()
	return errors.Join(err, k.Close())
}

// WhyHalted returns what a kernel that has halted by itself says about it.
func WhyHalted(k kernel.Kernel) error {
	p, err := k.NewProcess(kernel.ProcessOptions{}) // which fails
	if err == nil {
		p.Exit()
		return errors.New("the kernel has halted")
	}
	return err
}

// Halted returns a channel that is closed when the kernel halts by itself, nil for one
// that does not.
func Halted(k kernel.Kernel) <-chan struct{} {
	if h, ok := k.(interface{ Halted() <-chan struct{} }); ok {
		return h.Halted()
	}
	return nil
}

// A console is that of a kernel, in the log.
type console struct{ log *slog.Logger }

func (c console) Write(line []byte) (int, error) {
	if text := strings.TrimSpace(string(line)); text != "" {
		c.log.Info("console", "text", text)
	}
	return len(line), nil
}

func (c *Config) listen() ([]net.Listener, error) {
	mode, err := c.mode()
	if err != nil {
		return nil, err
	}
	var listeners []net.Listener
	for _, url := range c.Listen {
		l, err := sysproxy.ListenConfig{Mode: mode, Public: c.Public}.Listen(url)
		if err != nil {
			return nil, errors.Join(explain(err), closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) error {
	var err error
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// explain says what to type when other machines would reach the kernel.
func explain(err error) error {
	if errors.Is(err, sysproxy.ErrPublic) {
		return &publicError{err}
	}
	return err
}

type publicError struct{ err error }

func (e *publicError) Error() string {
	return e.err.Error() + "; type tcp://127.0.0.1:PORT, or add --public"
}

func (e *publicError) Unwrap() error { return e.err }
