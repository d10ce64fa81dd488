package sysctl

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// A variable is what --json says of one.
type variable struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Writable    bool   `json:"writable"`
	Value       any    `json:"value,omitempty"` // a struct is its bytes in hexadecimal
	Description string `json:"description,omitempty"`
}

var typeNames = map[uint32]string{
	netbsd.CTLTYPE_NODE: "node", netbsd.CTLTYPE_INT: "int", netbsd.CTLTYPE_STRING: "string", netbsd.CTLTYPE_QUAD: "quad",
	netbsd.CTLTYPE_STRUCT: "struct", netbsd.CTLTYPE_BOOL: "bool",
}

// show writes a variable. Those that cannot be shown are passed over, unless
// they were asked for by name.
func (e *env) show(ctx context.Context, n node, named bool) error {
	if e.set['d'] || e.set['M'] {
		return e.about(ctx, n)
	}
	b, err := e.Value(ctx, n.mib...)
	switch {
	case err != nil && named:
		return fmt.Errorf("%s: %w", n.name, err)
	case err != nil:
		return nil // such as a list of what there is none of
	case e.set['r']:
		_, err := e.out.Write(b)
		return err
	case e.json:
		e.list = append(e.list, variable{Name: n.name, Type: typeNames[n.Type], Writable: n.Writable, Value: jsonValue(n, b)})
		return nil
	}
	text, ok := e.text(n, b)
	switch {
	case !ok && !named:
		return nil
	case !ok && strings.HasSuffix(n.name, ".stats"):
		text = "Use 'netstat -s' to view this information"
	case !ok:
		text = "Unknown data, use -x to view it"
	}
	return e.write(n, text)
}

func (e *env) write(n node, text string) (err error) {
	switch {
	case e.set['n']:
		_, err = fmt.Fprintln(e.out, text)
	case e.set['e']:
		_, err = fmt.Fprintf(e.out, "%s=%s\n", n.name, text)
	default:
		_, err = fmt.Fprintf(e.out, "%s = %s\n", n.name, text)
	}
	return err
}

// about writes the description or the numbers of a variable.
func (e *env) about(ctx context.Context, n node) (err error) {
	text, _ := e.Description(ctx, n.mib...)
	switch {
	case e.json:
		e.list = append(e.list, variable{Name: n.name, Type: typeNames[n.Type], Writable: n.Writable, Description: text})
	case e.set['M']:
		numbers := make([]string, len(n.mib))
		for i, m := range n.mib {
			numbers[i] = strconv.Itoa(int(m))
		}
		_, err = fmt.Fprintf(e.out, "%s: %s\n", n.name, strings.Join(numbers, "."))
	case text == "":
		_, err = fmt.Fprintf(e.out, "%s: (no description)\n", n.name)
	default:
		_, err = fmt.Fprintf(e.out, "%s: %s\n", n.name, text)
	}
	return err
}

// integer returns the value of an integer variable.
func integer(n node, b []byte) (v int64, ok bool) {
	switch {
	case n.Type == netbsd.CTLTYPE_BOOL && len(b) == 1:
		return int64(b[0]), true
	case n.Type == netbsd.CTLTYPE_INT && len(b) == 4 && n.Unsigned:
		return int64(binary.NativeEndian.Uint32(b)), true
	case n.Type == netbsd.CTLTYPE_INT && len(b) == 4:
		return int64(int32(binary.NativeEndian.Uint32(b))), true
	case n.Type == netbsd.CTLTYPE_QUAD && len(b) == 8:
		return int64(binary.NativeEndian.Uint64(b)), true
	}
	return 0, false
}

// text returns a value as it is shown, and whether it can be.
func (e *env) text(n node, b []byte) (string, bool) {
	if v, ok := integer(n, b); ok {
		switch {
		case e.set['x'] || n.Hex:
			return fmt.Sprintf("%#x", uint64(v)&(1<<(8*len(b)-1)<<1-1)), true
		case n.Type == netbsd.CTLTYPE_QUAD:
			return strconv.FormatUint(uint64(v), 10), true
		}
		return strconv.FormatInt(v, 10), true
	}
	switch {
	case n.Type == netbsd.CTLTYPE_STRING:
		return string(b[:abi.StringLen(b)]), true
	case e.set['x']:
		return hexdump(b), true
	}
	return structText(n.name, b)
}

