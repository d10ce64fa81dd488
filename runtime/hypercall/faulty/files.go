package faulty

import "github.com/abigen/abigen/runtime/hypercall"

type files struct {
	hypercall.Files
	*faults
}

func (f files) Open(name string, mode hypercall.OpenMode) (hypercall.File, error) {
	if err := f.do(Op{"files", "open", name}); err != nil {
		return nil, err
	}
	inner, err := f.Files.Open(name, mode)
	if err != nil {
		return nil, err
	}
	return file{inner, f.faults, name}, nil
}

func (f files) Stat(name string) (hypercall.FileInfo, error) {
	if err := f.do(Op{"files", "stat", name}); err != nil {
		return hypercall.FileInfo{}, err
	}
	return f.Files.Stat(name)
}

type file struct {
	hypercall.File
	*faults
	name string
}

func (f file) Readv(bufs [][]byte, off int64) (int, error) {
	n, err := f.begin(Op{"files", "read", f.name}, total(bufs))
	if err != nil {
		return 0, err
	}
	return f.File.Readv(first(bufs, n), off)
}

func (f file) Writev(bufs [][]byte, off int64) (int, error) {
	n, err := f.begin(Op{"files", "write", f.name}, total(bufs))
	if err != nil {
		return 0, err
	}
	return f.File.Writev(first(bufs, n), off)
}

func (f file) Sync(off, n int64) error {
	if err := f.do(Op{"files", "sync", f.name}); err != nil {
		return err
	}
	return f.File.Sync(off, n)
}

// Close closes the file in any case, as close(2) does.
func (f file) Close() error {
	err := f.do(Op{"files", "close", f.name})
	if e := f.File.Close(); err == nil {
		err = e
	}
	return err
}

func total(bufs [][]byte) (n int) {
	for _, b := range bufs {
		n += len(b)
	}
	return n
}

// first returns the first n bytes of bufs.
func first(bufs [][]byte, n int) (list [][]byte) {
	for _, b := range bufs {
		b = b[:min(len(b), n)]
		if n -= len(b); len(b) > 0 {
			list = append(list, b)
		}
	}
	return list
}
