package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
)

// A crossing is a way for frames to cross a bus: run measures how many a second
// do.
type crossing struct {
	name string
	run  func(ctx context.Context, d time.Duration) (float64, error)
}

// busFrames prints how many frames a second cross a bus: between two stations
// alone, and between kernels with a TCP connection.
func busFrames(ctx context.Context, o options, stdout io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "netbench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var list []crossing
	for _, size := range []int{1514, 60} {
		list = append(list, crossing{fmt.Sprintf("two stations, %d bytes", size), func(ctx context.Context, d time.Duration) (float64, error) {
			return stations(ctx, filepath.Join(dir, "stations"), size, d)
		}})
	}
	pairs := [][2]kind{{embeddedKind, embeddedKind}, {servedKind, servedKind}}
	missing := rump.Missing()
	if missing == "" {
		pairs = append(pairs, [2]kind{netbsdKind, netbsdKind}, [2]kind{servedKind, netbsdKind}, [2]kind{netbsdKind, servedKind})
	}
	for i, pair := range pairs {
		name := fmt.Sprintf("TCP, %s to %s", pair[0].name, pair[1].name)
		p, err := newKernels(ctx, filepath.Join(dir, fmt.Sprint(i)), pair)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer p.close()
		list = append(list, crossing{name, p.run})
	}
	figures := make([][]float64, len(list))
	for range o.rounds {
		for i, c := range list {
			f, err := c.run(ctx, o.round)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			figures[i] = append(figures[i], f)
		}
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nframes over a bus\tper second\t")
	for i, c := range list {
		fmt.Fprintf(w, "%s\t%s\t\n", c.name, format(median(figures[i])))
	}
	if missing != "" {
		fmt.Fprintf(w, "TCP, %s\tleft out: %s\t\n", netbsdKind.name, missing)
	}
	return w.Flush()
}

// stations measures a station that sends, one frame at a time, and one that
// receives. The sender keeps so close that none is missed.
func stations(ctx context.Context, path string, size int, d time.Duration) (float64, error) {
	const window = 256
	a, err := shmif.Open(path)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	b, err := shmif.Open(path)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	var received atomic.Int64
	b.Start(func([]byte) { received.Add(1) })
	frame := make([]byte, size)
	start := time.Now()
	for sent := int64(0); time.Since(start) < d; {
		if sent-received.Load() >= window {
			runtime.Gosched()
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			continue
		}
		if err := a.Send(frame); err != nil {
			return 0, err
		}
		sent++
	}
	return float64(received.Load()) / time.Since(start).Seconds(), nil
}
