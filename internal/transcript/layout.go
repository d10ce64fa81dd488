package transcript

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Segment is memory that a pointer of a call leads to.
type Segment struct {
	Addr  abi.Addr
	Bytes []byte
}

// Layout returns the arguments of a step, and the memory before the call, as
// Replay would lay it out: the segment number n, from 1, is at n << 24. fds has
// the numbers of descriptors; those of other names are 255, and what else has a
// name is 0.
func (s *Step) Layout(fds map[string]int) (syscalls.Args, []Segment, error) {
	r := &replayer{mem: newMemory(), fds: map[string]uint64{}, vars: map[string][]byte{}}
	s.names(func(fd string) {
		r.fds[fd] = 255
		if n, ok := fds[fd]; ok {
			r.fds[fd] = uint64(n)
		}
	}, func(name string) { r.vars[name] = nil })
	a, err := r.arguments(s)
	if err != nil {
		return syscalls.Args{}, nil, err
	}
	segments := make([]Segment, len(a.buffers))
	for i, b := range a.buffers {
		segments[i] = Segment{b.addr, b.bytes}
	}
	return a.words, segments, nil
}

// names calls fd and other with the names in the input of a step.
func (s *Step) names(fd, other func(string)) {
	for i := range s.Args {
		a := &s.Args[i]
		for _, name := range append(append([]string{a.FD}, a.FDSet...), a.NFDs...) {
			fd(name)
		}
	}
	for _, c := range s.In {
		for i := range c {
			fd(c[i].FD)
			other(c[i].Var)
		}
	}
}
