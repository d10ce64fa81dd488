package system

import (
	"io"
	"io/fs"
	"os"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// files are those of this machine; names are paths.
type files struct{}

func fileError(op string, err error) error { return hypercall.NewError(op, "files", err) }

func (files) Open(name string, mode hypercall.OpenMode) (hypercall.File, error) {
	var flag int
	switch mode & hypercall.OpenAccessMode {
	case hypercall.OpenRead:
		flag = os.O_RDONLY
	case hypercall.OpenWrite:
		flag = os.O_WRONLY
	case hypercall.OpenReadWrite:
		flag = os.O_RDWR
	default:
		return nil, &hypercall.OpError{Op: "open", Driver: "files", Err: netbsd.EINVAL}
	}
	if mode&hypercall.OpenCreate != 0 {
		flag |= os.O_CREATE
		if mode&hypercall.OpenExclusive != 0 {
			flag |= os.O_EXCL
		}
	}
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, fileError("open", err)
	}
	return file{f}, nil
}

func (files) Stat(name string) (hypercall.FileInfo, error) {
	st, err := os.Stat(name)
	if err != nil {
		return hypercall.FileInfo{}, fileError("stat", err)
	}
	info := hypercall.FileInfo{Type: fileType(st.Mode())}
	switch info.Type {
	case hypercall.FileRegular:
		info.Size = st.Size()
	case hypercall.FileBlock:
		info.Size, err = deviceSize(name)
	}
	return info, fileError("stat", err)
}

func fileType(mode fs.FileMode) hypercall.FileType {
	switch {
	case mode.IsRegular():
		return hypercall.FileRegular
	case mode.IsDir():
		return hypercall.FileDirectory
	case mode&fs.ModeCharDevice != 0:
		return hypercall.FileCharacter
	case mode&fs.ModeDevice != 0:
		return hypercall.FileBlock
	}
	return hypercall.FileOther
}

// deviceSize returns where a block device ends.
func deviceSize(name string) (size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	size, err = f.Seek(0, io.SeekEnd)
	if e := f.Close(); err == nil {
		err = e
	}
	return size, err
}

// A file is an open file of this machine.
type file struct{ *os.File }

// maxBufs is how many buffers one call takes (IOV_MAX).
const maxBufs = 1024

func (f file) Readv(bufs [][]byte, off int64) (int, error) {
	if off < hypercall.Current {
		return 0, fileError("read", netbsd.EINVAL)
	}
	n, err := f.transfer(false, bufs[:min(len(bufs), maxBufs)], off)
	return n, fileError("read", err)
}

func (f file) Writev(bufs [][]byte, off int64) (int, error) {
	if off < hypercall.Current {
		return 0, fileError("write", netbsd.EINVAL)
	}
	n, err := f.transfer(true, bufs[:min(len(bufs), maxBufs)], off)
	return n, fileError("write", err)
}

// Sync makes the whole file durable: there is nothing smaller everywhere.
func (f file) Sync(off, n int64) error {
	if off < 0 || n < 0 {
		return fileError("sync", netbsd.EINVAL)
	}
	return fileError("sync", f.File.Sync())
}

func (f file) Close() error { return fileError("close", f.File.Close()) }
