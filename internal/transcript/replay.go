package transcript

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Difference is a call that does not agree with what was recorded.
type Difference struct {
	Step *Step
	What string // the first thing that differs
}

// How long a call may take, how long a blocked one that is to return, and after
// what time one that is to block is believed to do so.
const (
	callLimit = time.Minute
	joinLimit = time.Minute
	blocked   = 50 * time.Millisecond
)

// Replay makes the calls of a scenario on a kernel that has just booted, and
// returns those that do not agree, in the order of the steps. An error says
// that the scenario itself makes no sense.
//
// A call that does not return ends the scenario: it and all after it differ. So
// does a fork that the kernel does not support.
func Replay(k kernel.Kernel, sc *Scenario) ([]Difference, error) {
	r := &replayer{
		pauses:  sc.Pauses,
		uptime:  sc.Uptime,
		kernel:  k,
		mem:     newMemory(),
		threads: map[string]*thread{},
		fds:     map[string]uint64{},
		vars:    map[string][]byte{},

		patience: 3 * time.Second,
	}
	defer r.close()
	p := new(process)
	var err error
	if p.Process, err = k.NewProcess(kernel.ProcessOptions{Name: "replay", Signal: p.raised}); err != nil {
		return nil, err
	}
	r.processes = append(r.processes, p)
	if err := r.newThread("main", p); err != nil {
		return nil, err
	}
	for i := range sc.Steps {
		s := &sc.Steps[i]
		err := r.step(s)
		if errors.Is(err, errors.ErrUnsupported) {
			r.skip(sc.Steps[i+1:], err.Error())
			break
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", s.Line, s.Call, err)
		}
		if r.stuck {
			r.skip(sc.Steps[i+1:], fmt.Sprintf("the call of line %d did not return", s.Line))
			break
		}
	}
	slices.SortStableFunc(r.differences, func(a, b Difference) int { return a.Step.Line - b.Step.Line })
	return r.differences, nil
}

// A replayer is a scenario under way.
type replayer struct {
	kernel    kernel.Kernel
	pauses    int
	uptime    func() time.Duration // nil: the machine's
	mem       *memory
	processes []*process
	threads   map[string]*thread
	fds       map[string]uint64 // descriptors by name
	vars      map[string][]byte // other values by name
	stuck     bool              // a call did not return in time
	hung      bool              // nor when it was interrupted
	patience  time.Duration     // left for calm

	differences []Difference
}

type process struct {
	kernel.Process
	mu      sync.Mutex
	signals []int32
}

func (p *process) raised(sig netbsd.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signals = append(p.signals, int32(sig))
}

// takeSignals returns the signals that came since it was called last.
func (p *process) takeSignals() []int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.signals
	p.signals = nil
	return s
}

type thread struct {
	kernel.Thread
	proc  *process
	async *call // under way, its outcome not looked at yet
}

// A call is one system call.
type call struct {
	step   *Step
	args   *arguments
	cancel context.CancelFunc
	done   chan struct{}

	r0, r1 uintptr // valid when done is closed
	err    error
}

func (r *replayer) newThread(name string, p *process) error {
	t, err := p.NewThread(r.mem)
	if err == nil {
		r.threads[name] = &thread{Thread: t, proc: p}
	}
	return err
}

func (r *replayer) thread(name string) (*thread, error) {
	if name == "" {
		name = "main"
	}
	t := r.threads[name]
	if t == nil {
		return nil, fmt.Errorf("no thread %q", name)
	}
	return t, nil
}

func (r *replayer) differ(s *Step, format string, args ...any) {
	for _, d := range r.differences {
		if d.Step == s {
			return // the first is the one to look at
		}
	}
	r.differences = append(r.differences, Difference{s, fmt.Sprintf(format, args...)})
}

func (r *replayer) skip(steps []Step, why string) {
	for i := range steps {
		if !steps[i].pseudo() {
			r.differ(&steps[i], "not made: %s", why)
		}
	}
}

