package fs

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// CopyIn copies files of this machine into the volume: each into the directory
// to, or one to the file to. "-" is stdin.
func CopyIn(v WriteVolume, files []string, to string, o CopyOptions, stdin io.Reader, p *Problems) error {
	c := &inCopier{v: v, o: o, problems: p}
	st, err := v.Stat(to, true)
	into := err == nil && st.Mode&netbsd.S_IFMT == netbsd.S_IFDIR
	if len(files) > 1 && !into {
		return command.Usage("", "%s: it is to take several files, and is no directory", Visible(to))
	}
	for _, f := range files {
		dest := to
		if into && f == "-" {
			return command.Usage("give the file's name, too", "%s: it is a directory", Visible(to))
		}
		if into {
			abs, err := filepath.Abs(f)
			if err != nil {
				return onHost(f, err)
			}
			dest = join(to, filepath.Base(abs))
		}
		if f == "-" {
			err = c.stream(stdin, standardInput, dest)
		} else {
			err = c.copy(f, dest, true)
		}
		if err := p.tell(err); err != nil {
			return err
		}
	}
	return p.result()
}

// An inCopier copies files of this machine.
type inCopier struct {
	v        WriteVolume
	o        CopyOptions
	problems *Problems
}

// copy copies a file, or a directory and what is in it. top tells that somebody has
// asked for it by name.
func (c *inCopier) copy(from, to string, top bool) error {
	look := os.Stat
	if c.o.Recursive {
		look = os.Lstat
	}
	st, err := look(from)
	if err != nil {
		return onHost(from, err)
	}
	switch kind := st.Mode().Type(); {
	case kind == 0:
		return c.file(from, to, st)
	case kind == os.ModeDir && c.o.Recursive:
		return c.directory(from, to, st)
	case kind == os.ModeDir:
		return onHost(from, kindError("it is a directory; -R copies those"))
	case kind == os.ModeSymlink:
		target, err := os.Readlink(from)
		if err != nil {
			return onHost(from, err)
		}
		return inImage(to, c.v.Symlink(target, to))
	case top && !c.o.Recursive:
		// A pipe, as of the shell's <(...), or a terminal.
		f, err := os.Open(from)
		if err != nil {
			return onHost(from, err)
		}
		defer f.Close()
		return c.stream(f, from, to)
	}
	return onHost(from, kindError("not copied: it is no regular file"))
}

// stream writes what is read from a file of this machine to one in the image.
func (c *inCopier) stream(from io.Reader, path, to string) error {
	s, err := c.v.Create(to, 0o644)
	if err != nil {
		return inImage(to, err)
	}
	n := &counter{Reader: from, path: path}
	err = copyZeros(s, n, 0, make([]byte, chunk))
	if err == nil {
		err = s.Truncate(n.n)
	}
	return inImage(to, errors.Join(err, s.Close()))
}

// counter counts what is read from a file of this machine.
type counter struct {
	io.Reader
	path string
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, onHost(c.path, err)
}

func (c *inCopier) file(from, to string, st os.FileInfo) error {
	f, err := os.Open(from)
	if err != nil {
		return onHost(from, err)
	}
	defer f.Close()
	mode := uint32(st.Mode() & permissions)
	s, err := c.v.Create(to, mode)
	if err != nil {
		return inImage(to, err)
	}
	err = copySparse(s, hostFile{f, from}, st.Size())
	if err == nil && c.o.Preserve {
		err = s.Preserve(mode, portable.Timespec{Sec: st.ModTime().Unix(), Nsec: int64(st.ModTime().Nanosecond())})
	}
	return inImage(to, errors.Join(err, s.Close()))
}

// hostFile is a file of this machine that is read, and may know where its holes are.
type hostFile struct {
	f    *os.File
	path string
}

func (f hostFile) Read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	return n, onHost(f.path, err)
}

func (f hostFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(p, off)
	return n, onHost(f.path, err)
}

// NextData returns the next range that is not a hole: where nothing is known of
// holes, all of the file.
func (f hostFile) NextData(off int64) (start, end int64, err error) {
	start, end, err = nextData(f.f, off)
	if err == nil || errors.Is(err, io.EOF) {
		return start, end, err
	}
	end, err = f.f.Seek(0, io.SeekEnd)
	if err == nil && off >= end {
		err = io.EOF
	}
	return off, end, onHost(f.path, err)
}

func (c *inCopier) directory(from, to string, st os.FileInfo) error {
	if err := c.v.Mkdir(to, uint32(st.Mode()&permissions)); err != nil && !errors.Is(err, netbsd.EEXIST) {
		return inImage(to, err)
	}
	entries, err := os.ReadDir(from) // those in front of an error, too
	if err := c.problems.tell(onHost(from, err)); err != nil {
		return err
	}
	for _, e := range entries {
		if err := c.problems.tell(c.copy(filepath.Join(from, e.Name()), join(to, e.Name()), false)); err != nil {
			return err
		}
	}
	return nil
}
