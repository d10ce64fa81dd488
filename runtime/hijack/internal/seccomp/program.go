//go:build linux && (amd64 || arm64)

package seccomp

import (
	"golang.org/x/sys/unix"
)

// A Rule says what becomes of a system call.
type Rule struct {
	Number uintptr
	Action Action

	// When are tests of arguments: the action is that of the first that
	// holds, else Action.
	When []Test
}

// A Test is one of an argument, of whose low 32 bits those of Mask count. Wide
// tests look at all 64 bits, for zero alone.
type Test struct {
	Arg    int
	Wide   bool
	Mask   uint32 // 0: all
	Equal  uint32
	Not    bool // holds when it is not equal
	Action Action
}

// An Action is what the filter returns.
type Action uint32

// The actions.
const (
	Allow  Action = unix.SECCOMP_RET_ALLOW
	Notify Action = unix.SECCOMP_RET_USER_NOTIF
)

// Fail makes the call fail.
func Fail(e unix.Errno) Action {
	return Action(unix.SECCOMP_RET_ERRNO | uint32(e)&unix.SECCOMP_RET_DATA)
}

// Where the members of struct seccomp_data are.
const (
	numberAt = 0
	archAt   = 4
	argsAt   = 16
)

// Program makes a filter for a machine. Calls without a rule are allowed. Those of the
// machine's other instruction set, 32 bits wide, are not translated: they have
// no sockets and no io_uring, whose calls fail with ENOSYS.
func (m Machine) Program(rules []Rule) []unix.SockFilter {
	var p program
	p.load(archAt)
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 1, 0, m.arch)
	skip := p.jump()
	p.load(numberAt)
	if m.foreign != 0 {
		p.add(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, 0, 1, m.foreign)
		p.ret(Fail(unix.ENOSYS))
	}
	for _, r := range rules {
		p.rule(r)
	}
	p.ret(Allow)
	p.land(skip)
	p.load(numberAt)
	for _, n := range m.sockets {
		p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 0, 1, n)
		p.ret(Fail(unix.ENOSYS))
	}
	p.ret(Allow)
	return p
}

type program []unix.SockFilter

func (p *program) add(code uint16, jt, jf uint8, k uint32) {
	*p = append(*p, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
}

func (p *program) load(at uint32) { p.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0, 0, at) }
func (p *program) ret(a Action)   { p.add(unix.BPF_RET|unix.BPF_K, 0, 0, uint32(a)) }

// jump adds a jump forward, and returns where it is, for land.
func (p *program) jump() int {
	p.add(unix.BPF_JMP|unix.BPF_JA, 0, 0, 0)
	return len(*p) - 1
}

func (p *program) land(jump int) { (*p)[jump].K = uint32(len(*p) - jump - 1) }

// rule adds a rule. The number of the call is in the accumulator before it and
// behind it.
func (p *program) rule(r Rule) {
	var body program
	for _, t := range r.When {
		body.test(t)
	}
	body.ret(r.Action)
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 0, uint8(len(body)), uint32(r.Number))
	*p = append(*p, body...)
}

func (p *program) test(t Test) {
	low := uint32(argsAt + 8*t.Arg)
	hit, miss := uint8(0), uint8(1)
	if t.Not {
		hit, miss = 1, 0
	}
	if t.Wide {
		// low | high, for zero
		p.load(low + 4)
		p.add(unix.BPF_MISC|unix.BPF_TAX, 0, 0, 0)
		p.load(low)
		p.add(unix.BPF_ALU|unix.BPF_OR|unix.BPF_X, 0, 0, 0)
	} else {
		p.load(low)
	}
	if t.Mask != 0 {
		p.add(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 0, 0, t.Mask)
	}
	p.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, hit, miss, t.Equal)
	p.ret(t.Action)
}
