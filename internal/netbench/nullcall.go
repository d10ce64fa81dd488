package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// nullCall prints what a system call costs that does next to nothing.
func nullCall(ctx context.Context, o options, stdout io.Writer) error {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return err
	}
	defer k.Close()
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "netbench"})
	if err != nil {
		return err
	}
	t, err := p.NewThread(nil)
	if err != nil {
		return err
	}
	var figures []float64
	for range o.rounds {
		const calls = 200_000
		start := time.Now()
		for range calls {
			if _, _, err := t.Syscall(ctx, netbsd.SYS_getppid, syscalls.Args{}); err != nil {
				return err
			}
		}
		figures = append(figures, float64(time.Since(start).Nanoseconds())/calls)
	}
	fmt.Fprintf(stdout, "\nnull system call (getppid): %.0f ns\n", median(figures))
	return nil
}
