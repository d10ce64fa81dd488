package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// remoteC is a program with NetBSD's own client.
//
//go:embed testdata/remote.c
var remoteC string

// A caller makes null calls of a remote kernel for a time.
type caller func(ctx context.Context, d time.Duration) (perSecond float64, err error)

// remoteCalls prints how many null calls a client makes of a kernel in another
// process, one after the other: ours and NetBSD's, each with ours and NetBSD's server.
func remoteCalls(ctx context.Context, o options, stdout io.Writer) (err error) {
	if why := rump.Missing(); why != "" {
		fmt.Fprintf(stdout, "\nremote null calls: %s\n", why)
		return nil
	}
	dir, err := os.MkdirTemp("", "netbench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := compileRemoteC(ctx, dir)
	if err != nil {
		fmt.Fprintf(stdout, "\nremote null calls: %v\n", err)
		return nil
	}
	theirs, err := rump.Start(ctx, dir, "n")
	if err != nil {
		return err
	}
	defer theirs.Close()
	ours, err := startServer(ctx, filepath.Join(dir, "e"))
	if err != nil {
		return err
	}
	defer ours.Close()
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nremote null calls/s\tsysproxy.Client\tlibrumpclient\tto it\t")
	for _, server := range []struct{ name, url string }{{"rump_server", theirs.URL}, {"sysproxy.Server", ours.url}} {
		mine, stop, err := goCaller(ctx, server.url)
		if err != nil {
			return err
		}
		defer stop()
		c, stopC, err := cCaller(ctx, program, server.url)
		if err != nil {
			return err
		}
		defer stopC()
		var figures [2][]float64
		for range o.rounds {
			for i, call := range []caller{mine, c} {
				f, err := call(ctx, o.round)
				if err != nil {
					return fmt.Errorf("%s: %w", server.name, err)
				}
				figures[i] = append(figures[i], f)
			}
		}
		a, b := median(figures[0]), median(figures[1])
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t\n", server.name, format(a), format(b), a/b)
	}
	return w.Flush()
}

// goCaller is a client of this module.
func goCaller(ctx context.Context, url string) (caller, func(), error) {
	c, err := sysproxy.Dial(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	p, err := c.NewProcess(kernel.ProcessOptions{Name: "netbench"})
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	t, err := p.NewThread(nil)
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return func(ctx context.Context, d time.Duration) (float64, error) {
		start, n := time.Now(), 0
		for time.Since(start) < d {
			for range 100 {
				if _, err := syscalls.Getppid(ctx, t); err != nil {
					return 0, err
				}
				n++
			}
		}
		return float64(n) / time.Since(start).Seconds(), nil
	}, func() { _ = c.Close() }, nil
}

// cCaller is a program with NetBSD's client, which runs until it is stopped.
func cCaller(ctx context.Context, program, url string) (caller, func(), error) {
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), "RUMP_SERVER="+url)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	answers := bufio.NewReader(out)
	return func(_ context.Context, d time.Duration) (f float64, err error) {
		if _, err := fmt.Fprintln(in, d.Milliseconds()); err != nil {
			return 0, err
		}
		_, err = fmt.Fscanln(answers, &f)
		return f, err
	}, func() { _, _ = in.Close(), cmd.Wait() }, nil
}

// compileRemoteC compiles the program in a directory.
func compileRemoteC(ctx context.Context, dir string) (string, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", errors.New("there is no C compiler")
	}
	prefix := os.Getenv("RUMP_PREFIX")
	lib := filepath.Join(prefix, "lib")
	source, program := filepath.Join(dir, "remote.c"), filepath.Join(dir, "remote")
	if err := os.WriteFile(source, []byte(remoteC), 0o600); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, cc, "-O2", "-o", program, source, "-I"+filepath.Join(prefix, "include"),
		"-L"+lib, "-lrumpclient", "-lpthread", "-Wl,-rpath,"+lib).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("NetBSD's client library: %w\n%s", err, out)
	}
	return program, nil
}
