package main

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unsafe"
)

// A leaf is one member that holds a value and no further members.
type leaf struct {
	name   string // path of Go names; empty for padding
	offset uintptr
	bytes  []byte
}

// leaves lists the members of the struct that v points to, in memory order.
func leaves(v any) []leaf {
	p := reflect.ValueOf(v).Elem()
	memory := unsafe.Slice((*byte)(p.Addr().UnsafePointer()), p.Type().Size())
	var list []leaf
	var walk func(t reflect.Type, path string, base uintptr)
	walk = func(t reflect.Type, path string, base uintptr) {
		if t.Kind() == reflect.Struct {
			for i := range t.NumField() {
				f := t.Field(i)
				if f.Type.Size() > 0 {
					name := f.Name
					if name == "_" {
						name = ""
					}
					walk(f.Type, strings.Trim(path+"."+name, "."), base+f.Offset)
					if name == "" {
						list[len(list)-1].name = ""
					}
				}
			}
			return
		}
		list = append(list, leaf{strings.TrimSuffix(path, ".data"), base, memory[base : base+t.Size()]})
	}
	walk(p.Type(), "", 0)
	return list
}

// perLine is how many bytes stand in a line.
const perLine = 8

// lines spells a leaf for one half of the page: its bytes, with its name
// beside the first of them. Zeros that fill the rest of it are counted.
func (l leaf) lines() []string {
	name := l.name
	if name == "" {
		name = "(padding)"
	}
	var out []string
	for at := 0; at < len(l.bytes); at += perLine {
		rest := l.bytes[at:]
		if at > 0 && len(bytes.Trim(rest, "\x00")) == 0 {
			return append(out, fmt.Sprintf("     and %d zeros", len(rest)))
		}
		out = append(out, fmt.Sprintf("%3d  % -*x %s", int(l.offset)+at, 3*perLine, rest[:min(perLine, len(rest))], name))
		name = ""
	}
	return out
}

// show prints the two forms of a struct side by side, in the order of the
// right one. Members of equal names share a line; what only one system has
// stands alone.
func show(w io.Writer, what string, linux, netbsd any) {
	left, right := leaves(linux), leaves(netbsd)
	fmt.Fprintf(w, "\n%s\n", what)
	row(w, fmt.Sprintf("Linux, %d bytes", reflect.TypeOf(linux).Elem().Size()), fmt.Sprintf("NetBSD, %d bytes", reflect.TypeOf(netbsd).Elem().Size()))
	partner := map[string]int{}
	for i, l := range left {
		partner[l.name] = i
	}
	both := map[string]bool{}
	for _, r := range right {
		_, ok := partner[r.name]
		both[r.name] = ok && r.name != ""
	}
	next := 0 // of left, not yet looked at by leftOnly
	leftOnly := func(until int) {
		for ; next < until; next++ {
			if !both[left[next].name] {
				rows(w, left[next].lines(), nil)
			}
		}
	}
	for _, r := range right {
		if !both[r.name] {
			rows(w, nil, r.lines())
			continue
		}
		i := partner[r.name]
		leftOnly(i)
		rows(w, left[i].lines(), r.lines())
	}
	leftOnly(len(left))
}

// rows prints two columns of lines, the shorter one filled up.
func rows(w io.Writer, left, right []string) {
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		row(w, l, r)
	}
}

func row(w io.Writer, left, right string) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-46s | %s", left, right), " "))
}

// back prints whether the way there and back gave the same bytes, and where
// it did not.
func back[T any](w io.Writer, before, after *T) {
	a, b := leaves(before), leaves(after)
	var lost []string
	for i := range a {
		if a[i].name != "" && !bytes.Equal(a[i].bytes, b[i].bytes) {
			lost = append(lost, fmt.Sprintf("%s was % x, is % x", a[i].name, a[i].bytes, b[i].bytes))
		}
	}
	if len(lost) == 0 {
		fmt.Fprintln(w, "  and back: the same")
		return
	}
	fmt.Fprintln(w, "  and back, but:", strings.Join(lost, "; "))
}
