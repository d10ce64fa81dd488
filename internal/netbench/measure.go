package main

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"time"
)

// A measure is one thing that is measured.
type measure struct {
	name  string
	scale float64 // of what happens in a second, for the table
	do    func(ctx context.Context, w *way, d time.Duration) (result, error)
}

type result struct {
	perSecond float64
	allocs    float64 // for each thing that happens
	processor float64 // microseconds for each step, of the program and of Linux for it
}

// bulkLarge is measured with gVisor's sizes of buffers, all else with NetBSD's.
var bulkLarge = measure{"TCP bulk, large buffers, MB/s", 1e-6, bulk}

var measures = []measure{
	{"TCP bulk, MB/s", 1e-6, bulk},
	{"TCP 1-byte round trips/s", 1, roundTrips},
	{"TCP connections/s", 1, connections},
	{"UDP 1400-byte round trips/s", 1, packets(1400)},
	{"UDP 16-byte round trips/s", 1, packets(16)},
}

// count calls step, which returns how many things happened, until d is over.
func count(ctx context.Context, d time.Duration, step func() (int, error)) (result, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	busy, start := processorTime(), time.Now()
	n, steps := 0, 0
	for time.Since(start) < d {
		for range 16 {
			k, err := step()
			if err != nil {
				return result{}, err
			}
			n, steps = n+k, steps+1
		}
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
	}
	took, busy := time.Since(start), processorTime()-busy
	runtime.ReadMemStats(&after)
	return result{
		perSecond: float64(n) / took.Seconds(),
		allocs:    float64(after.Mallocs-before.Mallocs) / float64(steps),
		processor: float64(busy.Nanoseconds()) / 1e3 / float64(steps),
	}, nil
}

// processorTime returns how much of it the program has had.
func processorTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails for other arguments only
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// pair returns both ends of a connection.
func pair(ctx context.Context, w *way) (client, server net.Conn, err error) {
	l, err := w.listen()
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	type accepted struct {
		net.Conn
		error
	}
	ch := make(chan accepted, 1)
	go func() {
		c, err := l.Accept()
		ch <- accepted{c, err}
	}()
	client, err = w.dial(ctx, l.Addr())
	if err != nil {
		return nil, nil, err
	}
	a := <-ch
	if a.error != nil {
		client.Close()
		return nil, nil, a.error
	}
	return client, a.Conn, nil
}

func bulk(ctx context.Context, w *way, d time.Duration) (result, error) {
	c, s, err := pair(ctx, w)
	if err != nil {
		return result{}, err
	}
	done := make(chan error, 1)
	go func() {
		buf := make([]byte, 64<<10)
		for {
			if _, err := s.Read(buf); err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				done <- err
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	r, err := count(ctx, d, func() (int, error) { return c.Write(buf) })
	c.Close()
	if e := <-done; err == nil {
		err = e
	}
	s.Close()
	return r, err
}

func roundTrips(ctx context.Context, w *way, d time.Duration) (result, error) {
	c, s, err := pair(ctx, w)
	if err != nil {
		return result{}, err
	}
	defer s.Close()
	defer c.Close()
	go func() {
		buf := make([]byte, 1)
		for {
			if _, err := s.Read(buf); err != nil {
				return
			}
			if _, err := s.Write(buf); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1)
	return count(ctx, d, func() (int, error) {
		if _, err := c.Write(buf); err != nil {
			return 0, err
		}
		_, err := c.Read(buf)
		return 1, err
	})
}

func connections(ctx context.Context, w *way, d time.Duration) (result, error) {
	l, err := w.listen()
	if err != nil {
		return result{}, err
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	one := make([]byte, 1)
	return count(ctx, d, func() (int, error) {
		c, err := w.dial(ctx, l.Addr())
		if err != nil {
			return 0, err
		}
		_, err = c.Read(one) // the server closes first, so ports are free at once
		c.Close()
		if !errors.Is(err, io.EOF) {
			return 0, err
		}
		return 1, nil
	})
}

func packets(size int) func(context.Context, *way, time.Duration) (result, error) {
	return func(ctx context.Context, w *way, d time.Duration) (result, error) {
		a, err := w.listenPacket()
		if err != nil {
			return result{}, err
		}
		defer a.Close()
		b, err := w.listenPacket()
		if err != nil {
			return result{}, err
		}
		defer b.Close()
		go func() {
			buf := make([]byte, 2048)
			for {
				n, from, err := b.ReadFrom(buf)
				if err != nil {
					return
				}
				if _, err := b.WriteTo(buf[:n], from); err != nil {
					return
				}
			}
		}()
		buf, to := make([]byte, size), b.LocalAddr()
		return count(ctx, d, func() (int, error) {
			if _, err := a.WriteTo(buf, to); err != nil {
				return 0, err
			}
			_, _, err := a.ReadFrom(buf)
			return 1, err
		})
	}
}
