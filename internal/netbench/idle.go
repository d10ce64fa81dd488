package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"text/tabwriter"
)

// idleMemory prints what connections cost that nothing happens on: both ends,
// with a goroutine blocked in Read at one of them.
func idleMemory(ctx context.Context, o options, stdout io.Writer, ways []way) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\n%d idle connections\tKB each\tgoroutines each\t\n", o.idle)
	for i := range ways[:2] { // the host keeps its own in the kernel
		kb, goroutines, err := idle(ctx, &ways[i], o.idle)
		if err != nil {
			return fmt.Errorf("idle connections, %s: %w", ways[i].name, err)
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t\n", ways[i].name, kb, goroutines)
	}
	return w.Flush()
}

func idle(ctx context.Context, w *way, n int) (kb, goroutines float64, err error) {
	l, err := w.listen()
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	heap, gos := settled()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range n {
		c, err := w.dial(ctx, l.Addr())
		if err != nil {
			return 0, 0, err
		}
		conns = append(conns, c)
		s, err := l.Accept()
		if err != nil {
			return 0, 0, err
		}
		conns = append(conns, s)
		go func() { _, _ = s.Read(make([]byte, 1)) }()
	}
	heap2, gos2 := settled()
	return float64(heap2-heap) / float64(n) / 1024, float64(gos2-gos) / float64(n), nil
}

// settled returns the bytes in use, stacks included, after a collection.
func settled() (bytes uint64, goroutines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse, runtime.NumGoroutine()
}
