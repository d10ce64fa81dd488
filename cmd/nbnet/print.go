package main

import (
	"bytes"
	"io"
)

// prefixed returns a writer that puts "nbnet: NAME: " in front of each line.
func prefixed(w io.Writer, name string) io.Writer {
	return &prefixer{w: w, prefix: []byte("nbnet: " + name + ": "), begin: true}
}

type prefixer struct {
	w      io.Writer
	prefix []byte
	begin  bool // at the beginning of a line
}

func (p *prefixer) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		if p.begin {
			line = append(p.prefix[:len(p.prefix):len(p.prefix)], line...)
		}
		p.begin = line[len(line)-1] == '\n'
		if _, err := p.w.Write(line); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
