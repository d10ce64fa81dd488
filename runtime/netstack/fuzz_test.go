package netstack_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// FuzzSyscall makes any system call with any arguments and any memory: each
// returns, with an errno if anything. The seeds are the transcripts.
func FuzzSyscall(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(vectors, "*", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no transcripts in %s: %v", vectors, err)
	}
	for i, file := range files {
		sc, err := transcript.Read(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), seed(f, sc))
	}
	f.Fuzz(func(t *testing.T, mood uint8, program []byte) {
		k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Host: buses()})
		if err != nil {
			t.Fatal(err)
		}
		r := newFuzzRun(t, k, mood)
		r.run(program)
		if r.finish() {
			halt(t, k)
		}
	})
}

// A program is a list of operations, each a byte followed by its operands.
const (
	opPoke  = iota // write memory: buffer, offset (2), length (2), bytes
	opCall         // make a call: number (2), count, arguments (length, bytes) each
	opAsync        // the same in a second thread
	opCount
)

const (
	fuzzCalls    = 128                  // at most in one program
	fuzzPatience = 2 * time.Millisecond // before a call is interrupted
	fuzzLimit    = 60 * time.Second     // before one that was interrupted is said to hang
	fuzzHeap     = 64 << 20             // bytes that one call may allocate
)

// seed translates a scenario.
func seed(f *testing.F, sc *transcript.Scenario) []byte {
	var p []byte
	fds := descriptors{}
	for i := range sc.Steps {
		s := &sc.Steps[i]
		if s.Num == 0 {
			continue
		}
		args, memory, err := s.Layout(fds)
		if err != nil {
			f.Fatalf("%s/%s, line %d: %v", sc.Area, sc.Name, s.Line, err)
		}
		for _, m := range memory {
			p = append(p, opPoke, byte(m.Addr>>24), 0, 0)
			p = binary.LittleEndian.AppendUint16(p, uint16(len(m.Bytes)))
			p = append(p, m.Bytes[:uint16(len(m.Bytes))]...)
		}
		op := byte(opCall)
		if s.Async {
			op = opAsync
		}
		p = binary.LittleEndian.AppendUint16(append(p, op), uint16(s.Num))
		p = append(p, byte(len(s.Args)))
		for _, a := range args[:len(s.Args)] {
			p = appendWord(p, int64(a))
		}
		fds.after(s)
	}
	return p
}

// appendWord appends a number as its length and as many bytes as it needs.
func appendWord(p []byte, v int64) []byte {
	n := 0
	for n < 8 && v>>(8*n) != 0 && (v>>(8*n) != -1 || n == 0) {
		n++
	}
	if v > 0 && n < 8 && v>>(8*n-1) != 0 {
		n++ // or it would be read as negative
	}
	p = append(p, byte(n))
	for i := range n {
		p = append(p, byte(v>>(8*i)))
	}
	return p
}

// descriptors guesses which number the descriptors of a scenario have.
type descriptors map[string]int

func (d descriptors) after(s *transcript.Step) {
	if s.Num == netbsd.SYS_close && s.Errno == 0 {
		delete(d, s.Args[0].FD)
	}
	for _, r := range s.Ret {
		d.open(r.NewFD)
	}
	for _, out := range s.Out {
		for _, p := range out.Content {
			d.open(p.NewFD)
		}
	}
}

func (d descriptors) open(name string) {
	if name == "" {
		return
	}
	var taken []int
	for _, fd := range d {
		taken = append(taken, fd)
	}
	fd := 0
	for slices.Contains(taken, fd) {
		fd++
	}
	d[name] = fd
}

// The moods of a run.
const (
	moodChanging = 1 << iota // memory changes when it is read
	moodFaulting             // some accesses fail
	moodClosing              // descriptors are closed in mid-call
	moodUnprivileged
)

// A fuzzRun is a program under way.
type fuzzRun struct {
	t      *testing.T
	proc   kernel.Process
	mem    *hostileMemory
	main   kernel.Thread
	second kernel.Thread
	closer kernel.Thread // nil unless descriptors are closed in mid-call
	async  sync.WaitGroup
	busy   chan struct{} // holds a token while the second thread makes a call
	broken atomic.Bool   // the kernel panicked, and may have left anything locked
}

func newFuzzRun(t *testing.T, k kernel.Kernel, mood uint8) *fuzzRun {
	r := &fuzzRun{t: t, busy: make(chan struct{}, 1)}
	r.mem = &hostileMemory{changing: mood&moodChanging != 0, faulting: mood&moodFaulting != 0}
	var err error
	if r.proc, err = k.NewProcess(kernel.ProcessOptions{Name: "fuzz"}); err != nil {
		t.Fatal(err)
	}
	r.main, r.second = r.thread(), r.thread()
	if mood&moodClosing != 0 {
		r.closer = r.thread()
	}
	if mood&moodUnprivileged != 0 {
		if err := syscalls.Setuid(t.Context(), r.main, 1000); err != nil {
			t.Error(err)
		}
	}
	return r
}

