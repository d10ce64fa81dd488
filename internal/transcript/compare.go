package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/abigen/abigen/netbsd"
)

// outcome says how a call ended.
func outcome(c *call) string {
	if c.err != nil {
		return "failed with " + describe(c.err)
	}
	return fmt.Sprintf("returned %d", int64(c.r0))
}

func describe(err error) string {
	var errno netbsd.Errno
	if errors.As(err, &errno) {
		return name(int32(errno))
	}
	return err.Error()
}

// name returns the name of an errno.
func name(errno int32) string {
	if errno == 0 {
		return "success"
	}
	if s := netbsd.Errno(errno).Name(); s != "" {
		return s
	}
	return "errno " + strconv.Itoa(int(errno))
}

// compare looks at what a call did, and remembers what it returned. want is the
// step of the call, or of its $join.
func (r *replayer) compare(c *call, want *Step, signals []int32) {
	differ := func(format string, args ...any) {
		if want.Quirk == "" && c.step.Quirk == "" {
			r.differ(c.step, format, args...)
		}
	}
	var errno netbsd.Errno
	if c.err != nil && !errors.As(c.err, &errno) {
		r.differ(c.step, "%v", c.err) // a bug of the real kernel is no excuse
		return
	}
	if got := int32(errno); got != want.Errno && !slices.Contains(want.Accept, got) {
		differ("%s, not %s", name(got), name(want.Errno))
		return
	}
	if errno == 0 {
		r.registers(c, want, differ)
	}
	for _, b := range c.args.buffers {
		if d := r.buffer(c, want, b); d != "" {
			differ("%s: %s", b.key, d)
		}
	}
	if !slices.Equal(signals, want.Signals) {
		differ("signals %v, not %v", signals, want.Signals)
	}
}

func (r *replayer) registers(c *call, want *Step, differ func(string, ...any)) {
	for i, w := range want.Ret {
		got := uint64([2]uintptr{c.r0, c.r1}[i])
		switch {
		case w.Any:
		case w.NewFD != "":
			r.fds[w.NewFD] = got
		case w.FD != "":
			if fd, err := r.fd(w.FD); err != nil || fd != got {
				differ("register %d is %d, not that of descriptor %q (%d)", i, int64(got), w.FD, int64(fd))
			}
		case w.Var != "":
			b := make([]byte, max(w.Size, 1))
			putLE(b, got)
			if v, ok := r.vars[w.Var]; !ok {
				r.vars[w.Var] = b
			} else if getLE(v) != getLE(b) {
				differ("register %d is %d, not that of %q (%d)", i, int64(got), w.Var, int64(getLE(v)))
			}
		case got != w.Value:
			differ("register %d is %d, not %d", i, int64(got), int64(w.Value))
		}
	}
}

// buffer compares what is in a buffer with what should be: "" when it is.
func (r *replayer) buffer(c *call, want *Step, b *buffer) string {
	r.mem.mu.Lock()
	defer r.mem.mu.Unlock()
	expect := bytes.Clone(b.before)
	if result, ok := want.Out[b.key]; ok {
		if err := r.expect(expect, &result, b, c.args); err != nil {
			return err.Error()
		}
	}
	got := bytes.Clone(b.bytes)
	for _, m := range want.Mask[b.key] {
		from := min(max(m[0], 0), len(got))
		copy(got[from:min(from+m[1], len(got))], expect[from:])
	}
	if d := diff(got, expect); d != "" {
		return d
	}
	if b.beyond > 0 {
		return strconv.Itoa(b.beyond) + " bytes were written behind its end"
	}
	return ""
}

// expect changes b, what was in a buffer before the call, to what should be
// there now. Names that are new are bound to what is found.
func (r *replayer) expect(b []byte, result *Result, found *buffer, a *arguments) error {
	switch {
	case result.FDSet != nil:
		return r.fdset(b, result.FDSet)
	case result.Header != nil:
		return members(b, result.Header)
	case result.Headers != nil:
		if len(result.Headers)*sizeMmsghdr > len(b) {
			return errors.New("more headers are expected than there are")
		}
		for i, h := range result.Headers {
			if err := members(b[i*sizeMmsghdr:], h); err != nil {
				return err
			}
		}
		return nil
	}
	at := 0
	for i := range result.Content {
		p := &result.Content[i]
		n := p.size()
		if at+n > len(b) {
			return errors.New("more bytes are expected than the buffer has")
		}
		there := found.bytes[at : at+n]
		_, known := r.vars[p.Var]
		switch {
		case p.NewFD != "":
			r.fds[p.NewFD] = getLE(there)
			copy(b[at:], there)
		case p.Var != "" && !known:
			r.vars[p.Var] = bytes.Clone(there)
			copy(b[at:], there)
		default:
			if err := r.put(b[at:at+n], p, a); err != nil {
				return err
			}
		}
		at += n
	}
	return nil
}

// members changes the members of a struct msghdr or mmsghdr.
func members(b []byte, m map[string]int64) error {
	for name, value := range m {
		off, ok := memberOffsets[name]
		if !ok || off+4 > len(b) {
			return fmt.Errorf("no member %q", name)
		}
		le.PutUint32(b[off:], uint32(value))
	}
	return nil
}

// diff shows where two buffers of the same size differ.
func diff(got, want []byte) string {
	first := -1
	last := 0
	for i := range got {
		if got[i] != want[i] {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return ""
	}
	const around, most = 16, 192
	from, to := max(first-around, 0), min(last+1+around, len(got))
	to = min(to, from+most)
	return fmt.Sprintf("differs at %d..%d; bytes %d to %d:\n\tgot  %x\n\twant %x", first, last, from, to, got[from:to], want[from:to])
}
