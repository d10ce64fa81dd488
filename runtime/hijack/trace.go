package hijack

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/abigen/abigen/runtime/hijack/strace"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/kernel/ktrace"
)

// A Tracer writes down calls: as Linux meant them, and as NetBSD got them. Errors of
// the writer are lost.
type Tracer struct {
	mu   sync.Mutex
	w    io.Writer
	json bool
}

// NewTracer returns a Tracer that writes lines to w: texts in the style of strace(1)
// and ktruss(1), or JSON objects.
func NewTracer(w io.Writer, json bool) *Tracer { return &Tracer{w: w, json: json} }

// Kernel returns a kernel that does what k does, and whose calls are written. They stand
// before the call of Linux's that they are made for, and other calls may be between them.
func (t *Tracer) Kernel(k kernel.Kernel) kernel.Kernel {
	return ktrace.New(k, (*netbsdLines)(t), ktrace.Options{})
}

// Trace writes a call of Linux's. It is for Config.Trace. Files that the host has opened
// are left out.
func (t *Tracer) Trace(ev *Event) {
	name := CallName(ev.Number)
	if ev.Host && (name == "open" || name == "openat") {
		return
	}
	c := strace.Call{
		PID: ev.PID, Name: name, Args: ev.Args, Result: ev.Result, Errno: ev.Errno,
		Took: ev.Took, Note: ev.Note, Memory: ev.Memory,
	}
	if ev.Host {
		c.Result = 0
		c.Note = join("made by the host", c.Note)
	}
	if !t.json {
		t.write(c.Text())
		return
	}
	if b, err := json.Marshal(&c); err == nil {
		t.write(string(b))
	}
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

func (t *Tracer) write(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.w, line+"\n")
}

// netbsdLines takes the lines of package ktrace.
type netbsdLines Tracer

func (l *netbsdLines) Write(p []byte) (int, error) {
	t := (*Tracer)(l)
	line := string(bytes.TrimRight(p, "\n"))
	if !t.json {
		t.write("    NetBSD: " + line)
		return len(p), nil
	}
	b, err := json.Marshal(map[string]string{"netbsd": line})
	if err == nil {
		t.write(string(b))
	}
	return len(p), nil
}