func (r *fuzzRun) thread() kernel.Thread {
	th, err := r.proc.NewThread(r.mem)
	if err != nil {
		r.t.Fatal(err)
	}
	return th
}

func (r *fuzzRun) run(program []byte) {
	p := operands{program}
	for range fuzzCalls {
		if r.broken.Load() {
			return
		}
		for len(p.left) > 0 && p.left[0]%opCount == opPoke {
			p.take(1)
			r.mem.poke(p.number(1), p.number(2), p.take(p.number(2)))
		}
		if len(p.left) == 0 {
			return
		}
		op := p.number(1) % opCount
		num := syscalls.Number(int16(p.number(2)))
		var args syscalls.Args
		for i := range p.number(1) % (syscalls.MaxArgs + 1) {
			args[i] = uintptr(p.word())
		}
		if op == opAsync {
			r.start(num, args)
			continue
		}
		r.call(r.main, num, args)
	}
}

// start makes a call in the second thread, unless it has one under way.
func (r *fuzzRun) start(num syscalls.Number, args syscalls.Args) {
	select {
	case r.busy <- struct{}{}:
	default:
		return
	}
	r.async.Go(func() {
		r.call(r.second, num, args)
		<-r.busy
	})
}

// call makes a call, and interrupts it when it blocks.
func (r *fuzzRun) call(th kernel.Thread, num syscalls.Number, args syscalls.Args) {
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	hang := time.AfterFunc(fuzzLimit, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s with %#x hangs", num, args))
	})
	defer hang.Stop()
	if r.closer != nil && th == r.main {
		var closing sync.WaitGroup
		closing.Go(func() { _ = syscalls.Close(ctx, r.closer, int32(args[0])) })
		defer closing.Wait()
	}
	defer func() {
		if p := recover(); p != nil {
			r.broken.Store(true)
			r.t.Errorf("%s with %#x: panic: %v\n%s", num, args, p, debug.Stack())
		}
	}()
	before := allocated()
	_, _, err := th.Syscall(ctx, num, args)
	if n := allocated() - before; n > fuzzHeap {
		r.t.Errorf("%s with %#x allocated %d bytes", num, args, n)
	}
	var errno netbsd.Errno
	if err != nil && (!errors.As(err, &errno) || errno == 0) {
		r.t.Errorf("%s with %#x failed with %v (%T), which is no errno", num, args, err, err)
	}
}

// finish waits for the calls and ends the process, if it can be.
func (r *fuzzRun) finish() bool {
	r.async.Wait()
	if r.broken.Load() {
		return false
	}
	r.proc.Exit()
	return true
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// Operands are what is left of a program. Behind its end there are zeros.
type operands struct{ left []byte }

func (p *operands) take(n int) []byte {
	b := p.left[:min(n, len(p.left))]
	p.left = p.left[len(b):]
	return b
}

func (p *operands) number(size int) int {
	var b [4]byte
	copy(b[:size], p.take(size))
	return int(binary.LittleEndian.Uint32(b[:]))
}

func (p *operands) word() int64 {
	n := p.number(1) % 9
	var b [8]byte
	copy(b[:], p.take(n))
	v := int64(binary.LittleEndian.Uint64(b[:]))
	if n == 0 {
		return 0
	}
	return v << (64 - 8*n) >> (64 - 8*n)
}

// A hostileMemory has buffers of a few pages at n << 24, n from 1 to 15, and
// may do its worst.
type hostileMemory struct {
	changing, faulting bool

	mu       sync.Mutex
	buffers  [16][]byte
	accesses int
}

const hostileSize = 1 << 16

func (m *hostileMemory) poke(buffer, off int, b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.at(abi.Addr(buffer<<24+off), 1); p != nil {
		copy(m.buffers[buffer][off:], b)
	}
}

// at returns the n bytes at a, nil when they are not all there.
func (m *hostileMemory) at(a abi.Addr, n int) []byte {
	buffer, off := uint64(a)>>24, int(a&(1<<24-1))
	if buffer == 0 || buffer >= uint64(len(m.buffers)) || off > hostileSize || n > hostileSize-off {
		return nil
	}
	if m.buffers[buffer] == nil {
		m.buffers[buffer] = make([]byte, hostileSize)
	}
	return m.buffers[buffer][off : off+n]
}

func (m *hostileMemory) ReadAt(p []byte, a abi.Addr) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.at(a, len(p))
	if b == nil || m.faults() {
		return &abi.AddrError{Op: "read", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(p, b)
	if m.changing {
		for i := range b {
			b[i] = b[i]*5 + 3
		}
	}
	return nil
}

func (m *hostileMemory) WriteAt(p []byte, a abi.Addr) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.at(a, len(p))
	if b == nil || m.faults() {
		return &abi.AddrError{Op: "write", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(b, p)
	return nil
}

// faults tells that an access fails: every fifth.
func (m *hostileMemory) faults() bool {
	m.accesses++
	return m.faulting && m.accesses%5 == 0
}
