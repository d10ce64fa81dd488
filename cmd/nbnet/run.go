package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/serve"
	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// runFlags are what the command line of run has.
type runFlags struct {
	config serveFlags
	via    []string
	trace  string
	stats  bool
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] -- PROGRAM [ARGUMENT...]",
		Short: "Run a Linux program on a kernel",
		Long: `Run runs an unmodified Linux program, and all it starts, so that its sockets are those of a
NetBSD kernel: one that run boots and configures as serve does, or the one that --server
names, or the environment variable RUMP_SERVER, if no flag configures a new one. Nothing of the
host's network is reached, unless --via says so. Local sockets are the host's.

With --via host=dns what goes to port 53 is the host's, and with --via host=loopback what goes to
127.0.0.0/8 and ::1.

Run ends when the program and all that it has started have ended. SIGHUP, SIGINT, SIGQUIT, SIGTERM,
SIGUSR1 and SIGUSR2 are passed on to the program. When that has ended, the first four go to what it
has started, which is killed if it is still there 5 seconds later; and so it is when the program
ends after SIGTERM.

It takes Linux 5.14 or later. The exit code is the program's, or 128 and the number of the signal
that ended it; 127 if there is no such program, 126 if it cannot be executed.`,
		Example: `  nbnet run --iface virt0=tap:tap0,10.0.0.2/24 --route default=10.0.0.1 --via host=dns -- curl http://example.com/
  nbnet run --server unix:///tmp/kernel -- python3 -m http.server`,
		GroupID: kernels,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd.Context(), &f, args)
		},
	}
	fl := cmd.Flags()
	fl.SetInterspersed(false)
	f.config.kernelFlags(cmd)
	fl.StringArrayVar(&f.via, "via", nil, "what is reached through the host, `host=dns` or host=loopback; may be repeated")
	fl.StringVar(&f.trace, "trace", "", "write each call that is translated, as `text`; --trace=json for tools")
	fl.Lookup("trace").NoOptDefVal = "text"
	fl.BoolVar(&f.stats, "stats", false, "write at the end how many calls there were, and how long they took")
	return cmd
}

// gcPercent makes garbage be collected less often than by default, for a kernel of a few
// megabytes whose connections are soon garbage. It takes a tenth of the time of one.
const gcPercent = 400

// linger is for how long run's own kernel goes on for data that peers have not
// taken when the program has ended.
const linger = 10 * time.Second

func (a *app) run(ctx context.Context, f *runFlags, args []string) error {
	if _, ok := os.LookupEnv("GOGC"); !ok {
		debug.SetGCPercent(gcPercent)
	}
	path, err := hijack.LookPath(args[0])
	if err != nil {
		return err
	}
	via, err := f.viaHost()
	if err != nil {
		return err
	}
	if via.Host != nil {
		defer func() { _ = via.Host.Close() }()
	}
	k, err := a.kernelFor(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = k.Close() }()
	end := endOf(ctx, k)
	cfg := hijack.Config{Args: args, Path: path, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Via: via, Adopt: true}
	if _, remote := k.(*sysproxy.Client); !remote {
		cfg.Linger = linger
	}
	switch f.trace {
	case "":
	case "text", "json":
		t := hijack.NewTracer(os.Stderr, f.trace == "json")
		k, cfg.Trace = t.Kernel(k), t.Trace
	default:
		return command.Usage("type --trace or --trace=json", "--trace %q", f.trace)
	}
	if f.stats {
		cfg.Stats = os.Stderr
	}
	code, err := runProgram(ctx, k, end, cfg)
	if err != nil {
		return err
	}
	if code != 0 {
		return command.Status(code)
	}
	return nil
}

// runProgram runs the program, and passes signals on to it, but for those that whoever
// has started this wants to be ignored. The end of the kernel ends the program.
func runProgram(ctx context.Context, k kernel.Kernel, end kernelEnd, cfg hijack.Config) (int, error) {
	signals := make(chan os.Signal, 8)
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2} {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil {
		return 0, err // a signal has come already
	}
	cfg.Signals = signals
	ctx, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	go func() {
		select {
		case <-end.come:
			kill()
		case <-ctx.Done():
		}
	}()
	code, err := hijack.Run(ctx, k, cfg)
	select {
	case <-end.come:
		return 0, end.why()
	default:
		return code, err
	}
}

// A kernelEnd is when a kernel ends by itself, and why.
type kernelEnd struct {
	come <-chan struct{} // closed then
	why  func() error
}

// endOf returns the end of a kernel, which may be in another process.
func endOf(ctx context.Context, k kernel.Kernel) kernelEnd {
	c, ok := k.(*sysproxy.Client)
	if !ok {
		return kernelEnd{serve.Halted(k), func() error { return serve.WhyHalted(k) }}
	}
	gone := make(chan struct{})
	var why error
	go func() {
		if lost, ok := errors.AsType[*sysproxy.ConnError](c.Wait(ctx)); ok {
			why = fmt.Errorf("the kernel at %v is gone", lost.URL)
			close(gone)
		}
	}()
	return kernelEnd{gone, func() error { return why }}
}

// kernelFor returns the kernel to run on.
func (a *app) kernelFor(ctx context.Context, f *runFlags) (kernel.Kernel, error) {
	url := a.server
	if url != "" && f.config.given() {
		return nil, command.Usage("leave out one of them", "--server names a kernel, the other flags configure a new one")
	}
	if url == "" && !f.config.given() {
		url = os.Getenv("RUMP_SERVER")
	}
	if url != "" {
		return dialURL(ctx, url)
	}
	cfg, err := f.config.read(nil)
	if err != nil {
		return nil, err
	}
	return serve.Boot(ctx, cfg, nil)
}

// viaHost reads --via.
func (f *runFlags) viaHost() (hijack.Via, error) {
	var via hijack.Via
	for _, s := range f.via {
		switch s {
		case "host=dns":
			via.DNS = true
		case "host=loopback":
			via.Loopback = true
		case "stack=dns":
			via.DNS = false
		case "stack=loopback":
			via.Loopback = false
		default:
			return via, command.Usage("type host=dns or host=loopback", "--via %q", s)
		}
	}
	if !via.DNS && !via.Loopback {
		return via, nil
	}
	k, err := netstack.New(netstack.Config{Sockin: new(sockin.Host)})
	if err != nil {
		return via, fmt.Errorf("the host's network: %w", err)
	}
	via.Host = k
	return via, nil
}