func (r *replayer) step(s *Step) error {
	switch s.Call {
	case "$settle":
		r.settle(time.Duration(s.MS) * time.Millisecond)
		return nil
	case "$lwp":
		return r.newThread(s.Name, r.threads["main"].proc)
	case "$proc":
		return r.fork(s)
	case "$exit":
		return r.exit(s.Name)
	case "$join":
		return r.join(s)
	}
	t, err := r.thread(s.LWP)
	if err != nil {
		return err
	}
	if t.async != nil {
		return errors.New("the thread has a call under way")
	}
	r.calm()
	c, err := r.start(t, s)
	if unbound := unboundError(""); errors.As(err, &unbound) {
		r.differ(s, "not made: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	if s.Async {
		t.async = c
		r.settle(blocked)
		select {
		case <-c.done:
			r.differ(s, "did not block: %s", outcome(c))
		default:
		}
		return nil
	}
	if r.wait(c, callLimit) {
		r.compare(c, s, t.proc.takeSignals())
		r.mem.remove(c.args.buffers)
	}
	return nil
}

func (r *replayer) fork(s *Step) error {
	how, ok := map[string]kernel.ForkHow{"copy": kernel.ForkCopy, "clean": kernel.ForkClean, "share": kernel.ForkShare}[s.FDs]
	if !ok {
		return fmt.Errorf("unknown way to fork %q", s.FDs)
	}
	p := new(process)
	var err error
	p.Process, err = r.threads["main"].proc.Fork(how, kernel.ProcessOptions{Name: s.Name, Signal: p.raised})
	if err != nil {
		return err
	}
	r.processes = append(r.processes, p)
	return r.newThread(s.Name, p)
}

func (r *replayer) exit(name string) error {
	t, err := r.thread(name)
	if err != nil {
		return err
	}
	t.Exit()
	delete(r.threads, name)
	for _, other := range r.threads {
		if other.proc == t.proc {
			return nil
		}
	}
	t.proc.Exit()
	r.processes = slices.DeleteFunc(r.processes, func(p *process) bool { return p == t.proc })
	return nil
}

// join waits for the call that a thread has under way. It was not made when it
// has arguments that nothing is known of.
func (r *replayer) join(s *Step) error {
	t, err := r.thread(s.LWP)
	if err != nil {
		return err
	}
	c := t.async
	if c == nil {
		return nil
	}
	t.async = nil
	if r.wait(c, joinLimit) {
		r.compare(c, s, t.proc.takeSignals())
		r.mem.remove(c.args.buffers)
	}
	return nil
}

// start makes a call in a goroutine of its own.
func (r *replayer) start(t *thread, s *Step) (*call, error) {
	args, err := r.arguments(s)
	if err != nil {
		r.mem.remove(args.buffers)
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{step: s, args: args, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		defer func() {
			if p := recover(); p != nil {
				c.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		c.r0, c.r1, c.err = t.Syscall(ctx, syscalls.Number(s.Num), args.words)
	}()
	return c, nil
}

// wait waits for a call to return. When it does not in time, it is interrupted,
// which ends the scenario.
func (r *replayer) wait(c *call, limit time.Duration) bool {
	defer c.cancel()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-c.done:
		return true
	case <-timeout.C:
	}
	r.stuck = true
	if c.interrupt() {
		r.differ(c.step, "did not return within %v, and then %s", limit, outcome(c))
	} else {
		r.hung = true
		r.differ(c.step, "did not return within %v, nor when it was interrupted", limit)
	}
	return false
}

// interrupt tells a call to return, and whether it has.
func (c *call) interrupt() bool {
	c.cancel()
	select {
	case <-c.done:
		return true
	case <-time.After(time.Second):
		return false
	}
}

// close interrupts what is still under way and ends the processes, which would
// wait for a call that hangs.
func (r *replayer) close() {
	if r.hung {
		return
	}
	for _, t := range r.threads {
		if t.async != nil && !t.async.interrupt() {
			return
		}
	}
	for _, p := range r.processes {
		p.Exit()
	}
}