// structText returns the structs that have a form to be shown in.
func structText(name string, b []byte) (string, bool) {
	switch {
	case name == "kern.boottime" && len(b) == netbsd.SizeofTimeval:
		var tv netbsd.Timeval
		copy(abi.AsBytes(&tv), b)
		return time.Unix(int64(tv.Sec), 0).UTC().Format("Mon Jan _2 15:04:05 2006"), true
	case name == "kern.clockrate" && len(b) == netbsd.SizeofClockinfo:
		var c netbsd.Clockinfo
		copy(abi.AsBytes(&c), b)
		return fmt.Sprintf("tick = %d, tickadj = %d, hz = %d, profhz = %d, stathz = %d", c.Tick, c.Tickadj, c.Hz, c.Profhz, c.Stathz), true
	}
	return "", false
}

// hexdump returns bytes as words of four.
func hexdump(b []byte) string {
	var words []string
	for len(b) > 0 {
		n := min(4, len(b))
		words = append(words, hex.EncodeToString(b[:n]))
		b = b[n:]
	}
	return strings.Join(words, " ")
}

func jsonValue(n node, b []byte) any {
	if v, ok := integer(n, b); ok {
		if n.Type == netbsd.CTLTYPE_BOOL {
			return v != 0
		}
		if n.Type == netbsd.CTLTYPE_QUAD {
			return uint64(v)
		}
		return v
	}
	if n.Type == netbsd.CTLTYPE_STRING {
		return string(b[:abi.StringLen(b)])
	}
	return hex.EncodeToString(b)
}

// change sets a variable, and says what it was.
func (e *env) change(ctx context.Context, n node, text string) error {
	if n.Type == netbsd.CTLTYPE_NODE {
		return command.Usage("name one of the variables in it", "%s: is a node", n.name)
	}
	v, err := encode(n, text)
	if err != nil {
		return err
	}
	old, err := e.Value(ctx, n.mib...)
	if err == nil {
		err = e.SetValue(ctx, v, n.mib...)
	}
	if err != nil {
		err = fmt.Errorf("%s: sysctl() failed with %w", n.name, err)
		if !n.Writable {
			err = command.Hint(err, "it cannot be set")
		}
		return err
	}
	now, err := e.Value(ctx, n.mib...)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", n.name, err)
	case e.json:
		e.list = append(e.list, variable{Name: n.name, Type: typeNames[n.Type], Writable: n.Writable, Value: jsonValue(n, now)})
		return nil
	case e.set['q']:
		return nil
	}
	was, _ := e.text(n, old)
	is, _ := e.text(n, now)
	if e.set['n'] {
		_, err = fmt.Fprintln(e.out, is)
	} else {
		_, err = fmt.Fprintf(e.out, "%s: %s -> %s\n", n.name, was, is)
	}
	return err
}

// encode returns a value as the kernel wants it.
func encode(n node, text string) ([]byte, error) {
	size := map[uint32]int{netbsd.CTLTYPE_BOOL: 8, netbsd.CTLTYPE_INT: 32, netbsd.CTLTYPE_QUAD: 64}[n.Type]
	switch {
	case n.Type == netbsd.CTLTYPE_STRING:
		return append([]byte(text), 0), nil
	case size == 0:
		return nil, command.Usage("only integers and strings can", "%s: a struct cannot be set", n.name)
	}
	v, err := strconv.ParseInt(text, 0, 64)
	if err != nil && size == 64 {
		var u uint64
		u, err = strconv.ParseUint(text, 0, 64)
		v = int64(u)
	}
	switch {
	case err != nil:
		return nil, command.Usage("write a whole number", "%s: '%s' is not a valid integer", n.name, text)
	case size == 8 && v != 0 && v != 1:
		return nil, command.Usage("write 0 or 1", "%s: '%s' is not a truth value", n.name, text)
	case size == 32 && int64(int32(v)) != v && int64(uint32(v)) != v:
		return nil, command.Usage("it has 32 bits", "%s: %s is out of range", n.name, text)
	}
	switch size {
	case 8:
		return []byte{byte(v)}, nil
	case 32:
		return binary.NativeEndian.AppendUint32(nil, uint32(v)), nil
	}
	return binary.NativeEndian.AppendUint64(nil, uint64(v)), nil
}
