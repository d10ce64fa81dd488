package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// A Scenario is a list of steps that begins on a kernel that has just booted.
type Scenario struct {
	Name  string
	Area  string   // the folder: "A" to "I"
	Needs []string // what the kernel must have: "inet", "local", ...
	Setup string   // what it is about
	Steps []Step

	// Pauses is how many times as long as recorded Replay waits where the
	// recording did; 0 is 1. A kernel whose threads are the host's may need more.
	Pauses int `json:"-"`

	// Uptime is what the kernel's clock shows, by which the pauses are measured;
	// nil is the machine's.
	Uptime func() time.Duration `json:"-"`
}

// A Step is a system call with what is expected of it, or one of the pseudo
// calls, whose names begin with "$".
type Step struct {
	Line int `json:"-"` // in the file, from 1

	Call  string
	Num   int32
	Args  []Arg
	In    map[string]Content // the buffers before the call, by key
	LWP   string             // the thread; "" stands for main
	Async bool               // the call blocks; the $join of the thread has its outcome

	Errno   int32
	Ret     []Register
	Out     map[string]Result
	Mask    map[string][][2]int // offset and length of what is not compared, by the key of Out
	Accept  []int32             // other errnos that are as good
	Signals []int32

	Text  string // the call in readable form
	Note  string
	Quirk string // not empty: what the real kernel did looks like a bug, and any answer is right

	Name string // $lwp, $proc, $exit
	FDs  string // $proc: "copy", "clean", "share"
	MS   int    // $settle
}

// pseudo tells that the step is no system call of its own.
func (s *Step) pseudo() bool { return strings.HasPrefix(s.Call, "$") }

// Calls returns how many system calls the scenario makes.
func (sc *Scenario) Calls() int {
	n := 0
	for i := range sc.Steps {
		if !sc.Steps[i].pseudo() {
			n++
		}
	}
	return n
}

// Read parses the file of a scenario.
func Read(file string) (*Scenario, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sc, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return sc, nil
}

// Parse parses the text of a scenario.
func Parse(text []byte) (*Scenario, error) {
	var file struct {
		Scenario
		Steps json.RawMessage
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	sc := file.Scenario
	start := bytes.Index(text, file.Steps)
	dec := json.NewDecoder(bytes.NewReader(file.Steps))
	if _, err := dec.Token(); err != nil { // the bracket
		return nil, fmt.Errorf("steps: %w", err)
	}
	for dec.More() {
		var s Step
		err := dec.Decode(&s)
		s.Line = 1 + bytes.Count(text[:start+int(dec.InputOffset())], []byte("\n"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", s.Line, err)
		}
		sc.Steps = append(sc.Steps, s)
	}
	return &sc, nil
}

// An Arg is an argument of a system call: a number, a descriptor, or a pointer
// to something.
type Arg struct {
	Word    uint64         // when nothing below is set
	FD      string         // the name of a descriptor
	Ptr     *int           // a buffer of so many bytes
	Sub     map[string]int // sizes of further buffers that the first one points to
	Iov     []Vector       // not nil: an array of struct iovec
	Msghdr  *Msghdr
	Mmsghdr []Msghdr
	FDSet   []string // not nil: 32 bytes with a bit for each of these descriptors
	NFDs    []string // the largest of these descriptors plus one
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Arg) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		type plain Arg
		return json.Unmarshal(text, (*plain)(a))
	}
	var err error
	a.Word, err = word(text)
	return err
}

// word reads a number of up to 64 bits, with or without a sign; null is 0.
func word(text []byte) (uint64, error) {
	var signed int64
	if json.Unmarshal(text, &signed) == nil {
		return uint64(signed), nil
	}
	var unsigned uint64
	err := json.Unmarshal(text, &unsigned)
	return unsigned, err
}

// A Msghdr describes a struct msghdr, or an element of an array of struct
// mmsghdr.
type Msghdr struct {
	Name       *int // the size of the buffer; nil: a NULL pointer
	Namelen    int64
	Iov        []Vector // nil: a NULL pointer
	Iovlen     *int64   // nil: as many as Iov has
	Control    *int
	Controllen int64
	Flags      int64
}

// A Vector describes a struct iovec.
type Vector struct {
	Size *int // of the buffer; nil: a NULL pointer
	Len  uint64
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Vector) UnmarshalJSON(text []byte) error {
	var pair [2]json.RawMessage
	switch {
	case string(text) == "null":
		return nil
	case text[0] != '[':
		pair = [2]json.RawMessage{text, text}
	default:
		if err := json.Unmarshal(text, &pair); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(pair[0], &v.Size); err != nil {
		return err
	}
	var err error
	v.Len, err = word(pair[1])
	return err
}
