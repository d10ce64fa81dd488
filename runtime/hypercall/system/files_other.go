//go:build !linux

package system

import (
	"errors"
	"io"

	"github.com/abigen/abigen/runtime/hypercall"
)

// transfer reads or writes buffer by buffer.
func (f file) transfer(write bool, bufs [][]byte, off int64) (n int, err error) {
	for _, b := range bufs {
		var m int
		switch {
		case write && off == hypercall.Current:
			m, err = f.Write(b)
		case write:
			m, err = f.WriteAt(b, off+int64(n))
		case off == hypercall.Current:
			m, err = f.Read(b)
		default:
			m, err = f.ReadAt(b, off+int64(n))
		}
		n += m
		if err != nil || m < len(b) {
			break
		}
	}
	if n > 0 || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
