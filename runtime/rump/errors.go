package rump

import (
	"strings"
	"sync"
)

// A PanicError is what the calls of a kernel return after it has panicked.
type PanicError struct {
	Words []string // the last lines it printed
}

// Error returns, for instance, "the kernel has panicked: trap; rump kernel halting...".
func (e *PanicError) Error() string {
	if len(e.Words) == 0 {
		return "the kernel has panicked"
	}
	return "the kernel has panicked: " + strings.TrimPrefix(strings.Join(e.Words, "; "), "panic: ")
}

// lastLines are the last that a kernel printed.
type lastLines struct {
	mu    sync.Mutex
	lines []string
}

// keptLines is how many last words a kernel has.
const keptLines = 8

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line = strings.TrimSpace(line); line == "" {
		return
	}
	if len(l.lines) == keptLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
}

func (l *lastLines) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}
