//go:build linux && amd64

package main

import (
	"io"
	"os/exec"
	"slices"
	"testing"
)

// All ways to do a thing must do the same thing, or the table says nothing.
// Nothing is timed here.
func TestWaysAgree(t *testing.T) {
	var c *peer
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Logf("without C: %v", err)
	} else {
		if c, err = peerOf(t.Context(), options{cc: "gcc"}, io.Discard); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := c.stop(); err != nil {
				t.Error(err)
			}
		}()
	}
	for _, cv := range conversions() {
		if err := cv.agree(c); err != nil {
			t.Error(err)
		}
		if n := testing.AllocsPerRun(100, func() { cv.generated(1) }); n != 0 {
			t.Errorf("%s allocates %g times", cv.name, n)
		}
	}
	for _, l := range lookups() {
		if err := l.agree(c); err != nil {
			t.Error(err)
		}
	}
}

func TestDisagreement(t *testing.T) {
	cv := conversions()[0]
	cv.once[1] = func() {}
	if err := cv.agree(nil); err == nil {
		t.Error("a converter that does nothing agrees with one that does")
	}
}

func TestMedian(t *testing.T) {
	s := &series{rounds: []float64{9, 1, 2}}
	twice := &series{rounds: []float64{3, 0.5, 1}}
	if m := s.median(); m != 2 {
		t.Errorf("median %g, want 2", m)
	}
	if r := s.over(twice); r != 2 {
		t.Errorf("ratio %g, want 2", r)
	}
	if !slices.Equal(s.rounds, []float64{9, 1, 2}) {
		t.Errorf("the rounds are in another order: %v", s.rounds)
	}
}
