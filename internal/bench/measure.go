//go:build linux && amd64

package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// slice is how long one measurement is to take. Many short ones, taken in turn,
// see the same weather; a long one sees its own.
const slice = time.Millisecond

// A series is one way of doing one thing, and what it took each time.
type series struct {
	run    func(n int) (time.Duration, error)
	n      int
	rounds []float64 // nanoseconds for one
}

// timed makes a series of a Go loop. It counts the processor time of this
// thread, so that others on the machine count only by what they do to its caches.
func timed(f loop) *series {
	return &series{run: func(n int) (time.Duration, error) {
		start := threadTime()
		f(n)
		return threadTime() - start, nil
	}}
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(fmt.Errorf("clock of the thread: %w", err))
	}
	return time.Duration(t.Nano())
}

// calibrate finds how often to do it to fill a slice.
func (s *series) calibrate() error {
	for s.n = 1; ; s.n *= 2 {
		took, err := s.run(s.n)
		if err != nil {
			return err
		}
		if took >= slice/2 {
			return nil
		}
	}
}

func (s *series) round() error {
	took, err := s.run(s.n)
	s.rounds = append(s.rounds, float64(took)/float64(s.n))
	return err
}

// measure takes rounds measurements of all series in turn.
func measure(rounds int, all []*series) error {
	for _, s := range all {
		if err := s.calibrate(); err != nil {
			return err
		}
	}
	for range rounds {
		for _, s := range all {
			if err := s.round(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *series) median() float64 { return median(s.rounds) }

// over returns the median of how many times as long as other s took, each
// round beside the same round.
func (s *series) over(other *series) float64 {
	ratios := make([]float64, len(s.rounds))
	for i := range ratios {
		ratios[i] = s.rounds[i] / other.rounds[i]
	}
	return median(ratios)
}

func median[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
