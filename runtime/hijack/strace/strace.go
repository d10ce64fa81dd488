package strace

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/abigen/abigen/linux"
)

// A Memory is that of a program.
type Memory interface {
	// Read fills p with what is at the address, all of it, or fails.
	Read(p []byte, addr uint64) error
}

// A Call is one that a program has made.
type Call struct {
	PID    uint32 // of the thread
	Name   string // such as "connect"
	Args   [6]uint64
	Result int64       // when Errno is 0
	Errno  linux.Errno // 0: none
	Took   time.Duration
	Note   string // what else is to be said

	// Memory is where arguments lead, as the program waits for the call. Nil:
	// they are shown as numbers.
	Memory Memory
}

// Text returns the line that strace(1) would write, without its end.
func (c *Call) Text() string {
	s := fmt.Sprintf("[pid %d] %s(%s) = %s <%.6f>", c.PID, c.Name, strings.Join(c.arguments(), ", "), c.result(), c.Took.Seconds())
	if c.Note != "" {
		s += " # " + c.Note
	}
	return s
}

func (c *Call) result() string {
	if c.Errno != 0 {
		return "-1 " + c.Errno.Name() + " (" + c.Errno.Error() + ")"
	}
	return fmt.Sprint(c.Result)
}

// MarshalJSON returns an object with the name, the arguments as Text has them, the
// result or the name of the error, the time in seconds, and the note.
func (c *Call) MarshalJSON() ([]byte, error) {
	o := struct {
		PID     uint32   `json:"pid"`
		Call    string   `json:"call"`
		Args    []string `json:"args"`
		Result  *int64   `json:"result,omitempty"`
		Error   string   `json:"error,omitempty"`
		Seconds float64  `json:"seconds"`
		Note    string   `json:"note,omitempty"`
	}{PID: c.PID, Call: c.Name, Args: c.arguments(), Seconds: c.Took.Seconds(), Note: c.Note}
	if c.Errno != 0 {
		o.Error = c.Errno.Name()
	} else {
		o.Result = &c.Result
	}
	return json.Marshal(o)
}

// arguments returns the arguments as they are shown.
func (c *Call) arguments() []string {
	shown := calls[c.Name]
	if shown == nil {
		shown = []kind{number, pointer, pointer, pointer, pointer, pointer}
	}
	list := make([]string, len(shown))
	for i, show := range shown {
		list[i] = show(c, i)
	}
	return list
}

// A kind shows an argument.
type kind func(c *Call, i int) string

// calls are those that are known, by what their arguments are.
var calls = map[string][]kind{
	"socket":      {family, socketType, protocol},
	"socketpair":  {family, socketType, protocol, pointer},
	"bind":        {number, address(2), number},
	"connect":     {number, address(2), number},
	"listen":      {number, number},
	"accept":      {number, returned(addressAt(2)), pointed},
	"accept4":     {number, returned(addressAt(2)), pointed, socketFlags},
	"shutdown":    {number, how},
	"getsockname": {number, returned(addressAt(2)), pointed},
	"getpeername": {number, returned(addressAt(2)), pointed},
	"setsockopt":  {number, level, option, value(4), number},
	"getsockopt":  {number, level, option, returned(valueAt(4)), pointed},
	"sendto":      {number, data, number, messageFlags, address(5), number},
	"recvfrom":    {number, returned(got), number, messageFlags, returned(addressAt(5)), pointed},
	"sendmsg":     {number, message, messageFlags},
	"recvmsg":     {number, returned(message), messageFlags},
	"sendmmsg":    {number, pointer, number, messageFlags},
	"recvmmsg":    {number, pointer, number, messageFlags, pointer},
	"ioctl":       {number, request, pointer},
	"open":        {path, hex},
	"openat":      {number, path, hex},
}
