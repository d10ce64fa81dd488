package netstat

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// A protocol is one that has counters.
type protocol struct {
	name     string
	family   uint8
	variable string // of sysctl: an array of 64-bit numbers
	lines    []line
}

// A line shows counters, or as many as there are of one kind of thing.
type line struct {
	text  string
	key   string // what the counters are called in JSON, apart by spaces
	stats []int  // places in the array

	difference bool           // the first of stats less the others
	count      int            // of the things, whose counters begin at stats[0]
	names      map[int]string // of the things
}

// counters does -s.
func (e *env) counters(ctx context.Context) error {
	all := map[string]map[string]any{}
	b := new(bytes.Buffer)
	for _, p := range protocols {
		if e.proto != "" && p.name != e.proto || e.family != netbsd.AF_UNSPEC && p.family != e.family {
			continue
		}
		raw, err := e.Bytes(ctx, p.variable)
		if errors.Is(err, netbsd.ENOENT) {
			continue // a kernel without the protocol
		}
		if err != nil {
			return err
		}
		stats := make([]uint64, len(raw)/8)
		for i := range stats {
			stats[i] = binary.NativeEndian.Uint64(raw[i*8:])
		}
		values := map[string]any{}
		fmt.Fprintf(b, "%s:\n", p.name)
		for i := range p.lines {
			l := &p.lines[i]
			l.collect(values, stats)
			l.write(b, stats, e.set['s'] > 1)
		}
		all[p.name] = values
	}
	if e.json {
		return command.WriteJSON(e.out, all)
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

// at returns a counter: 0 for one that the kernel does not have.
func at(stats []uint64, i int) uint64 {
	if i >= len(stats) {
		return 0
	}
	return stats[i]
}

// values returns what the line shows.
func (l *line) values(stats []uint64) []uint64 {
	v := make([]uint64, len(l.stats))
	for i, s := range l.stats {
		v[i] = at(stats, s)
	}
	if l.difference {
		for _, less := range v[1:] {
			v[0] -= less
		}
		v = v[:1]
	}
	return v
}

// collect enters the counters of the line under their names.
func (l *line) collect(to map[string]any, stats []uint64) {
	if l.count > 0 {
		kinds := map[string]uint64{}
		for i := range l.count {
			if n := at(stats, l.stats[0]+i); n != 0 {
				kinds[l.kind(i)] = n
			}
		}
		to[l.key] = kinds
		return
	}
	values := l.values(stats)
	for i, key := range strings.Fields(l.key) {
		to[key] = values[i]
	}
}

func (l *line) kind(i int) string {
	if n, ok := l.names[i]; ok {
		return n
	}
	return "#" + strconv.Itoa(i)
}

// write writes the line, unless that is to be done only when something was
// counted.
func (l *line) write(b *bytes.Buffer, stats []uint64, counted bool) {
	if l.count > 0 {
		l.histogram(b, stats)
		return
	}
	values := l.values(stats)
	something := false
	for _, v := range values {
		something = something || v != 0
	}
	if counted && !something {
		return
	}
	var n uint64
	for _, c := range l.text {
		switch c {
		case '#':
			n, values = values[0], values[1:]
			b.WriteString(strconv.FormatUint(n, 10))
		case '~':
			b.WriteString(ending(n, "", "s"))
		case '^':
			b.WriteString(ending(n, "", "es"))
		case '%':
			b.WriteString(ending(n, "y", "ies"))
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('\n')
}

func ending(n uint64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// histogram writes how many there were of each kind, if there were any.
func (l *line) histogram(b *bytes.Buffer, stats []uint64) {
	first := true
	for i := range l.count {
		n := at(stats, l.stats[0]+i)
		if n == 0 {
			continue
		}
		if first {
			fmt.Fprintf(b, "\t%s\n", l.text)
			first = false
		}
		fmt.Fprintf(b, "\t\t%s: %d\n", l.kind(i), n)
	}
}
